import { createAzureTransport } from "../backends/azure-storage/storage/azure-transport.ts";
import { parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import { StorageClient } from "../backends/azure-storage/storage/storage-client.ts";
import { readStorageClient, type StorageClientKind } from "../backends/azure-storage/storage/storage-client-kind.ts";
import type { StorageConnection } from "../backends/azure-storage/storage/storage-connection.ts";
import { withAttemptTimeout } from "../backends/azure-storage/storage/with-attempt-timeout.ts";
import { withRetry } from "../backends/azure-storage/storage/with-retry.ts";
import { DurableError } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import type { Environment } from "../host/settings/host-json.ts";
import { describeMissingAccount, findStorageAccount, isLocalEmulator } from "../host/settings/storage-connection.ts";
import { isDefaultConnection } from "../host/triggers/local-trigger.ts";
import type {
  TriggerBlob,
  TriggerMessage,
  TriggerQueue,
  TriggerStorage,
  TriggerStorages,
} from "../host/triggers/trigger-storage.ts";
import type { AzuriteStore } from "./azurite/azurite-store.ts";
import { connectBySettings } from "./hub-storage.ts";
import { openLocalStore } from "./local-stores.ts";
import { listensAnywhere } from "./reachability.ts";

export interface TriggerStoragesOptions {
  /** Where the local store keeps its data. */
  readonly appFolder: string;
  readonly env: Environment;
  readonly log: LogSink;
}

const attemptTimeoutMs = 30_000;
/** Listeners go on by themselves. */
const giveUpAfterMs = 5_000;
const maxBlobBytes = 64 * 1024;

/** The storage accounts of the triggers of an app, each opened once; the local store where nothing names the default one. */
export function createTriggerStorages({ appFolder, env, log }: TriggerStoragesOptions): TriggerStorages {
  const opened = new Map<string, Promise<TriggerStorage>>();
  const client = readStorageClient(env);
  let store: Promise<AzuriteStore> | undefined;
  let fail: (text: string) => void = () => {};
  const failed = new Promise<string>((resolve) => {
    fail = resolve;
  });
  const openLocal = async (): Promise<TriggerStorage> => {
    const onWait = (text: string) => createEventLog(log).write("LocalStoreBusy", text, {});
    store ??= openLocalStore(appFolder, onWait);
    const { connectionString, died } = await store;
    void died.then(fail);
    return openConnection(parseConnectionString(connectionString, "the local store"), true, client);
  };
  const open = async (connectionName: string): Promise<TriggerStorage> => {
    const found = findStorageAccount(connectionName, env);
    if (found === undefined) {
      if (isDefaultConnection(connectionName)) return await openLocal();
      throw new DurableError("HostStartFailed", describeMissingAccount(connectionName));
    }
    const connection = connectBySettings(found);
    if (!isLocalEmulator(found) || (await listensAnywhere(connection)))
      return openConnection(connection, false, client);
    return await openLocal();
  };
  return {
    failed,
    open(connectionName) {
      const key = connectionName.toLowerCase();
      const storage = opened.get(key) ?? open(connectionName);
      opened.set(key, storage);
      storage.catch(() => opened.delete(key));
      return storage;
    },
    async close() {
      await store?.then((started) => started.stop()).catch(() => {});
    },
  };
}

function openConnection(
  connection: StorageConnection,
  isOwn: boolean,
  clientKind: StorageClientKind | undefined,
): TriggerStorage {
  const attempts = withAttemptTimeout(createAzureTransport(connection, { client: clientKind }), {
    clock: systemClock,
    timeoutMs: attemptTimeoutMs,
  });
  const client = new StorageClient(withRetry(attempts, { clock: systemClock, random: systemRandom, giveUpAfterMs }));
  return {
    isOwn,
    queue: (name) => openQueue(client, name),
    blob: (container, name) => openBlob(client, container, name),
  };
}

function openQueue(client: StorageClient, queue: string): TriggerQueue {
  const create = async () => {
    // One that is there already will do.
    await client.perform({ kind: "queue.create", queue });
  };
  return {
    name: queue,
    create,
    async receive(maxMessages, visibilityTimeoutMs) {
      const reply = await client.perform({ kind: "queue.receive", queue, maxMessages, visibilityTimeoutMs });
      if (reply.outcome !== "done") return undefined;
      return reply.value.map((message) => ({ ...message, expiresOn: message.expiresOn }));
    },
    async send(text) {
      const request = { kind: "queue.send", queue, text, visibilityDelayMs: 0 } as const;
      if ((await client.perform(request)).outcome === "done") return;
      await create();
      await client.require(request);
    },
    async hide({ messageId, popReceipt }: TriggerMessage, visibilityTimeoutMs) {
      const reply = await client.perform({ kind: "queue.update", queue, messageId, popReceipt, visibilityTimeoutMs });
      return reply.outcome === "done" ? reply.value.popReceipt : undefined;
    },
    async delete({ messageId, popReceipt }: TriggerMessage) {
      const reply = await client.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
      return reply.outcome === "done";
    },
  };
}

function openBlob(client: StorageClient, container: string, blob: string): TriggerBlob {
  const put = async (text: string, ifAbsent: boolean) => {
    const content = Buffer.from(text);
    const request = { kind: "blob.put", container, blob, content, ifAbsent } as const;
    if ((await client.perform(request)).outcome !== "notFound") return;
    await client.perform({ kind: "blob.createContainer", container });
    if ((await client.perform(request)).outcome === "notFound") await client.require(request);
  };
  return {
    async read() {
      const reply = await client.perform({ kind: "blob.get", container, blob, maxBytes: maxBlobBytes });
      return reply.outcome === "done" ? Buffer.from(reply.value).toString("utf8") : undefined;
    },
    write: (text) => put(text, false),
    async acquireLease(leaseId, durationSeconds) {
      const request = { kind: "blob.acquireLease", container, blob, leaseId, durationSeconds } as const;
      const reply = await client.perform(request);
      if (reply.outcome !== "notFound") return reply.outcome === "done";
      await put("", true);
      return (await client.perform(request)).outcome === "done";
    },
    async renewLease(leaseId) {
      return (await client.perform({ kind: "blob.renewLease", container, blob, leaseId })).outcome === "done";
    },
    async releaseLease(leaseId) {
      await client.perform({ kind: "blob.releaseLease", container, blob, leaseId });
    },
  };
}
