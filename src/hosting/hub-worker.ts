import type { StorageTransport } from "../backends/azure-storage/storage/storage-request.ts";

/** A worker of a hub in a shared account that knows more of its fellows than that they exist. */
export interface HubWorker {
  /** Unlike that of any other process. */
  readonly workerId: string;
  /** `true` only of one that certainly does not run any more. */
  isDeadWorker(workerId: string): boolean;
  /** Sees each attempt at a storage request. */
  watch(transport: StorageTransport): StorageTransport;
}
