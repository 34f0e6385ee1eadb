import type { Backend, TaskHubStore } from "../../engine/backend.ts";
import { AzureStorageBackend } from "./azure-storage-backend.ts";
import { type AzureStorageOptions, resolveAzureStorageOptions } from "./azure-storage-options.ts";
import { AzureStorageStore } from "./azure-storage-store.ts";
import { createTaskHubParts } from "./hub-parts.ts";
import type { PartitionStatus } from "./partitions/partition-watch.ts";
import type { RequestCounter } from "./storage/request-counter.ts";

export type { AzureStorageOptions } from "./azure-storage-options.ts";

/** A task hub in Azure Storage, as its workers and its clients see it. */
export interface AzureStorageTaskHub {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  /** Every storage request of both, since creation. */
  readonly requests: RequestCounter;
  /** The partitions that the backend has now, and when each was last received from. */
  readonly partitions: () => readonly PartitionStatus[];
}

/**
 * Opens a task hub that `DurableTask.AzureStorage` workers can share. Nothing is asked of the storage before the first
 * call.
 *
 * @throws DurableError `InvalidOption`
 */
export function createAzureStorageTaskHub(options: AzureStorageOptions): AzureStorageTaskHub {
  const resolved = resolveAzureStorageOptions(options);
  const parts = createTaskHubParts(resolved);
  const backend = new AzureStorageBackend(resolved, parts);
  return {
    backend,
    store: new AzureStorageStore(resolved, parts),
    requests: parts.requests,
    partitions: () => backend.partitions(),
  };
}
