import type { Backend, TaskHubStore } from "../../src/engine/backend.ts";
import type { SchedulerState } from "../../src/entities/scheduler-state.ts";
import { formatEntityStatus, formatSchedulerState, noSchedulerState } from "../../src/entities/scheduler-state.ts";

/** What is kept of an entity, as another worker would have written it. */
export type EntityRow = Partial<Pick<SchedulerState, "state" | "queue" | "lockedBy">>;

/** Writes an entity into a hub: sends it a message and commits its batch by hand. */
export async function writeEntity(
  { backend, store }: { readonly backend: Backend; readonly store: Pick<TaskHubStore, "sendMessage"> },
  instanceId: string,
  row: EntityRow,
  at: Date,
): Promise<void> {
  const scheduler: SchedulerState = { ...noSchedulerState, ...row };
  const target = { instanceId, executionId: undefined };
  const event = { type: "EventRaised", eventId: -1, timestamp: at, name: "continue", input: undefined } as const;
  await store.sendMessage({ message: { event: { ...event, parentTraceContext: undefined }, target } });
  const workItem = (await backend.fetchEntityWorkItem(new AbortController().signal))!;
  const input = formatSchedulerState(scheduler);
  const { historyVersion } = await backend.loadHistory(workItem);
  const executionId = `e${at.getTime()}`;
  await backend.completeOrchestrationWorkItem({
    workItem,
    history: {
      executionId,
      expectedHistoryVersion: historyVersion,
      firstIndex: 0,
      events: [{ type: "OrchestratorStarted", eventId: -1, timestamp: at }],
      episode: 1,
    },
    outgoing: [],
    instance: {
      executionId,
      lastUpdatedTime: at,
      customStatus: formatEntityStatus(scheduler),
      runtimeStatus: "Running",
      started: {
        name: instanceId,
        version: "",
        input,
        createdTime: at,
        tags: undefined,
        generation: undefined,
        scheduledStartTime: undefined,
      },
    },
    settled: workItem.messages,
    deferred: [],
  });
}
