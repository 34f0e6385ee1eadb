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

/** Events that the extension marks as played once they are of an earlier episode. */
const playedTypes: ReadonlySet<HistoryEvent["type"]> = new Set([
  "ExecutionStarted",
  "ExecutionTerminated",
  "TaskCompleted",
  "TaskFailed",
  "SubOrchestrationInstanceCompleted",
  "SubOrchestrationInstanceFailed",
  "TimerFired",
  "EventRaised",
  "ExecutionSuspended",
  "ExecutionResumed",
]);

/**
 * The history of an execution as the extension gives it to the library. Members and their order are the extension's.
 *
 * @param pastCount how many of the events are of earlier episodes
 */
export function formatClassicHistory(events: readonly HistoryEvent[], pastCount: number): readonly object[] {
  const names = new Map<number, string>();
  const requests = readRequests(events);
  const formatted: object[] = [];
  /** Answers that have come before their questions: the library does not look for those. */
  const early = new Map<number, object[]>();
  for (const [index, event] of events.entries()) {
    if (event.type === "TaskScheduled" || event.type === "SubOrchestrationInstanceCreated") {
      names.set(event.eventId, event.name);
    }
    const askedAt = event.type === "EventRaised" ? requests.get(event.name.toLowerCase()) : undefined;
    const text = formatEvent(event, index < pastCount, names, askedAt !== undefined);
    if (askedAt === undefined || askedAt < index) formatted.push(text);
    else early.set(askedAt, [...(early.get(askedAt) ?? []), text]);
    formatted.push(...(early.get(index) ?? []));
  }
  return formatted;
}

/** Where history has the requests to entities, by their ids in lower case. */
function readRequests(events: readonly HistoryEvent[]): ReadonlyMap<string, number> {
  const requests = new Map<string, number>();
  for (const [index, event] of events.entries()) {
    const id = event.type === "EventSent" ? readRequestId(event.input)?.toLowerCase() : undefined;
    // The release of a lock names the request that it was granted by.
    if (id !== undefined && !requests.has(id)) requests.set(id, index);
  }
  return requests;
}

function readRequestId(input: string | undefined): string | undefined {
  try {
    const { id } = JSON.parse(input ?? "{}") as { readonly id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    // Not to an entity.
    return undefined;
  }
}

function formatEvent(
  event: HistoryEvent,
  isPast: boolean,
  names: ReadonlyMap<number, string>,
  isAnswer: boolean,
): object {
  const { eventId, timestamp, type } = event;
  const IsPlayed = isPast && playedTypes.has(type);
  const common = { EventId: eventId, IsPlayed, Timestamp: timestamp.toISOString() };
  const members = { EventType: eventNumbers[type], ...formatMembers(event, names, isAnswer), ...common };
  if (event.type !== "ExecutionStarted") return members;
  const { instanceId, executionId } = event.orchestrationInstance;
  return { OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId }, ...members };
}

function formatMembers(
  event: HistoryEvent,
  names: ReadonlyMap<number, string>,
  isAnswer: boolean,
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
  const { statusCode, headers, content, contentEncoding } = JSON.parse(result) as Record<string, unknown>;
  return JSON.stringify({ statusCode, headers, content, contentEncoding });
}
