import type { LogSink } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import type { Backend, TaskHubStore } from "../engine/backend.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import type { DurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import type { Environment } from "../host/settings/host-json.ts";
import { openStorageAccount } from "./storage-account.ts";

/** The task hub of an app, opened for this process: for workers, and for commands that only look or manage. */
export interface OpenTaskHub {
  readonly client: TaskHubClient;
  /** For workers. */
  readonly backend: Backend;
  readonly store: TaskHubStore;
  /** The storage as people may see it, without secrets. */
  readonly storage: string;
  /** Resolves, with what to say to the user, when the storage is gone for good. */
  readonly failed: Promise<string>;
  /** Workers must have stopped before. */
  close(): Promise<void>;
}

export interface OpenTaskHubOptions {
  readonly settings: DurableTaskSettings;
  /** Where the local store keeps its data. */
  readonly appFolder: string;
  readonly env: Environment;
  readonly log: LogSink;
}

/**
 * Opens the hub that settings name, on its storage account or on the local store. Nothing is created, and no
 * orchestration needs to be known.
 *
 * @throws DurableError when settings name no usable account, or it cannot be reached within seconds
 */
export async function openTaskHub(options: OpenTaskHubOptions): Promise<OpenTaskHub> {
  const { settings, log } = options;
  // The local store starts in another process while this one reads the storage libraries.
  const library = import("../backends/azure-storage/azure-storage-task-hub.ts");
  library.catch(() => {});
  const account = await openStorageAccount(options);
  try {
    const { createAzureStorageTaskHub } = await library;
    const { backend, store } = createAzureStorageTaskHub({
      clock: systemClock,
      random: systemRandom,
      log,
      connectionString: account.connectionString,
      taskHub: settings.hubName,
      workerId: account.workerId,
      isDeadWorker: account.isDeadWorker,
      partitionCount: settings.partitionCount,
      controlQueueBatchSize: settings.controlQueueBatchSize,
      controlQueueBufferThreshold: settings.controlQueueBufferThreshold,
      visibilityTimeoutMs: Math.min(
        settings.controlQueueVisibilityTimeoutMs,
        settings.workItemQueueVisibilityTimeoutMs,
      ),
      maxQueuePollingIntervalMs: settings.maxQueuePollingIntervalMs,
      storeInputsInOrchestrationHistory: settings.storeInputsInOrchestrationHistory,
    });
    return {
      client: new TaskHubClient({ store, clock: systemClock, random: systemRandom }),
      backend,
      store,
      storage: account.description,
      failed: account.failed,
      close: () => account.close(),
    };
  } catch (error) {
    await account.close();
    throw error;
  }
}
