import {
  type EntityRequest,
  objectOf,
  parseObject,
  requestMembers,
  requestOf,
  writableMembers,
} from "./entity-message.ts";
import { MessageSorter } from "./message-sorter.ts";
import { formatOwedMessages, type OwedMessages, readOwedMessages } from "./outbox.ts";

/**
 * What an entity keeps besides its state: the input of its one execution
 * (`Azure/durabletask: src/DurableTask.Core/Entities/StateFormat/SchedulerState.cs`). `lockId`, `releasedLocks`,
 * `outbox` and `isSuspect` are ours; others ignore them.
 */
export interface SchedulerState {
  /** JSON text; absent while the entity does not exist. */
  readonly state: string | undefined;
  /** What waits, in order. */
  readonly queue: readonly EntityRequest[];
  /** The orchestration that holds the lock. */
  readonly lockedBy: string | undefined;
  /** Id of the lock request that was granted. */
  readonly lockId: string | undefined;
  /** Ids of lock requests that were given back, the last ones: a repeat of one must not lock again. */
  readonly releasedLocks: readonly string[];
  readonly sorter: MessageSorter;
  /** What the last checkpoint sends, and what others before it may not have sent. */
  readonly outbox: readonly OwedMessages[];
  /** One of the operations that wait may take its process down, so they are run one at a time. @defaultValue false */
  readonly isSuspect?: boolean;
  /** Members that this package does not use, as they came. */
  readonly others: Readonly<Record<string, unknown>>;
}

export const noSchedulerState: SchedulerState = {
  state: undefined,
  queue: [],
  lockedBy: undefined,
  lockId: undefined,
  releasedLocks: [],
  sorter: new MessageSorter(),
  outbox: [],
  others: {},
};

export function formatSchedulerState(scheduler: SchedulerState): string {
  const { state, queue, lockedBy, lockId, releasedLocks, sorter, outbox, isSuspect, others } = scheduler;
  const { exists, ...unknown } = others;
  return JSON.stringify({
    // The in-process extension tells by this member whether the entity exists.
    ...(exists !== undefined && { exists: state !== undefined }),
    ...(state !== undefined && { state }),
    ...(queue.length > 0 && { queue: queue.map(requestMembers) }),
    ...(lockedBy !== undefined && { lockedBy }),
    sorter,
    ...(lockId !== undefined && { lockId }),
    ...(releasedLocks.length > 0 && { releasedLocks }),
    ...(outbox.length > 0 && { outbox: outbox.map(formatOwedMessages) }),
    ...(isSuspect === true && { isSuspect }),
    ...unknown,
  });
}

/** `undefined` for a text that is no scheduler state. */
export function parseSchedulerState(text: string | undefined): SchedulerState | undefined {
  if (text === undefined || text === "") return noSchedulerState;
  const members = parseObject(text);
  if (members === undefined) return undefined;
  // `suspended` only says that a `continue` is on its way, which nobody here waits for.
  const { state, queue, lockedBy, suspended: _, sorter, lockId, releasedLocks, outbox, isSuspect, ...others } = members;
  const doesExist = typeof state === "string" && others["exists"] !== false;
  return {
    state: doesExist ? state : undefined,
    queue: listOf(queue).flatMap((each) => requestOf(objectOf(each)) ?? []),
    lockedBy: typeof lockedBy === "string" ? lockedBy : undefined,
    lockId: typeof lockId === "string" ? lockId : undefined,
    releasedLocks: listOf(releasedLocks).filter((id) => typeof id === "string"),
    sorter: MessageSorter.parse(sorter),
    outbox: listOf(outbox).flatMap((each) => readOwedMessages(each) ?? []),
    ...(isSuspect === true && { isSuspect }),
    others: writableMembers(others),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The custom status of an entity's row: members at their default are left out. */
export function formatEntityStatus({ state, queue, lockedBy }: SchedulerState): string {
  return JSON.stringify({
    ...(state !== undefined && { entityExists: true }),
    ...(queue.length > 0 && { queueSize: queue.length }),
    ...(lockedBy !== undefined && { lockedBy }),
  });
}

/** What an entity's row tells of it. */
export interface EntityStatus {
  readonly exists: boolean;
  /** Requests that wait. */
  readonly queueSize: number;
  readonly lockedBy: string | undefined;
}

export function readEntityStatus(customStatus: string | undefined): EntityStatus {
  const { entityExists, queueSize, lockedBy } = parseObject(customStatus) ?? {};
  return {
    exists: entityExists === true,
    queueSize: typeof queueSize === "number" ? queueSize : 0,
    lockedBy: typeof lockedBy === "string" ? lockedBy : undefined,
  };
}

/** JSON text of the entity's state in the input of its row; `undefined` when there is none. */
export function readEntityState(rowInput: string | undefined): string | undefined {
  const { state, exists } = parseObject(rowInput) ?? {};
  return typeof state === "string" && exists !== false ? state : undefined;
}
