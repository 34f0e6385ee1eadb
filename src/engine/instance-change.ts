import type { ExecutionStarted } from "../core/history-event.ts";
import type { OrchestrationSession } from "../core/task-executor.ts";
import type { InstanceChange, InstanceStart } from "./backend.ts";
import type { HistorySummary } from "./history-summary.ts";

/** What an execution's history says of its instance. The custom status is not in history. */
export function describeInstance(
  executionId: string,
  history: HistorySummary,
  custom: Pick<InstanceChange, "customStatus" | "keepsCustomStatus" | "unwantedTasks"> & {
    readonly session?: OrchestrationSession | undefined;
  },
): InstanceChange {
  const eventWaits = history.completed === undefined ? custom.session?.eventWaits?.() : undefined;
  return {
    executionId,
    lastUpdatedTime: history.lastTimestamp ?? new Date(0),
    customStatus: custom.customStatus,
    keepsCustomStatus: custom.keepsCustomStatus,
    ...unwantedTasks(history, custom),
    ...(eventWaits === undefined ? {} : { eventWaits }),
    started: history.started && toInstanceStart(history.started),
    parentInstanceId: history.started && parentInstanceIdOf(history.started),
    ...(history.started === undefined && history.completed === undefined ? {} : history.status),
  };
}

/** With more open timers than this, which of them nobody waits for is not looked up after each episode. */
const maxTimers = 200;

function unwantedTasks(
  history: HistorySummary,
  {
    unwantedTasks,
    session,
  }: { unwantedTasks?: readonly number[] | undefined; session?: OrchestrationSession | undefined },
): Pick<InstanceChange, "unwantedTasks"> {
  const timers =
    session?.waitsForTimer === undefined || history.openTimerCount > maxTimers || history.completed !== undefined
      ? []
      : [...history.openTimers].filter((id) => session.waitsForTimer?.(id) === false);
  if (unwantedTasks === undefined && timers.length === 0) return {};
  const open = (unwantedTasks ?? []).filter((id) => history.isOpenActivity(id) || history.isOpenTimer(id));
  return { unwantedTasks: [...new Set([...open, ...timers])] };
}

/** As the row of an instance has it: the empty text for an instance that a client has started. */
export function parentInstanceIdOf({ parentInstance }: ExecutionStarted): string {
  return parentInstance?.orchestrationInstance.instanceId ?? "";
}

function toInstanceStart(event: ExecutionStarted): InstanceStart {
  const { name, version, input, tags, generation, scheduledStartTime, timestamp } = event;
  return { name, version, input, tags, generation, scheduledStartTime, createdTime: timestamp };
}
