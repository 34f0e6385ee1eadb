import type { EntityId } from "../../core/entity-id.ts";
import type { LockState as CurrentLocks, DurableLock as HeldLock } from "../../orchestration/durable-lock.ts";
import type { EntityStateResponse as KnownEntity } from "../durable-entity-client.ts";

/** What is known of one entity. */
export interface EntityStateResponse<State = unknown> extends KnownEntity<State> {
  entityExists: boolean;
  entityState?: State;
}

/** For tests, which make what a client would answer. */
export const EntityStateResponse: new <State>(
  entityExists: boolean,
  entityState?: State,
) => EntityStateResponse<State> = class {
  entityExists: boolean;
  declare entityState?: unknown;

  constructor(entityExists: boolean, entityState?: unknown) {
    this.entityExists = entityExists;
    if (entityState !== undefined) this.entityState = entityState;
  }
} as never;

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
export const DurableLock: { [Symbol.hasInstance](value: unknown): value is DurableLock } = {
  [Symbol.hasInstance](value: unknown): value is DurableLock {
    if (typeof value !== "object" || value === null) return false;
    const { ownedLocks, release } = value as Partial<DurableLock>;
    return Array.isArray(ownedLocks) && typeof release === "function";
  },
};
