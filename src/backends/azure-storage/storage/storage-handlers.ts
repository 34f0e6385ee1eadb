import type { StorageRequestKind, StorageRequestOf, StorageValue } from "./storage-request.ts";

type KindOf<Service extends string> = Extract<StorageRequestKind, `${Service}.${string}`>;

/**
 * One HTTP request each, without retries. They throw an error that has a `statusCode` for what a service has refused, and
 * one that has a `code` when no answer came.
 */
export type StorageHandlers<Service extends string> = {
  readonly [K in KindOf<Service>]: (request: StorageRequestOf<K>, signal: AbortSignal) => Promise<StorageValue<K>>;
};

export type AllStorageHandlers = StorageHandlers<"queue"> & StorageHandlers<"table"> & StorageHandlers<"blob">;
