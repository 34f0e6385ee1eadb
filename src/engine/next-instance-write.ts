import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { InstanceChange } from "./backend.ts";

/** What is known of the row that a change meets. */
export interface StoredInstance {
  /** The execution that the row tells of. */
  readonly executionId: string | undefined;
  /** What the row says of it. */
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  /** When the instance was created. */
  readonly createdTime: Date;
  /** When it ended. */
  readonly completedTime?: Date | undefined;
}

/**
 * - `insert`: there is no row, and the change can make one
 * - `merge`: the row is of this execution, or of one that this execution continues
 * - `replace`: the row is of an execution that has ended; nothing of it stays
 * - `none`: the row is further than the change
 */
export type InstanceWrite = "insert" | "merge" | "replace" | "none";

/**
 * The rule of the instance row. It is what history says, and history goes one way, so
 *
 * I1. an end stands until a later rewind, or a later end after one, takes its place;
 * I2. of two executions of one id the one that was created later stays;
 * I3. a row that is missing is made by whoever knows how the execution began.
 *
 * The caller makes the write conditional on the row that it has shown here, and asks again when that has changed.
 */
export function nextInstanceWrite(change: InstanceChange, stored: StoredInstance | undefined): InstanceWrite {
  if (stored === undefined) return change.started === undefined ? "none" : "insert"; // I3
  const hasEnded = isTerminalStatus(stored.runtimeStatus);
  const isSame = !stored.executionId || stored.executionId === change.executionId;
  if (isSame) return hasEnded && !isLater(change, stored) ? "none" : "merge"; // I1
  if (change.started !== undefined && stored.createdTime > change.started.createdTime) return "none"; // I2
  if (change.started === undefined) return hasEnded ? "none" : "merge";
  return hasEnded ? "replace" : "merge";
}

function isLater({ completedTime, rewoundTime }: InstanceChange, stored: StoredInstance): boolean {
  const end = stored.completedTime;
  if (end === undefined) return false;
  return completedTime === undefined ? rewoundTime !== undefined && rewoundTime > end : completedTime > end;
}
