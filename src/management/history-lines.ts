import { decodeActivityInput } from "../core/activity-input.ts";
import { entityOfInstanceId, formatEntityInstanceId } from "../core/entity-id.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type {
  EventRaised,
  EventSent,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TimerCreated,
} from "../core/history-event.ts";
import { readPatchMark } from "../core/orchestrator-action.ts";
import { isReservedName } from "../core/reserved-names.ts";
import { decodeTaskTags, isFireAndForget } from "../core/task-tags.ts";
import { operationEventName, readAnswer, readRequest, releaseEventName } from "../entities/entity-message.ts";

/** What a line of a history tells of. */
export type HistoryLineKind =
  | "started"
  | "activity"
  | "timer"
  | "sub-orchestration"
  | "entity call"
  | "entity signal"
  | "lock"
  | "release"
  | "event raised"
  | "event sent"
  | "suspended"
  | "resumed"
  | "rewound"
  /** An event that a rewind has taken back; its name is the type that it had. */
  | "undone"
  | "patched"
  | "terminated"
  | "ended";

/** One thing that an instance did, or that was done to it: a call and its answer are one line. */
export interface HistoryLine {
  readonly kind: HistoryLineKind;
  /** Position in the history, from 0; of a call, of its question. */
  readonly event: number;
  /** Position of the answer. */
  readonly answerEvent?: number | undefined;
  /** When it happened; of a call, when it was asked for. */
  readonly time: Date;
  /** Of a function, event, entity or patch. */
  readonly name?: string | undefined;
  /** Number of the action. */
  readonly taskId?: number | undefined;
  /** Of a sub-orchestration, or of whom an event was sent to. */
  readonly instanceId?: string | undefined;
  /** Of an activity; from 2 on. */
  readonly attempt?: number | undefined;
  /** When a timer is due. */
  readonly fireAt?: Date | undefined;
  /** When the answer came; absent while there is none, and for what has none. */
  readonly answeredAt?: Date | undefined;
  /** Of a call or the end: how it has ended. Absent while a call is open. */
  readonly outcome?: string | undefined;
  readonly failure?: FailureDetails | undefined;
  /** JSON text; the plain text of a reason. */
  readonly input?: string | undefined;
  /** JSON text; the plain text of the end of an instance that was terminated. */
  readonly result?: string | undefined;
}

type Line = { -readonly [Member in keyof HistoryLine]: HistoryLine[Member] };
/** What one event says by itself. */
type Told = Omit<Line, "event">;

/** How a rewind marks what it has taken back, with us and with .NET. */
const undoneMark = "Rewound: ";

/** The lines of a history, in the order in which things began. The marks between episodes are left out. */
export function describeHistory(history: readonly HistoryEvent[]): readonly HistoryLine[] {
  const lines: Line[] = [];
  /** Open calls by number, and those of entities by the id of their request. */
  const calls = new Map<number | string, { readonly line: Line; readonly type: string }>();
  for (const [position, event] of history.entries()) {
    const answered = answer(event, calls);
    if (answered !== undefined) {
      answered.answerEvent = position;
      continue;
    }
    const told = describeEvent(event);
    if (told === undefined) continue;
    const line: Line = { ...told, event: position };
    lines.push(line);
    const key = keyOf(event);
    if (key !== undefined) calls.set(key, { line, type: event.type });
  }
  return lines;
}

type Calls = Map<number | string, { readonly line: Line; readonly type: string }>;

/** The line of the question that the event has completed; `undefined` when it is no answer. */
function answer(event: HistoryEvent, calls: Calls): Line | undefined {
  switch (event.type) {
    case "TaskCompleted":
      return settle(event, calls, event.taskScheduledId, "TaskScheduled", {
        outcome: "completed",
        result: event.result,
      });
    case "SubOrchestrationInstanceCompleted": {
      const told = { outcome: "completed", result: event.result };
      return settle(event, calls, event.taskScheduledId, "SubOrchestrationInstanceCreated", told);
    }
    case "TaskFailed":
      return settle(event, calls, event.taskScheduledId, "TaskScheduled", {
        outcome: "failed",
        failure: failureOf(event),
      });
    case "SubOrchestrationInstanceFailed": {
      const told = { outcome: "failed", failure: failureOf(event) };
      return settle(event, calls, event.taskScheduledId, "SubOrchestrationInstanceCreated", told);
    }
    case "TimerFired":
      return settle(event, calls, event.timerId, "TimerCreated", { outcome: "fired" });
    case "EventRaised":
      return settle(event, calls, event.name.toLowerCase(), "EventSent", readOutcome(event.input));
    default:
      return undefined;
  }
}

function settle(
  { timestamp }: HistoryEvent,
  calls: Calls,
  key: number | string,
  type: string,
  told: Pick<Line, "outcome" | "result" | "failure">,
): Line | undefined {
  const call = calls.get(key);
  // A number may have been given to another question by an episode that was repeated after a crash.
  if (call?.type !== type) return undefined;
  calls.delete(key);
  return Object.assign(call.line, { answeredAt: timestamp, ...told });
}

/** Of an operation of an entity, or of a lock request. */
function readOutcome(input: string | undefined): Pick<Line, "outcome" | "result" | "failure"> {
  const told = readAnswer(input);
  if (told?.kind === "failed") return { outcome: "failed", failure: told.failureDetails };
  return { outcome: "completed", result: told?.result };
}

function keyOf(event: HistoryEvent): number | string | undefined {
  if (event.type === "TaskScheduled" || event.type === "TimerCreated") return event.eventId;
  if (event.type === "SubOrchestrationInstanceCreated") return isFireAndForget(event.tags) ? undefined : event.eventId;
  return event.type === "EventSent" ? requestIdOf(event) : undefined;
}

function requestIdOf({ instanceId, name, input }: EventSent): string | undefined {
  if (typeof instanceId !== "string" || entityOfInstanceId(instanceId) === undefined) return undefined;
  if (name !== operationEventName) return undefined;
  const request = readRequest(input);
  return request === undefined || request.isSignal ? undefined : request.id.toLowerCase();
}

function describeEvent(event: HistoryEvent): Told | undefined {
  const time = event.timestamp;
  switch (event.type) {
    case "OrchestratorStarted":
    case "OrchestratorCompleted":
    case "HistoryState":
      return undefined;
    case "ExecutionStarted":
      return { kind: "started", time, name: event.name, input: event.input };
    case "TaskScheduled":
    case "TimerCreated":
    case "SubOrchestrationInstanceCreated":
      return describeCall(event);
    case "EventSent":
      return describeSent(event);
    case "EventRaised":
      return describeRaised(event);
    case "ExecutionSuspended":
      return { kind: "suspended", time, input: event.reason };
    case "ExecutionResumed":
      return { kind: "resumed", time, input: event.reason };
    case "ExecutionRewound":
      return { kind: "rewound", time, input: event.reason };
    case "ExecutionTerminated":
      return { kind: "terminated", time, input: event.input };
    case "GenericEvent": {
      const patchId = readPatchMark(event.data);
      if (patchId !== undefined) return { kind: "patched", time, name: patchId };
      const undone = event.data?.startsWith(undoneMark) ? event.data.slice(undoneMark.length) : undefined;
      return undone === undefined
        ? { kind: "rewound", time, input: event.data }
        : { kind: "undone", time, name: undone };
    }
    case "ExecutionCompleted":
    case "ContinueAsNew": {
      const { orchestrationStatus: outcome, result, failureDetails: failure } = event;
      if (outcome !== "Failed") return { kind: "ended", time, outcome, result };
      return { kind: "ended", time, outcome, failure: failure ?? failureOf({ reason: result }) };
    }
    // An answer whose question the history does not hold.
    default:
      return undefined;
  }
}

function describeCall(call: TaskScheduled | TimerCreated | SubOrchestrationInstanceCreated): Told {
  const { timestamp: time, eventId: taskId } = call;
  switch (call.type) {
    case "TaskScheduled": {
      const { attempt } = decodeTaskTags(call.tags);
      const input = decodeActivityInput(call.input);
      return { kind: "activity", time, taskId, name: call.name, input, ...(attempt > 1 && { attempt }) };
    }
    case "TimerCreated":
      return { kind: "timer", time, taskId, fireAt: call.fireAt };
    case "SubOrchestrationInstanceCreated": {
      const { name, instanceId, input } = call;
      const outcome = isFireAndForget(call.tags) ? { outcome: "answers nobody" } : {};
      return { kind: "sub-orchestration", time, taskId, name, instanceId, input, ...outcome };
    }
  }
}

function describeSent(event: EventSent): Told {
  const { timestamp: time, eventId: taskId, instanceId, name, input } = event;
  const isEntity = typeof instanceId === "string" && entityOfInstanceId(instanceId) !== undefined;
  if (isEntity && name === releaseEventName) return { kind: "release", time, taskId, name: instanceId };
  const request = isEntity ? readRequest(input) : undefined;
  if (request === undefined) return { kind: "event sent", time, taskId, name, instanceId, input };
  const { lockSet, isSignal, operation } = request;
  if (lockSet !== undefined) {
    return { kind: "lock", time, taskId, name: lockSet.map(formatEntityInstanceId).join(", ") };
  }
  const kind = isSignal ? "entity signal" : "entity call";
  return { kind, time, taskId, name: `${instanceId} ${operation ?? ""}`.trimEnd(), input: request.input };
}

function describeRaised({ timestamp: time, name, input }: EventRaised): Told | undefined {
  return isReservedName(name) ? undefined : { kind: "event raised", time, name, input };
}

/** Other SDKs may write a text only. */
function failureOf(event: {
  readonly failureDetails?: FailureDetails | undefined;
  readonly reason?: string | undefined;
  readonly details?: string | undefined;
}): FailureDetails {
  const { failureDetails, reason = "", details } = event;
  return failureDetails ?? { errorType: "Error", errorMessage: reason, stackTrace: details, isNonRetriable: false };
}
