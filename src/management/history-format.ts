import { decodeActivityInput } from "../core/activity-input.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type {
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TraceContext,
} from "../core/history-event.ts";

/** An event of a history as status queries show it: Pascal-case names, without ids and bookkeeping. */
export type HistoryEntry = Readonly<Record<string, unknown>> & {
  /** What has happened: `TaskCompleted`, say. */
  readonly EventType: string;
};

export interface HistoryFormatOptions {
  /** Shows what orchestrations, activities and events were given. */
  readonly showInput: boolean;
  /** Shows results. */
  readonly showOutput: boolean;
  /** What is shown of the JSON text that an orchestration, a call or an event was given. */
  readonly readInput: (text: string) => unknown;
  /** What is shown of the JSON text of a result. */
  readonly readResult: (text: string) => unknown;
}

type Fields = Record<string, unknown>;
type Call = TaskScheduled | SubOrchestrationInstanceCreated;

/**
 * A history as the official management API shows it, member by member in its order: a call and its answer are one entry,
 * and the marks between episodes are left out. What an event could have and has not is `null`.
 */
export function formatHistory(events: readonly HistoryEvent[], options: HistoryFormatOptions): HistoryEntry[] {
  const calls = new Map<number, Call>();
  const answered = new Set<number>();
  for (const event of events) {
    if (event.type === "TaskScheduled" || event.type === "SubOrchestrationInstanceCreated") {
      calls.set(event.eventId, event);
    } else if ("taskScheduledId" in event) answered.add(event.taskScheduledId);
  }

  const entries: HistoryEntry[] = [];
  for (const event of events) {
    if (calls.get(event.eventId) === event && answered.has(event.eventId)) continue;
    const call = "taskScheduledId" in event ? calls.get(event.taskScheduledId) : undefined;
    const fields = describeEvent(event, options);
    if (fields === undefined) continue;
    const type = { EventType: event.type };
    entries.push(
      withoutAbsent({
        // The one event whose own member comes first.
        ...(event.type === "GenericEvent" ? { ...fields, ...type } : { ...type, ...fields }),
        Timestamp: event.timestamp.toISOString(),
        ...(event.type === "ExecutionStarted" && { FunctionName: event.name }),
        ...(call && { ScheduledTime: formatOffsetTime(call.timestamp), ...describeCall(call, options) }),
      }),
    );
  }
  return entries;
}

/** What an entry says besides its type and times; `undefined` for events that are not shown. */
function describeEvent(event: HistoryEvent, options: HistoryFormatOptions): Fields | undefined {
  const output = (text: string | undefined) => (options.showOutput ? read(text, options.readResult) : undefined);

  switch (event.type) {
    case "OrchestratorStarted":
    case "OrchestratorCompleted":
    case "HistoryState":
      return undefined;
    case "ExecutionStarted":
      return {
        Input: inputOf(event.input, options),
        Correlation: event.correlation ?? null,
        ParentTraceContext: describeTrace(event.parentTraceContext),
        ScheduledStartTime: event.scheduledStartTime?.toISOString() ?? null,
        Generation: event.generation ?? null,
        GenerateNewTrace: event.generateNewTrace,
      };
    case "ExecutionCompleted":
    case "ContinueAsNew":
      return {
        OrchestrationStatus: event.orchestrationStatus,
        Result: output(event.result),
        FailureDetails: describeFailure(event.failureDetails),
      };
    case "ExecutionTerminated":
      return { Input: options.showInput ? (event.input ?? null) : undefined };
    case "ExecutionSuspended":
    case "ExecutionResumed":
    case "ExecutionRewound":
      return { Reason: event.reason ?? null };
    case "TaskScheduled":
    case "SubOrchestrationInstanceCreated":
      return describeCall(event, options);
    case "TaskCompleted":
    case "SubOrchestrationInstanceCompleted":
      return { Result: output(event.result) };
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed":
      return {
        Reason: event.reason ?? null,
        Details: event.details ?? null,
        FailureDetails: describeFailure(event.failureDetails),
      };
    case "TimerCreated":
    case "TimerFired":
      return { FireAt: event.fireAt.toISOString() };
    case "EventSent":
      return { InstanceId: event.instanceId, Name: event.name, Input: inputOf(event.input, options) };
    case "EventRaised":
      return {
        Name: event.name,
        Input: inputOf(event.input, options),
        ParentTraceContext: describeTrace(event.parentTraceContext),
      };
    case "GenericEvent":
      return { Data: event.data ?? null };
  }
}

function describeCall(call: Call, options: HistoryFormatOptions): Fields {
  const stored = call.type === "TaskScheduled" ? decodeActivityInput(call.input) : call.input;
  return {
    FunctionName: call.name,
    InstanceId: call.type === "SubOrchestrationInstanceCreated" ? call.instanceId : undefined,
    Input: inputOf(stored, options),
  };
}

function inputOf(text: string | undefined, { showInput, readInput }: HistoryFormatOptions): unknown {
  return showInput ? read(text, readInput) : undefined;
}

function read(text: string | undefined, readText: (text: string) => unknown): unknown {
  return text === undefined ? null : (readText(text) ?? null);
}

/** As .NET writes a `DateTimeOffset`. */
function formatOffsetTime(time: Date): string {
  return time.toISOString().replace("Z", "+00:00");
}

function describeTrace(context: TraceContext | undefined): Fields | null {
  return context === undefined ? null : { TraceParent: context.traceParent, TraceState: context.traceState ?? null };
}

function describeFailure(failure: FailureDetails | undefined): Fields | null {
  if (failure === undefined) return null;
  return withoutAbsent({
    ErrorType: failure.errorType,
    ErrorMessage: failure.errorMessage,
    StackTrace: failure.stackTrace,
    InnerFailure: failure.innerFailure && describeFailure(failure.innerFailure),
    IsNonRetriable: failure.isNonRetriable,
    Properties: failure.properties,
  });
}

function withoutAbsent<T extends Fields>(fields: T): T {
  for (const [name, value] of Object.entries(fields)) if (value === undefined) delete fields[name];
  return fields;
}
