import { decodeActivityInput } from "../core/activity-input.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { HistoryEvent, SubOrchestrationInstanceCreated, TaskScheduled } from "../core/history-event.ts";

/** An event of a history as status queries show it: Pascal-case names, without ids and bookkeeping. */
export type HistoryEntry = Readonly<Record<string, unknown>> & { readonly EventType: string };

export interface HistoryFormatOptions {
  /** Shows what orchestrations, activities and events were given. */
  readonly showInput: boolean;
  /** Shows results, and the details of failures. */
  readonly showOutput: boolean;
  /** Turns the JSON text of a payload into what is shown. */
  readonly readPayload: (text: string | undefined) => unknown;
}

/**
 * A history as the official management API shows it: a call and its answer are one entry, and the marks between
 * episodes are left out.
 */
export function formatHistory(events: readonly HistoryEvent[], options: HistoryFormatOptions): HistoryEntry[] {
  const calls = new Map<number, TaskScheduled | SubOrchestrationInstanceCreated>();
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
    entries.push(
      withoutAbsent({
        EventType: event.type,
        Timestamp: event.timestamp.toISOString(),
        ...(call && { ScheduledTime: call.timestamp.toISOString(), ...describeCall(call, options) }),
        ...fields,
      }),
    );
  }
  return entries;
}

type Fields = Record<string, unknown>;

/** What an entry says besides its type and time; `undefined` for events that are not shown. */
function describeEvent(event: HistoryEvent, options: HistoryFormatOptions): Fields | undefined {
  const input = (text: string | undefined) => (options.showInput ? options.readPayload(text) : undefined);
  const output = (text: string | undefined) => (options.showOutput ? options.readPayload(text) : undefined);

  switch (event.type) {
    case "OrchestratorStarted":
    case "OrchestratorCompleted":
    case "HistoryState":
      return undefined;
    case "ExecutionStarted":
      return {
        FunctionName: event.name,
        Input: input(event.input),
        ScheduledStartTime: event.scheduledStartTime?.toISOString(),
      };
    case "ExecutionCompleted":
    case "ContinueAsNew":
      return {
        OrchestrationStatus: event.orchestrationStatus,
        Result: output(event.result),
        FailureDetails: options.showOutput ? describeFailure(event.failureDetails) : undefined,
      };
    case "ExecutionTerminated":
      return { Input: options.showInput ? event.input : undefined };
    case "ExecutionSuspended":
    case "ExecutionResumed":
    case "ExecutionRewound":
      return { Reason: event.reason };
    case "TaskScheduled":
    case "SubOrchestrationInstanceCreated":
      return describeCall(event, options);
    case "TaskCompleted":
    case "SubOrchestrationInstanceCompleted":
      return { Result: output(event.result) };
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed":
      return {
        Reason: event.reason,
        Details: options.showOutput ? event.details : undefined,
        FailureDetails: options.showOutput ? describeFailure(event.failureDetails) : undefined,
      };
    case "TimerCreated":
    case "TimerFired":
      return { FireAt: event.fireAt.toISOString() };
    case "EventSent":
      return { InstanceId: event.instanceId, Name: event.name, Input: input(event.input) };
    case "EventRaised":
      return { Name: event.name, Input: input(event.input) };
    case "GenericEvent":
      return { Data: event.data };
  }
}

function describeCall(call: TaskScheduled | SubOrchestrationInstanceCreated, options: HistoryFormatOptions): Fields {
  const stored = call.type === "TaskScheduled" ? decodeActivityInput(call.input) : call.input;
  return {
    FunctionName: call.name,
    InstanceId: call.type === "SubOrchestrationInstanceCreated" ? call.instanceId : undefined,
    Input: options.showInput ? options.readPayload(stored) : undefined,
  };
}

function describeFailure(failure: FailureDetails | undefined): Fields | undefined {
  if (failure === undefined) return undefined;
  return withoutAbsent({
    ErrorType: failure.errorType,
    ErrorMessage: failure.errorMessage,
    StackTrace: failure.stackTrace,
    InnerFailure: describeFailure(failure.innerFailure),
    IsNonRetriable: failure.isNonRetriable,
    Properties: failure.properties,
  });
}

function withoutAbsent<T extends Fields>(fields: T): T {
  for (const [name, value] of Object.entries(fields)) if (value === undefined) delete fields[name];
  return fields;
}
