import type { HistoryEvent } from "../../core/history-event.ts";
import { HistorySummary } from "../../engine/history-summary.ts";
import { isFailedChild, planRewind } from "../../engine/plan-rewind.ts";

export interface RewoundHistory {
  readonly events: readonly HistoryEvent[];
  /** Sub-orchestrations that failed and are to be rewound too. */
  readonly failedChildren: readonly string[];
}

/**
 * The history of a failed execution without what a rewind undoes. As with the storage provider of .NET, an event that is
 * undone becomes a generic one, which replay skips; the creation of a failed child stays, because its parent waits for
 * the next answer.
 */
export function rewindHistory(
  history: readonly HistoryEvent[],
  historyOf: (instanceId: string) => readonly HistoryEvent[],
): RewoundHistory {
  const { undone, openChildren } = planRewind(history);
  const { started } = HistorySummary.of(history);
  const failed = openChildren.filter(({ created }) => isFailedChild(historyOf(created.instanceId), created, started));
  const startedAgain = openChildren.filter((child) => !failed.includes(child)).map(({ index }) => index);
  const generic = new Set([...undone, ...startedAgain]);
  const events = history.map((event, index): HistoryEvent => {
    if (!generic.has(index)) return event;
    return { type: "GenericEvent", eventId: event.eventId, timestamp: event.timestamp, data: `Rewound: ${event.type}` };
  });
  return { events, failedChildren: failed.map(({ created }) => created.instanceId) };
}
