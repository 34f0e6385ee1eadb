import type { EntityId } from "../../core/entity-id.ts";
import { shareAcrossCopies } from "../../core/shared-class.ts";
import type { LockState as CurrentLocks, DurableLock as HeldLock } from "../../orchestration/durable-lock.ts";

/** Whether an orchestration holds locks. */
export interface LockState extends CurrentLocks {}

/** For tests, which make what a context would answer. */
export const LockState: new (isLocked: boolean, ownedLocks: EntityId[]) => LockState = class {
  readonly isLocked: boolean;
  readonly ownedLocks: EntityId[];

  constructor(isLocked: boolean, ownedLocks: EntityId[]) {
    this.isLocked = isLocked;
    this.ownedLocks = ownedLocks;
  }
};

/** Locks that an orchestration holds. */
export interface DurableLock extends HeldLock {}

/** Tells locks from other values: `value instanceof DurableLock`. Contexts alone make them. */
export const DurableLock: {
  /** `true` for every lock, whichever copy of the package has made it. */
  [Symbol.hasInstance](value: unknown): value is DurableLock;
} = {
  [Symbol.hasInstance](value: unknown): value is DurableLock {
    if (typeof value !== "object" || value === null) return false;
    const { ownedLocks, release } = value as Partial<DurableLock>;
    return Array.isArray(ownedLocks) && typeof release === "function";
  },
};

/** An orchestration has done what a critical section forbids: see `lock` of its context. */
export class LockingRulesViolationError extends Error {
  static {
    shareAcrossCopies(LockingRulesViolationError, "LockingRulesViolationError");
  }

  /** Code of the error, as `durable-functions` 3.x has it. */
  static readonly code = "LOCKING_RULES_VIOLATION";
  /** Name of the class. */
  override readonly name = "LockingRulesViolationError";
}
