import { DurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";

/**
 * Checks one event before it is applied. Histories come from storage, which may be damaged and which others write too;
 * one that cannot be understood fails its instance with the reason, and nothing else.
 *
 * @throws DurableError `CorruptData`
 */
export function assertSoundEvent(event: HistoryEvent, position: number): void {
  const problem = isValidDate(event.timestamp) ? describeProblem(event) : "has no valid timestamp";
  if (problem === undefined) return;
  throw new DurableError("CorruptData", `the history cannot be read: event ${position} (${event.type}) ${problem}`);
}

/** @throws DurableError `CorruptData` always */
export function refuseEvent(event: HistoryEvent, position: number, problem: string): never {
  throw new DurableError("CorruptData", `the history cannot be read: event ${position} (${event.type}) ${problem}`);
}

function describeProblem(event: HistoryEvent): string | undefined {
  // The most frequent first.
  switch (event.type) {
    case "OrchestratorStarted":
    case "OrchestratorCompleted":
      return undefined;
    case "TaskScheduled":
      return describeNumber("eventId", event.eventId) ?? describeName(event.name);
    case "TaskCompleted":
    case "SubOrchestrationInstanceCompleted":
      return describeNumber("taskScheduledId", event.taskScheduledId) ?? describePayload("result", event.result);
    case "ExecutionStarted":
      return describeName(event.name) ?? describePayload("input", event.input);
    case "SubOrchestrationInstanceCreated":
    case "EventSent":
      return (
        describeNumber("eventId", event.eventId) ??
        describeName(event.name) ??
        (typeof event.instanceId === "string" ? undefined : "has no instance id")
      );
    case "TimerCreated":
      return describeNumber("eventId", event.eventId) ?? describeDate("fireAt", event.fireAt);
    case "TimerFired":
      return describeNumber("timerId", event.timerId) ?? describeDate("fireAt", event.fireAt);
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed":
      return describeNumber("taskScheduledId", event.taskScheduledId) ?? describePayload("reason", event.reason);
    case "EventRaised":
      return describeName(event.name) ?? describePayload("input", event.input);
    case "GenericEvent":
      return describePayload("data", event.data);
    case "ExecutionTerminated":
      return describePayload("input", event.input);
    case "ExecutionCompleted":
    case "ExecutionSuspended":
    case "ExecutionResumed":
    case "ExecutionRewound":
    case "ContinueAsNew":
    case "HistoryState":
      return undefined;
    default:
      return "is of no known type";
  }
}

function describeName(name: unknown): string | undefined {
  return typeof name === "string" && name !== "" ? undefined : "has no name";
}

function describeNumber(member: string, value: unknown): string | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return undefined;
  return `has ${String(value)} as its ${member}, which must be a whole number from 0 on`;
}

function describeDate(member: string, value: unknown): string | undefined {
  return isValidDate(value) ? undefined : `has no valid ${member}`;
}

function describePayload(member: string, value: unknown): string | undefined {
  return value === undefined || typeof value === "string" ? undefined : `has a ${typeof value} as its ${member}`;
}

function isValidDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}
