import type { StorageRequestKind, StorageRequestOf, StorageValue } from "./storage-request.ts";

type KindOf<Service extends string> = Extract<StorageRequestKind, `${Service}.${string}`>;

/** One HTTP request each, without retries. They throw what the SDK throws. */
export type StorageHandlers<Service extends string> = {
  readonly [K in KindOf<Service>]: (request: StorageRequestOf<K>, signal: AbortSignal) => Promise<StorageValue<K>>;
};
