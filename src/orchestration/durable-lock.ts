import type { EntityId } from "../core/entity-id.ts";

/**
 * Locks that an orchestration holds: until {@link release}, nobody else's operations are run on those entities. What is
 * not released is released when the orchestration ends, however it ends.
 *
 * @example
 * await using lock = await context.lock(from, to);
 *
 * @example
 * const lock = yield* context.lock(from, to);
 * try { ... } finally { lock.release(); }
 */
export interface DurableLock {
  /** The entities, in the order in which they were locked. Empty once they are released. */
  readonly ownedLocks: readonly EntityId[];
  /** The locks were given back. */
  readonly isReleased: boolean;
  /** Gives the locks back. Costs no waiting; a second time it does nothing. */
  release(): void;
  /** Gives the locks back, at the end of a block that began with `using lock`. */
  [Symbol.dispose](): void;
  /** Gives the locks back, at the end of a block that began with `await using lock`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Whether an orchestration holds locks. */
export interface LockState {
  /** `true` from the moment a lock is granted until it is released. */
  readonly isLocked: boolean;
  /** In the order in which they were locked. */
  readonly ownedLocks: readonly EntityId[];
}
