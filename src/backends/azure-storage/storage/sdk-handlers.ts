import { openBlobs } from "./azure-blobs.ts";
import { openQueues } from "./azure-queues.ts";
import { openTables } from "./azure-tables.ts";
import type { StorageConnection } from "./storage-connection.ts";
import type { AllStorageHandlers } from "./storage-handlers.ts";

/** Requests through the official SDKs; loaded only when they are wanted. */
export function openSdkHandlers(queues: StorageConnection, tracking: StorageConnection): AllStorageHandlers {
  return { ...openQueues(queues), ...openTables(tracking), ...openBlobs(tracking) };
}
