import type { FailureDetails } from "./failure-details.ts";
import type { EventRaised, ExecutionResumed, ExecutionSuspended, Tags, TraceContext } from "./history-event.ts";

/** Runs an activity. Recorded as `TaskScheduled`. */
export interface ScheduleTask {
  readonly kind: "ScheduleTask";
  readonly id: number;
  readonly name: string;
  readonly version: string | undefined;
  /** JSON text of the one argument; absent when the activity is called without. */
  readonly input: string | undefined;
  readonly tags: Tags | undefined;
  /** Of the call, for whoever answers it. */
  readonly parentTraceContext?: TraceContext | undefined;
}

/** Wakes the orchestration not before `fireAt`. Recorded as `TimerCreated`. */
export interface CreateTimer {
  readonly kind: "CreateTimer";
  readonly id: number;
  readonly fireAt: Date;
}

/** Starts a child. Recorded as `SubOrchestrationInstanceCreated`. */
export interface CreateSubOrchestration {
  readonly kind: "CreateSubOrchestration";
  readonly id: number;
  readonly name: string;
  readonly version: string | undefined;
  readonly instanceId: string;
  readonly input: string | undefined;
  readonly tags: Tags | undefined;
  /** The child has no parent to answer. */
  readonly fireAndForget: boolean;
  readonly parentTraceContext?: TraceContext | undefined;
}

/** Raises an event on another instance. Recorded as `EventSent`. */
export interface SendEvent {
  readonly kind: "SendEvent";
  readonly id: number;
  readonly instanceId: string;
  readonly name: string;
  readonly input: string | undefined;
  /** Not to be delivered before; absent means at once. */
  readonly deliverAt?: Date | undefined;
}

/** Meant for the instance rather than for one of its executions. */
export type CarryoverEvent = EventRaised | ExecutionSuspended | ExecutionResumed;

/** Ends the execution. Recorded as `ExecutionCompleted`, except for continue-as-new, which starts a new history. */
export interface CompleteOrchestration {
  readonly kind: "CompleteOrchestration";
  readonly id: number;
  readonly status: "Completed" | "Failed" | "Terminated" | "ContinuedAsNew";
  /** Output as JSON text, the reason of a termination as plain text, or the next input of a continue-as-new. */
  readonly result: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
  /** What this execution did not consume and the next one shall receive. */
  readonly carryoverEvents: readonly CarryoverEvent[];
  /** Version of the next execution; absent keeps the present one. */
  readonly newVersion: string | undefined;
}

/** Marks that the execution has met a change of its code. Recorded as a `GenericEvent`, which others ignore. */
export interface RecordPatch {
  readonly kind: "RecordPatch";
  /** Always -1: a mark is no task and takes no number. */
  readonly id: number;
  readonly patchId: string;
}

const patchMark = "durable.patched:";

/** Data of the `GenericEvent` that records a {@link RecordPatch}. */
export function formatPatchMark(patchId: string): string {
  return `${patchMark}${patchId}`;
}

/** Undoes {@link formatPatchMark}; `undefined` for the data of any other event. */
export function readPatchMark(data: string | undefined): string | undefined {
  // Other writers may keep anything here.
  return typeof data === "string" && data.startsWith(patchMark) ? data.slice(patchMark.length) : undefined;
}

/**
 * Data of a `GenericEvent` that comes from outside, such as the reason of a rewind: never a patch mark, whatever it
 * says. Only the engine makes marks.
 */
export function withoutPatchMark(data: string | undefined): string | undefined {
  return readPatchMark(data) === undefined ? data : `reason: ${data}`;
}

/** A decision of an orchestrator, in the order its code made them. */
export type OrchestratorAction =
  | ScheduleTask
  | CreateTimer
  | CreateSubOrchestration
  | SendEvent
  | RecordPatch
  | CompleteOrchestration;
