import { clone, create } from "@bufbuild/protobuf";
import type { HistoryEvent } from "../../core/history-event.ts";
import { planRewind } from "../../engine/plan-rewind.ts";
import {
  type ExecutionStartedEvent,
  ExecutionStartedEventSchema,
  OrchestrationInstanceSchema,
  type HistoryEvent as WireHistoryEvent,
} from "../proto/orchestrator_service_pb.ts";

/** A failed execution that the server wants rewound. A rewind that was done already is but a wake-up. */
export function isRewindRequest(
  pastEvents: readonly WireHistoryEvent[],
  newEvents: readonly WireHistoryEvent[],
): boolean {
  return has(newEvents, "executionRewound") && has(pastEvents, "executionCompleted");
}

/**
 * The history of a failed execution as if nothing had failed, for the server to keep and to run again.
 *
 * W1. The failures that ended it are gone, with the activities that failed and those that nobody has answered: the code
 *     asks for them again, under their numbers. What the code has handled stays, as do the decisions that followed.
 * W2. A failed child loses its failure and keeps its creation: the server rewinds it, and its parent waits again.
 * W3. The end is gone, and the execution gets a new id; that of a child also learns the new id of its parent.
 * W4. All else stays, the rewind itself included, in order.
 *
 * @param past what `pastEvents` say, one for one
 * @param executionId the new one
 */
export function rewindHistory(
  pastEvents: readonly WireHistoryEvent[],
  past: readonly HistoryEvent[],
  newEvents: readonly WireHistoryEvent[],
  executionId: string,
): readonly WireHistoryEvent[] {
  const undone = new Set(planRewind(past).undone); // W1, W2
  const kept = pastEvents.filter((event, index) => !undone.has(index) && !isEnd(event)); // W3
  const parentExecutionId = findParentExecutionId(newEvents);
  return [...kept, ...newEvents].map((event) => {
    const { eventType } = event;
    return eventType.case === "executionStarted"
      ? restart(event, eventType.value, executionId, parentExecutionId) // W3
      : event; // W4
  });
}

function isEnd({ eventType }: WireHistoryEvent): boolean {
  return eventType.case === "executionCompleted";
}

/** A child is told under which id its parent goes on. */
function findParentExecutionId(newEvents: readonly WireHistoryEvent[]): string | undefined {
  for (const { eventType } of newEvents) {
    if (eventType.case === "executionRewound") return eventType.value.parentExecutionId || undefined;
  }
  return undefined;
}

function restart(
  event: WireHistoryEvent,
  started: ExecutionStartedEvent,
  executionId: string,
  parentExecutionId: string | undefined,
): WireHistoryEvent {
  const value = clone(ExecutionStartedEventSchema, started);
  value.orchestrationInstance ??= create(OrchestrationInstanceSchema);
  value.orchestrationInstance.executionId = executionId;
  if (value.parentInstance !== undefined && parentExecutionId !== undefined) {
    value.parentInstance.orchestrationInstance ??= create(OrchestrationInstanceSchema);
    value.parentInstance.orchestrationInstance.executionId = parentExecutionId;
  }
  return { ...event, eventType: { case: "executionStarted", value } };
}

function has(events: readonly WireHistoryEvent[], type: WireHistoryEvent["eventType"]["case"]): boolean {
  return events.some(({ eventType }) => eventType.case === type);
}
