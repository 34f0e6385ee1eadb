import type { TableRow, TableWrite } from "./table-row.ts";

/** What one storage request asks for and what it gives back, by kind. One request is one HTTP call. */
interface StorageOperations {
  "queue.create": Op<{ queue: string }, undefined>;
  "queue.delete": Op<{ queue: string }, undefined>;
  /** `done` when there is such a queue, else `notFound`. */
  "queue.exists": Op<{ queue: string }, undefined>;
  /** Sent messages never expire. */
  "queue.send": Op<{ queue: string; text: string; visibilityDelayMs: number }, SentMessage>;
  "queue.receive": Op<{ queue: string; maxMessages: number; visibilityTimeoutMs: number }, readonly ReceivedMessage[]>;
  /**
   * Changes when the message is delivered next, and its text if one is given. Resolves to the receipt that later calls
   * must use.
   */
  "queue.update": Op<
    { queue: string; messageId: string; popReceipt: string; visibilityTimeoutMs: number; text?: string | undefined },
    { popReceipt: string }
  >;
  "queue.deleteMessage": Op<{ queue: string; messageId: string; popReceipt: string }, undefined>;

  /** All messages that have not been deleted, about. */
  "queue.count": Op<{ queue: string }, { messages: number }>;

  "table.create": Op<{ table: string }, undefined>;
  "table.delete": Op<{ table: string }, undefined>;
  "table.query": Op<TableQuery, TablePage>;
  /** The row with these keys, or `notFound`. A selected column that it lacks is absent. */
  "table.get": Op<
    { table: string; partitionKey: string; rowKey: string; select?: readonly string[] | undefined },
    TableRow
  >;
  "table.insert": Op<{ table: string; row: TableRow }, { etag: string }>;
  "table.upsert": Op<{ table: string; row: TableRow; mode: "merge" | "replace" }, { etag: string }>;
  /** `etag` may be `*`: any version, but the row must exist. */
  "table.update": Op<{ table: string; row: TableRow; mode: "merge" | "replace"; etag: string }, { etag: string }>;
  /** Without an `etag` any version is deleted. */
  "table.deleteRow": Op<{ table: string; partitionKey: string; rowKey: string; etag?: string | undefined }, undefined>;
  /** All or nothing; one partition key, at most 100 writes. The tags are in the order of the writes. */
  "table.batch": Op<{ table: string; writes: readonly TableWrite[] }, { etags: readonly (string | undefined)[] }>;

  "blob.createContainer": Op<{ container: string }, undefined>;
  "blob.deleteContainer": Op<{ container: string }, undefined>;
  /** With `ifAbsent` a blob that is there is a `conflict`. A leased blob is written by who gives the id of its lease. */
  "blob.put": Op<
    {
      container: string;
      blob: string;
      content: Uint8Array;
      contentEncoding?: string | undefined;
      ifAbsent?: boolean | undefined;
      leaseId?: string | undefined;
    },
    undefined
  >;
  /** A part of a blob that nobody sees until {@link blob.putBlockList} names it. Ids are Base64, of one length in a blob. */
  "blob.putBlock": Op<{ container: string; blob: string; blockId: string; content: Uint8Array }, undefined>;
  /** Makes the blob of its blocks, in the order of their ids. */
  "blob.putBlockList": Op<
    { container: string; blob: string; blockIds: readonly string[]; contentEncoding?: string | undefined },
    undefined
  >;
  /** The whole blob, or what there is of it in a range; fewer bytes than the range has are the last ones. */
  "blob.get": Op<
    { container: string; blob: string; maxBytes: number; range?: { offset: number; count: number } | undefined },
    Uint8Array
  >;
  "blob.list": Op<
    { container: string; prefix: string; continuationToken?: string | undefined },
    { names: readonly string[]; continuationToken: string | undefined }
  >;
  "blob.delete": Op<{ container: string; blob: string }, undefined>;
  /** Like `blob.list`, with the leases of the blobs. */
  "blob.listLeases": Op<
    { container: string; prefix: string; continuationToken?: string | undefined },
    { blobs: readonly ListedLease[]; continuationToken: string | undefined }
  >;
  /** Of a blob, or of the container without one. Who gives the id that holds it already acquires it anew. */
  "blob.acquireLease": Op<LeaseTarget & { leaseId: string; durationSeconds: number }, undefined>;
  "blob.renewLease": Op<LeaseTarget & { leaseId: string }, undefined>;
  "blob.changeLease": Op<LeaseTarget & { leaseId: string; newLeaseId: string }, undefined>;
  "blob.releaseLease": Op<LeaseTarget & { leaseId: string }, undefined>;
  /** At once, whoever holds it. */
  "blob.breakLease": Op<LeaseTarget, undefined>;
}

interface LeaseTarget {
  readonly container: string;
  readonly blob?: string | undefined;
}

export interface ListedLease {
  readonly blob: string;
  readonly etag: string;
  readonly isLeased: boolean;
}

interface Op<Request, Value> {
  readonly request: Readonly<Request>;
  readonly value: Value;
}

interface SentMessage {
  readonly messageId: string;
  readonly popReceipt: string;
  /** Whole seconds, as the service keeps it. */
  readonly insertedOn: Date;
  readonly nextVisibleOn: Date;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly popReceipt: string;
  readonly text: string;
  readonly dequeueCount: number;
  /** Whole seconds, as the service keeps it. */
  readonly insertedOn: Date;
  readonly nextVisibleOn: Date;
  /** Where the service tells it: messages of this package never expire. */
  readonly expiresOn?: Date | undefined;
}

interface TableQuery {
  readonly table: string;
  /** OData; absent for the whole table. */
  readonly filter?: string | undefined;
  readonly select?: readonly string[] | undefined;
  /** At most 1000, which is also what an absent value means. */
  readonly pageSize?: number | undefined;
  readonly continuationToken?: string | undefined;
}

/** A page may be empty and still have a token. */
interface TablePage {
  readonly rows: readonly TableRow[];
  readonly continuationToken: string | undefined;
}

export type StorageRequestKind = keyof StorageOperations;
export type StorageValue<K extends StorageRequestKind> = StorageOperations[K]["value"];
export type StorageRequestOf<K extends StorageRequestKind> = { readonly kind: K } & StorageOperations[K]["request"];
export type StorageRequest = { [K in StorageRequestKind]: StorageRequestOf<K> }[StorageRequestKind];

/** What became of a request. Nothing the service answers is an exception at this seam. */
export type StorageReply<V = unknown> = StorageDone<V> | StorageRefusal | StorageFailed;

export interface StorageDone<V> {
  readonly outcome: "done";
  readonly value: V;
}

/**
 * `conflict`: it exists already, or it is not at the given ETag or pop receipt. `notFound`: the row, message, blob or
 * what holds it does not exist.
 */
export interface StorageRefusal {
  readonly outcome: "conflict" | "notFound";
  readonly errorCode: string;
  /** An earlier attempt of the same request got no answer, so the refusal may be the doing of that attempt. */
  readonly afterLostAnswer?: boolean;
}

interface StorageFailed {
  readonly outcome: "failed";
  readonly failure: StorageFailure;
}

export interface StorageFailure {
  /** Absent when no answer came. */
  readonly httpStatus: number | undefined;
  readonly errorCode: string;
  /** One line, without credentials. */
  readonly message: string;
  /** `host:port` that was asked. */
  readonly host: string;
  /** Worth another attempt. */
  readonly transient: boolean;
  /** The service may have done what was asked. */
  readonly answerLost: boolean;
  readonly retryAfterMs: number | undefined;
  readonly cause: unknown;
}

interface StorageContext {
  /** Breaks the request off; absent when nobody will. */
  readonly signal?: AbortSignal | undefined;
  /** Shared by requests that belong together. */
  readonly budget?: RequestBudget | undefined;
}

/**
 * Time for requests that belong together, those of one checkpoint say: as long as any of them is done now and then, the
 * others are repeated too. Storage that is slow, or refuses some, is no reason to begin all of them anew.
 */
export interface RequestBudget {
  /** When one of them was done last. Set by whoever repeats them. */
  lastDoneAt: number;
}

/**
 * One attempt at one request. Decorators compose over this type: retries, limits, counting, scripted faults.
 *
 * Rejects only for content that is refused on reading (DurableError `CorruptData`), and for a mistake of this package
 * (`InternalError`).
 */
export type StorageTransport = (request: StorageRequest, context: StorageContext) => Promise<StorageReply>;
