import type { FailureDetails } from "../core/failure-details.ts";
import type {
  EventRaised,
  ExecutionStarted,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  TaskCompleted,
  TaskFailed,
  TaskScheduled,
  TimerCreated,
  TimerFired,
} from "../core/history-event.ts";
import { formatPatchMark } from "../core/orchestrator-action.ts";

/** Builders of history events for tests. Payloads are values here and JSON text in the event. */
const epoch = Date.UTC(2026, 0, 1);
const header = { eventId: -1, timestamp: new Date(epoch) };

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** The time `seconds` after the one at which built histories begin. */
export function at(seconds: number): Date {
  return new Date(epoch + seconds * 1000);
}

export function episodeStarted(seconds = 0): HistoryEvent {
  return { ...header, type: "OrchestratorStarted", timestamp: at(seconds) };
}

export function episodeCompleted(): HistoryEvent {
  return { ...header, type: "OrchestratorCompleted" };
}

export function executionStarted(
  name: string,
  options: {
    readonly input?: unknown;
    readonly instanceId?: string;
    readonly executionId?: string;
    readonly version?: string;
    readonly parent?: ExecutionStarted["parentInstance"];
  } = {},
): ExecutionStarted {
  return {
    ...header,
    type: "ExecutionStarted",
    orchestrationInstance: {
      instanceId: options.instanceId ?? "instance",
      executionId: options.executionId ?? "execution",
    },
    parentInstance: options.parent,
    name,
    version: options.version,
    input: json(options.input),
    tags: undefined,
    correlation: undefined,
    parentTraceContext: undefined,
    scheduledStartTime: undefined,
    generation: 0,
    generateNewTrace: false,
  };
}

export function taskScheduled(eventId: number, name: string, input?: unknown): TaskScheduled {
  return {
    ...header,
    type: "TaskScheduled",
    eventId,
    name,
    version: undefined,
    input: json(input),
    parentTraceContext: undefined,
    tags: undefined,
  };
}

export function taskCompleted(taskScheduledId: number, result?: unknown): TaskCompleted {
  return { ...header, type: "TaskCompleted", taskScheduledId, result: json(result) };
}

export function taskFailed(taskScheduledId: number, failure: Partial<FailureDetails> = {}): TaskFailed {
  const failureDetails = { errorType: "Error", errorMessage: "failed", isNonRetriable: false, ...failure };
  return {
    ...header,
    type: "TaskFailed",
    taskScheduledId,
    reason: failureDetails.errorMessage,
    details: undefined,
    failureDetails,
  };
}

export function timerCreated(eventId: number, fireAt: Date): TimerCreated {
  return { ...header, type: "TimerCreated", eventId, fireAt };
}

export function timerFired(timerId: number, fireAt: Date): TimerFired {
  return { ...header, type: "TimerFired", timerId, fireAt };
}

export function subOrchestrationCreated(
  eventId: number,
  name: string,
  instanceId: string,
): SubOrchestrationInstanceCreated {
  return {
    ...header,
    type: "SubOrchestrationInstanceCreated",
    eventId,
    name,
    version: undefined,
    instanceId,
    input: undefined,
    clientSpanId: undefined,
    tags: undefined,
  };
}

export function subOrchestrationCompleted(taskScheduledId: number, result?: unknown): HistoryEvent {
  return { ...header, type: "SubOrchestrationInstanceCompleted", taskScheduledId, result: json(result) };
}

export function subOrchestrationFailed(taskScheduledId: number, failure: Partial<FailureDetails> = {}): HistoryEvent {
  return { ...taskFailed(taskScheduledId, failure), type: "SubOrchestrationInstanceFailed" };
}

export function eventRaised(name: string, input?: unknown): EventRaised {
  return { ...header, type: "EventRaised", name, input: json(input), parentTraceContext: undefined };
}

export function eventSent(eventId: number, instanceId: string, name: string): HistoryEvent {
  return { ...header, type: "EventSent", eventId, instanceId, name, input: undefined };
}

export function executionCompleted(
  eventId: number,
  orchestrationStatus: "Completed" | "Failed" | "Terminated",
): HistoryEvent {
  return {
    ...header,
    type: "ExecutionCompleted",
    eventId,
    orchestrationStatus,
    result: undefined,
    failureDetails: undefined,
  };
}

export function executionTerminated(reason?: string): HistoryEvent {
  return { ...header, type: "ExecutionTerminated", input: reason };
}

export function executionSuspended(reason?: string): HistoryEvent {
  return { ...header, type: "ExecutionSuspended", reason };
}

export function executionResumed(reason?: string): HistoryEvent {
  return { ...header, type: "ExecutionResumed", reason };
}

/** The mark that a changed code leaves, see `OrchestrationContext.patched`. */
export function patchMark(patchId: string): HistoryEvent {
  return { ...header, type: "GenericEvent", data: formatPatchMark(patchId) };
}
