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

// Builders of history events for tests. Payloads are values here and JSON text in the event.

const epoch = Date.UTC(2026, 0, 1);
const header = { eventId: -1, timestamp: new Date(epoch) };

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/**
 * The time `seconds` after the one at which built histories begin.
 *
 * @example
 * await replay(app, [
 *   episodeStarted(),
 *   executionStarted("hello", { input: "Tokyo" }),
 *   taskScheduled(0, "sayHello", "Tokyo"),
 *   episodeCompleted(),
 *   episodeStarted(5),
 *   taskCompleted(0, "Hello, Tokyo!"),
 *   timerCreated(1, at(65)),
 * ]);
 */
export function at(seconds: number): Date {
  return new Date(epoch + seconds * 1000);
}

/** `OrchestratorStarted`, so many seconds after the beginning of the history. */
export function episodeStarted(seconds = 0): HistoryEvent {
  return { ...header, type: "OrchestratorStarted", timestamp: at(seconds) };
}

/** `OrchestratorCompleted`. */
export function episodeCompleted(): HistoryEvent {
  return { ...header, type: "OrchestratorCompleted" };
}

/** `ExecutionStarted` of an orchestration, with an input as a value. */
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

/** `TaskScheduled` of an activity, with an input as a value. */
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

/** `TaskCompleted`, with a result as a value. */
export function taskCompleted(taskScheduledId: number, result?: unknown): TaskCompleted {
  return { ...header, type: "TaskCompleted", taskScheduledId, result: json(result) };
}

/** `TaskFailed`, with a failure of which parts may be left out. */
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

/** `TimerCreated`. */
export function timerCreated(eventId: number, fireAt: Date): TimerCreated {
  return { ...header, type: "TimerCreated", eventId, fireAt };
}

/** `TimerFired`. */
export function timerFired(timerId: number, fireAt: Date): TimerFired {
  return { ...header, type: "TimerFired", timerId, fireAt };
}

/** `SubOrchestrationInstanceCreated`. */
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

/** `SubOrchestrationInstanceCompleted`, with an output as a value. */
export function subOrchestrationCompleted(taskScheduledId: number, result?: unknown): HistoryEvent {
  return { ...header, type: "SubOrchestrationInstanceCompleted", taskScheduledId, result: json(result) };
}

/** `SubOrchestrationInstanceFailed`, with a failure of which parts may be left out. */
export function subOrchestrationFailed(taskScheduledId: number, failure: Partial<FailureDetails> = {}): HistoryEvent {
  return { ...taskFailed(taskScheduledId, failure), type: "SubOrchestrationInstanceFailed" };
}

/** `EventRaised`, with a payload as a value. */
export function eventRaised(name: string, input?: unknown): EventRaised {
  return { ...header, type: "EventRaised", name, input: json(input), parentTraceContext: undefined };
}

/** `EventSent`. */
export function eventSent(eventId: number, instanceId: string, name: string): HistoryEvent {
  return { ...header, type: "EventSent", eventId, instanceId, name, input: undefined };
}

/** `ExecutionCompleted`. */
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

/** `ExecutionTerminated`. */
export function executionTerminated(reason?: string): HistoryEvent {
  return { ...header, type: "ExecutionTerminated", input: reason };
}

/** `ExecutionSuspended`. */
export function executionSuspended(reason?: string): HistoryEvent {
  return { ...header, type: "ExecutionSuspended", reason };
}

/** `ExecutionResumed`. */
export function executionResumed(reason?: string): HistoryEvent {
  return { ...header, type: "ExecutionResumed", reason };
}

/** The mark that a changed code leaves, see `OrchestrationContext.patched`. */
export function patchMark(patchId: string): HistoryEvent {
  return { ...header, type: "GenericEvent", data: formatPatchMark(patchId) };
}
