import type { PartitionStatus } from "../backends/azure-storage/partitions/partition-watch.ts";
import { readStorageClient } from "../backends/azure-storage/storage/storage-client-kind.ts";
import type { PartitionManagement } from "../core/partition-management.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import type { Backend, TaskHubStore } from "../engine/backend.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import type { Environment } from "../host/settings/host-json.ts";
import type { HubStorage } from "./hub-storage.ts";
import type { HubWorker } from "./hub-worker.ts";

/** A task hub, opened for this process: for workers, and for those who only look or manage. */
export interface OpenTaskHub {
  readonly client: TaskHubClient;
  /** For workers. */
  readonly backend: Backend;
  readonly store: TaskHubStore;
  /** The storage as people may see it, without secrets. */
  readonly storage: string;
  /** It is in a local store that this process has started, so that no other process works on it. @defaultValue false */
  readonly isOwnStore?: boolean;
  /** Resolves, with what to say to the user, when the storage is gone for good. */
  readonly failed: Promise<string>;
  /** The partitions that the worker of this hub has; absent where nobody has to share them. */
  readonly partitions?: (() => readonly PartitionStatus[]) | undefined;
  /** Workers must have stopped before. */
  close(): Promise<void>;
}

export interface OpenHubOptions {
  readonly storage: HubStorage;
  readonly taskHub: string;
  /** What a hub in storage is tuned by; absent values have the backend's defaults. */
  readonly tuning?: HubTuning | undefined;
  readonly env: Environment;
  readonly log: LogSink;
  /** Who works on a hub in a storage account; with it nobody looks whether the account is there. */
  readonly worker?: HubWorker | undefined;
  /** For those who only look and manage: the local store of a host that runs is shared. @defaultValue false */
  readonly isGuest?: boolean | undefined;
}

/** Of a hub in storage. Lengths of time are in milliseconds. */
export interface HubTuning {
  readonly partitionCount?: number | undefined;
  readonly controlQueueBatchSize?: number | undefined;
  readonly controlQueueBufferThreshold?: number | undefined;
  readonly visibilityTimeoutMs?: number | undefined;
  readonly maxQueuePollingIntervalMs?: number | undefined;
  readonly messageEncoding?: "base64" | "utf8" | undefined;
  readonly maxStorageOperationConcurrency?: number | undefined;
  readonly storeInputsInOrchestrationHistory?: boolean | undefined;
  readonly partitionManagement?: PartitionManagement | undefined;
  readonly useAppLease?: boolean | undefined;
  /** @defaultValue the app setting WEBSITE_SITE_NAME, else DTFX_APP_NAME, else none */
  readonly appName?: string | undefined;
  readonly appLeaseIntervalMs?: number | undefined;
  readonly appLeaseRenewIntervalMs?: number | undefined;
  readonly appLeaseAcquireIntervalMs?: number | undefined;
}

/**
 * Opens a hub where it is kept. Nothing is created, and no orchestration needs to be known.
 *
 * @throws DurableError when the storage cannot be reached within seconds
 */
export async function openHub(options: OpenHubOptions): Promise<OpenTaskHub> {
  const { storage, taskHub } = options;
  return storage.kind === "memory" ? openInMemory(taskHub) : openInStorage(storage, options);
}

async function openInMemory(taskHub: string): Promise<OpenTaskHub> {
  const { openMemoryHub } = await import("./memory-hubs.ts");
  const hub = openMemoryHub(taskHub);
  return {
    client: new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom }),
    backend: hub,
    store: hub,
    storage: "memory",
    failed: new Promise(() => {}),
    close: async () => {},
  };
}

async function openInStorage(
  storage: Exclude<HubStorage, { readonly kind: "memory" }>,
  { taskHub, tuning = {}, env, log, worker, isGuest }: OpenHubOptions,
): Promise<OpenTaskHub> {
  // The local store starts in another process while this one reads the storage libraries.
  const library = import("../backends/azure-storage/azure-storage-task-hub.ts");
  library.catch(() => {});
  const { openStorageAccount } = await import("./storage-account.ts");
  const account = await openStorageAccount(storage, env, log, worker, isGuest);
  try {
    const { createAzureStorageTaskHub } = await library;
    const { backend, store, partitions } = createAzureStorageTaskHub({
      ...tuning,
      appName: tuning.appName ?? (env["WEBSITE_SITE_NAME"] || env["DTFX_APP_NAME"] || ""),
      clock: systemClock,
      random: systemRandom,
      log,
      connection: account.connection,
      trackingStore: account.tracking,
      taskHub,
      workerId: account.workerId,
      isDeadWorker: account.isDeadWorker,
      storageClient: readStorageClient(env),
      decorateTransport: worker && ((transport) => worker.watch(transport)),
    });
    return {
      client: new TaskHubClient({ store, clock: systemClock, random: systemRandom }),
      backend,
      store,
      storage: account.description,
      isOwnStore: account.isOwnStore === true,
      failed: account.failed,
      partitions,
      close: () => account.close(),
    };
  } catch (error) {
    await account.close();
    throw error;
  }
}
