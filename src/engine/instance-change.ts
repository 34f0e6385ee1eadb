import type { ExecutionStarted } from "../core/history-event.ts";
import type { InstanceChange, InstanceStart } from "./backend.ts";
import type { HistorySummary } from "./history-summary.ts";

/** What an execution's history says of its instance. The custom status is not in history. */
export function describeInstance(
  executionId: string,
  history: HistorySummary,
  custom: Pick<InstanceChange, "customStatus" | "keepsCustomStatus" | "unwantedTasks">,
): InstanceChange {
  return {
    executionId,
    lastUpdatedTime: history.lastTimestamp ?? new Date(0),
    customStatus: custom.customStatus,
    keepsCustomStatus: custom.keepsCustomStatus,
    ...(custom.unwantedTasks === undefined
      ? {}
      : { unwantedTasks: custom.unwantedTasks.filter((id) => history.isOpenActivity(id)) }),
    started: history.started && toInstanceStart(history.started),
    parentInstanceId: history.started && parentInstanceIdOf(history.started),
    ...(history.started === undefined && history.completed === undefined ? {} : history.status),
  };
}

/** As the row of an instance has it: the empty text for an instance that a client has started. */
export function parentInstanceIdOf({ parentInstance }: ExecutionStarted): string {
  return parentInstance?.orchestrationInstance.instanceId ?? "";
}

function toInstanceStart(event: ExecutionStarted): InstanceStart {
  const { name, version, input, tags, generation, scheduledStartTime, timestamp } = event;
  return { name, version, input, tags, generation, scheduledStartTime, createdTime: timestamp };
}
