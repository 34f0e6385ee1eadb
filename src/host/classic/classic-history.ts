import type { FailureDetails } from "../../core/failure-details.ts";
import type { HistoryEvent, ParentInstance } from "../../core/history-event.ts";
import { httpPollOrchestratorName } from "../../core/reserved-names.ts";
import { formatAnswerForLibrary } from "./classic-entity-answer.ts";
import { describeClassicFailure } from "./classic-failure.ts";

/** Event types by their numbers, as the library reads them. */
const eventNumbers: Readonly<Record<HistoryEvent["type"], number>> = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ContinueAsNew: 16,
  GenericEvent: 17,
  HistoryState: 18,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
  ExecutionRewound: 21,
};

/**
 * The history of an execution as the extension gives it to the library. Members and their order are the extension's.
 *
 * @param pastCount how many of the events are of earlier episodes
 */
export function formatClassicHistory(events: readonly HistoryEvent[], pastCount: number): readonly object[] {
  const names = new Map<number, string>();
  const requests = new Set<string>();
  return events.map((event, index) => {
    if (event.type === "TaskScheduled" || event.type === "SubOrchestrationInstanceCreated") {
      names.set(event.eventId, event.name);
    } else if (event.type === "EventSent") addRequest(requests, event.input);
    const { eventId, timestamp, type } = event;
    const common = { EventId: eventId, IsPlayed: index < pastCount, Timestamp: timestamp.toISOString() };
    const EventType = eventNumbers[type];
    if (event.type === "ExecutionStarted") {
      const { instanceId, executionId } = event.orchestrationInstance;
      const OrchestrationInstance = { InstanceId: instanceId, ExecutionId: executionId };
      return { OrchestrationInstance, EventType, ...formatMembers(event, names, requests), ...common };
    }
    return { EventType, ...formatMembers(event, names, requests), ...common };
  });
}

function addRequest(requests: Set<string>, input: string | undefined): void {
  try {
    const { id } = JSON.parse(input ?? "null") as { readonly id?: unknown };
    if (typeof id === "string") requests.add(id.toLowerCase());
  } catch {
    // Not to an entity.
  }
}

function formatMembers(
  event: HistoryEvent,
  names: ReadonlyMap<number, string>,
  requests: ReadonlySet<string>,
): Record<string, unknown> {
  switch (event.type) {
    case "ExecutionStarted":
      return {
        ParentInstance: formatParent(event.parentInstance),
        Name: event.name,
        Version: event.version ?? null,
        Input: event.input ?? null,
        Tags: event.tags ?? null,
        Correlation: event.correlation ?? null,
        ParentTraceContext: null,
        ScheduledStartTime: event.scheduledStartTime?.toISOString() ?? null,
        Generation: event.generation ?? null,
        GenerateNewTrace: event.generateNewTrace,
      };
    case "ExecutionTerminated":
      return { Input: event.input ?? null };
    case "ExecutionSuspended":
    case "ExecutionResumed":
    case "ExecutionRewound":
      return { Reason: event.reason ?? null };
    case "TaskScheduled":
      return { Name: event.name, Version: event.version ?? "", Input: null, ParentTraceContext: null, Tags: null };
    case "TaskCompleted":
      return { TaskScheduledId: event.taskScheduledId, Result: event.result ?? null };
    case "SubOrchestrationInstanceCompleted": {
      const isHttp = names.get(event.taskScheduledId) === httpPollOrchestratorName;
      const result = isHttp ? formatHttpResult(event.result) : event.result;
      return { TaskScheduledId: event.taskScheduledId, Result: result ?? null };
    }
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed": {
      const isActivity = event.type === "TaskFailed";
      const name = names.get(event.taskScheduledId) ?? "";
      const { reason, details, failureDetails } = describeClassicFailure(
        event,
        isActivity ? "Activity" : "Orchestrator",
        name,
      );
      return {
        TaskScheduledId: event.taskScheduledId,
        Reason: reason,
        Details: details,
        FailureDetails: failureDetails === undefined ? null : formatFailureDetails(failureDetails),
      };
    }
    case "SubOrchestrationInstanceCreated":
      return {
        Name: event.name,
        Version: event.version ?? null,
        InstanceId: event.instanceId,
        Input: null,
        ClientSpanId: null,
        Tags: null,
      };
    case "TimerCreated":
      return { FireAt: event.fireAt.toISOString() };
    case "TimerFired":
      return { TimerId: event.timerId, FireAt: event.fireAt.toISOString() };
    case "EventSent":
      return { InstanceId: event.instanceId, Name: event.name, Input: event.input ?? null };
    case "EventRaised": {
      const isAnswer = requests.has(event.name.toLowerCase());
      const input = isAnswer ? formatAnswerForLibrary(event.input) : event.input;
      return { Name: event.name, Input: input ?? null, ParentTraceContext: null };
    }
    default:
      return {};
  }
}

function formatParent(parent: ParentInstance | undefined): object | null {
  if (parent === undefined) return null;
  const { instanceId, executionId } = parent.orchestrationInstance;
  return {
    Name: parent.name,
    OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId ?? null },
    TaskScheduleId: parent.taskScheduleId,
    Version: parent.version ?? null,
  };
}

function formatFailureDetails(details: FailureDetails): object {
  const { errorType, errorMessage, stackTrace, innerFailure, isNonRetriable, properties } = details;
  return {
    ErrorType: errorType,
    ErrorMessage: errorMessage,
    StackTrace: stackTrace ?? null,
    InnerFailure: innerFailure === undefined ? null : formatFailureDetails(innerFailure),
    IsNonRetriable: isNonRetriable,
    Properties: properties ?? null,
  };
}

/** What the extension gives: our poller knows more of an answer. */
function formatHttpResult(result: string | undefined): string | undefined {
  if (result === undefined) return undefined;
  const { statusCode, headers, content } = JSON.parse(result) as Record<string, unknown>;
  return JSON.stringify({ statusCode, headers, content });
}
