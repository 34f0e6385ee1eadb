import type { ExecutionCompleted, HistoryEvent } from "../core/history-event.ts";
import type { InstanceChange, OrchestrationCheckpoint, OrchestrationWorkItem } from "../engine/backend.ts";
import { at } from "./history-builder.ts";

/** What tests of a backend do with its work items. */

export function instanceChange(executionId: string): InstanceChange {
  return { executionId, lastUpdatedTime: at(1), customStatus: '"half"', runtimeStatus: "Running" };
}

export function emptyCheckpoint(workItem: OrchestrationWorkItem): OrchestrationCheckpoint {
  return { workItem, history: undefined, outgoing: [], instance: undefined, settled: [], deferred: [] };
}

export function checkpoint(
  workItem: OrchestrationWorkItem,
  executionId: string,
  events: readonly HistoryEvent[],
  { firstIndex = 0, expectedHistoryVersion }: { firstIndex?: number; expectedHistoryVersion?: string | undefined } = {},
): OrchestrationCheckpoint {
  return {
    ...emptyCheckpoint(workItem),
    history: { executionId, expectedHistoryVersion, firstIndex, events, episode: 1 },
    instance: instanceChange(executionId),
    settled: workItem.messages,
  };
}

export function ended(): ExecutionCompleted {
  return {
    type: "ExecutionCompleted",
    eventId: 0,
    timestamp: at(2),
    orchestrationStatus: "Completed",
    result: undefined,
    failureDetails: undefined,
  };
}
