import type { EntityId, EntityRef } from "./entity-id.ts";
import type { FailureDetails } from "./failure-details.ts";

/**
 * Reaches the entities of one task hub from outside of orchestrations; payloads are JSON text, as with
 * `OrchestrationClient`, whose other half this is. Ids are checked here: what names no entity rejects with
 * `InvalidEntityId`, and nothing is read or written.
 */
export interface EntityClient {
  /**
   * Resolves once the signal is durable; whether its operation succeeds stays with the entity. An entity that does not
   * exist yet is made by its first operation.
   *
   * @throws DurableError `InvalidEntityId`, `InvalidOption`
   */
  signal(entity: EntityRef | string, signal: EntitySignal): Promise<void>;

  /**
   * Runs one operation and waits for its outcome. It is not taken back when the wait ends first: it may still run.
   *
   * @throws DurableError `InvalidEntityId`, `InvalidOption`; `TaskTimeout`, `Aborted` when the wait ends first
   */
  call(entity: EntityRef | string, operation: EntityCall, options?: EntityCallOptions): Promise<EntityCallOutcome>;

  /** Resolves to `undefined` for an entity that has never been spoken to, or was purged. */
  get(entity: EntityRef | string): Promise<EntityMetadata | undefined>;
  /** One page of the entities that meet the conditions. @throws DurableError `InvalidOption` */
  query(query: EntityQuery): Promise<EntityPage>;

  /** Deletes an entity with all that waits in it, whatever it is doing. Resolves to the number deleted, 0 or 1. */
  purge(entity: EntityRef | string): Promise<number>;
  /** Deletes empty entities and gives back orphaned locks, as the request says. */
  cleanStorage(request?: CleanEntityStorageRequest): Promise<CleanEntityStorageResult>;
}

/** What an entity is told without an answer. */
export interface EntitySignal {
  /** @defaultValue the empty name, as with `durable-functions` 3.x */
  readonly operation?: string | undefined;
  /** JSON text. @defaultValue the operation has no input */
  readonly input?: string | undefined;
  /** Not before this; a date from the year 1601 to 9999. @defaultValue at once */
  readonly scheduledTime?: Date | undefined;
  /** A GUID. @defaultValue a random one */
  readonly requestId?: string | undefined;
}

/** What an entity is asked. */
export interface EntityCall {
  /** Name of the operation. */
  readonly operation: string;
  /** JSON text. @defaultValue the operation has no input */
  readonly input?: string | undefined;
}

/** How long to wait for the answer. */
export interface EntityCallOptions {
  /** Most milliseconds to wait. @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How an operation has ended: with its result as JSON text, or with its failure. */
export type EntityCallOutcome =
  | { readonly kind: "completed"; readonly result: string | undefined }
  | { readonly kind: "failed"; readonly failureDetails: FailureDetails };

/** What is known of one entity. A view that may lag behind by seconds. */
export interface EntityMetadata {
  /** Name and key. */
  readonly id: EntityId;
  /** It has a state. One without may still have something waiting, or be locked. */
  readonly exists: boolean;
  /** When it last ran operations, or took note of something. */
  readonly lastModifiedTime: Date;
  /** Requests that wait in it. */
  readonly queueSize: number;
  /** The orchestration that holds its lock. */
  readonly lockedBy: string | undefined;
  /** JSON text; absent without a state, and when it was not asked for. */
  readonly state: string | undefined;
}

/** Which entities are meant, and what is read of them. */
export interface EntityQuery {
  /** Entities of this name only, compared ignoring case. @defaultValue those of all names */
  readonly name?: string | undefined;
  /** Keys that start so. Needs a name. */
  readonly keyPrefix?: string | undefined;
  /** Changed last at this time or later. */
  readonly lastModifiedFrom?: Date | undefined;
  /** Changed last at this time or before. */
  readonly lastModifiedTo?: Date | undefined;
  /** @defaultValue true */
  readonly includeState?: boolean | undefined;
  /** Also those that do not exist (any more): what waits, is locked, or awaits its cleaning. @defaultValue false */
  readonly includeTransient?: boolean | undefined;
  /** Most entities in one page. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** From the page before. */
  readonly continuationToken?: string | undefined;
}

/** One page of entities. */
export interface EntityPage {
  /** The entities of the page. */
  readonly entities: readonly EntityMetadata[];
  /** Absent on the last page. A page may be short or empty and still have one. */
  readonly continuationToken: string | undefined;
}

/** What a cleaning does. */
export interface CleanEntityStorageRequest {
  /** Deletes entities without state that nothing waits in and nobody holds. @defaultValue true */
  readonly removeEmptyEntities?: boolean | undefined;
  /** Gives back locks whose orchestration has ended or is gone. @defaultValue true */
  readonly releaseOrphanedLocks?: boolean | undefined;
  /** Goes on to the last page; otherwise one page is cleaned. @defaultValue true */
  readonly continueUntilComplete?: boolean | undefined;
  /** From an earlier cleaning that was not complete. */
  readonly continuationToken?: string | undefined;
  /**
   * An empty entity is deleted only when it has rested for so many milliseconds: until then it knows repeats and late
   * messages of those it has heard of.
   *
   * @defaultValue 30 minutes
   */
  readonly minEmptyMs?: number | undefined;
}

/** What a cleaning has done. */
export interface CleanEntityStorageResult {
  /** Number of entities that were deleted. */
  readonly emptyEntitiesRemoved: number;
  /** Locks that were sent their release. */
  readonly orphanedLocksReleased: number;
  /** Where to go on; absent when all was seen. */
  readonly continuationToken: string | undefined;
}

/** Input of the built-in orchestration that calls an entity for a client. */
export interface EntityCallMessage extends EntityCall {
  /** `@name@key` */
  readonly entity: string;
}
