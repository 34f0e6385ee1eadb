import type { HistoryEvent } from "../../core/history-event.ts";

export interface RewoundHistory {
  readonly events: readonly HistoryEvent[];
  /** Sub-orchestrations whose failure was taken out; they are to be rewound too. */
  readonly failedChildren: readonly string[];
}

/**
 * Takes the failures out of a failed execution's history, as the storage provider of .NET does: a failed activity and
 * its schedule, a failed child's answer (its creation stays) and the failed completion become generic events, which
 * replay skips.
 */
export function rewindHistory(history: readonly HistoryEvent[]): RewoundHistory {
  const failedTasks = new Set<number>();
  const failedChildIds = new Set<number>();
  for (const event of history) {
    if (event.type === "TaskFailed") failedTasks.add(event.taskScheduledId);
    if (event.type === "SubOrchestrationInstanceFailed") failedChildIds.add(event.taskScheduledId);
  }
  const failedChildren = history.flatMap((event) =>
    event.type === "SubOrchestrationInstanceCreated" && failedChildIds.has(event.eventId) ? [event.instanceId] : [],
  );
  const events = history.map((event): HistoryEvent => {
    const isRewound =
      (event.type === "TaskScheduled" && failedTasks.has(event.eventId)) ||
      event.type === "TaskFailed" ||
      event.type === "SubOrchestrationInstanceFailed" ||
      (event.type === "ExecutionCompleted" && event.orchestrationStatus === "Failed");
    if (!isRewound) return event;
    return { type: "GenericEvent", eventId: event.eventId, timestamp: event.timestamp, data: `Rewound: ${event.type}` };
  });
  return { events, failedChildren };
}
