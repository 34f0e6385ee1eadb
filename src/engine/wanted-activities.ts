import { DurableError } from "../core/errors.ts";
import type { OrchestrationInstance } from "../core/history-event.ts";
import { isTerminalStatus, type OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";

/** How far an instance has come, as far as activities that run for it have to know. */
export interface InstanceProgress {
  /** Id of its latest execution. */
  readonly executionId: string | undefined;
  /** What it is doing, or how it has ended. */
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  /** When that execution was created. */
  readonly createdTime: Date;
  /** Activities of that execution that have no answer yet and that nobody waits for at the moment: their numbers. */
  readonly unwantedTasks: readonly number[];
}

/** An activity that runs: what asked for it. */
export interface ActivityRequest {
  readonly name: string;
  readonly instance: OrchestrationInstance;
  readonly taskId: number;
  /** Of its `TaskScheduled` event. */
  readonly scheduledAt: Date;
  /** The time limit of its call, in milliseconds from then for its orchestration. */
  readonly timeoutMs: number | undefined;
}

/**
 * Why nobody wants the result of an activity.
 *
 * - `ended`: whatever it answers is discarded, for good.
 * - `unwanted`: its orchestration went on without it and may still come back to it, which makes it run again.
 */
export interface Cancellation {
  readonly kind: "ended" | "unwanted";
  /** Reason of the activity's signal. */
  readonly reason: DurableError;
}

/**
 * Decides whether an activity is still wanted. `undefined` while it is, or when that is not known.
 *
 * V1. An activity of an execution that has ended, or that a later execution has followed, is not. Messages go out before
 *     the row of the instance is written, so a row of another execution tells that only when it was created later than
 *     the activity was asked for.
 * V2. No row tells that the instance was purged only to those who have seen one: the row of a new child is written after
 *     its first activities were asked for.
 * V3. An activity that nobody waits for is not. It has lost a race, and code may come back to it; or the time of its call
 *     is over, after which a timer answers the call and no activity can.
 *
 * @param progress `undefined` when the instance has no row
 * @param hadRow a row was there at an earlier look
 */
export function cancellationOf(
  { name, instance, taskId, scheduledAt, timeoutMs = Number.POSITIVE_INFINITY }: ActivityRequest,
  progress: InstanceProgress | undefined,
  hadRow: boolean,
  now: number,
): Cancellation | undefined {
  const { instanceId, executionId } = instance;
  if (progress === undefined) {
    return hadRow ? ended("InstanceNotFound", `the instance '${instanceId}' was purged`) : undefined; // V2
  }
  if (executionId === undefined || progress.executionId === undefined) return undefined;
  if (progress.executionId !== executionId) {
    if (progress.createdTime <= scheduledAt) return undefined; // V1
    return ended(
      "InstanceNotActive",
      `another execution of '${instanceId}' has followed the one that asked for '${name}'`,
    );
  }
  if (isTerminalStatus(progress.runtimeStatus)) {
    return ended("InstanceNotActive", `the instance '${instanceId}' has ended: ${progress.runtimeStatus}`);
  }
  if (!progress.unwantedTasks.includes(taskId)) return undefined;
  if (scheduledAt.getTime() + timeoutMs <= now) {
    return ended("TaskTimeout", `the time of activity '${name}' is over: ${timeoutMs} ms`);
  }
  const text = `the orchestration '${instanceId}' went on without activity '${name}' (${taskId})`;
  return { kind: "unwanted", reason: new DurableError("TaskCancelled", text) }; // V3
}

function ended(code: "InstanceNotActive" | "InstanceNotFound" | "TaskTimeout", text: string): Cancellation {
  return { kind: "ended", reason: new DurableError(code, text) };
}
