import type { HistoryEvent } from "../core/history-event.ts";
import { mapConcurrently } from "../core/map-concurrently.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import type { Clock } from "../core/ports.ts";
import type { TaskHubStore } from "./backend.ts";
import { HistorySummary } from "./history-summary.ts";
import { isFailedChild, planRewind } from "./plan-rewind.ts";

export interface RewindOptions {
  readonly store: TaskHubStore;
  readonly clock: Clock;
}

const maxConcurrentReads = 16;

/**
 * Takes the failures out of a failed instance's history and out of its failed children's, and wakes them.
 *
 * Children come before their parent. Of one instance the history comes first, then the wake-up, then the row: should this
 * break off, the instance still shows that it failed and can be rewound once more, or it is woken and its worker brings
 * the row right. Who has nothing to do but wait for children is woken by their answers alone, as in .NET.
 *
 * @throws DurableError `InstanceNotFound`, `WorkItemLockLost` when a history changes meanwhile
 */
export async function rewindInstance(
  instanceId: string,
  reason: string | undefined,
  options: RewindOptions,
  seen: Set<string> = new Set(),
): Promise<void> {
  if (seen.has(instanceId)) return;
  seen.add(instanceId);
  const { store } = options;
  const state = await store.getInstance(instanceId, { fetchInput: false });
  const failedChildren: string[] = [];
  let asksAgain = false;
  await store.editHistory(instanceId, async (events) => {
    const { undone, openChildren } = planRewind(events);
    const { started } = HistorySummary.of(events);
    const children = await mapConcurrently(openChildren, maxConcurrentReads, async ({ created, index }) => {
      const history = (await store.getHistory(created.instanceId)) ?? [];
      return { index, instanceId: created.instanceId, isFailed: isFailedChild(history, created, started) };
    });
    const failed = children.filter(({ isFailed }) => isFailed);
    failedChildren.push(...failed.map((child) => child.instanceId));
    // The parent of a failed child waits for its next answer; any other child is started again, and knows the repeat.
    const startedAgain = children.filter(({ isFailed }) => !isFailed).map(({ index }) => index);
    asksAgain = [...undone, ...startedAgain].some((index) => isQuestion(events[index]!));
    return {
      undone: [...undone, ...startedAgain].sort((a, b) => a - b),
      reopened: failed.map(({ index }) => index),
    };
  });
  for (const child of failedChildren) await rewindInstance(child, reason, options, seen);
  // Nothing to do before its children answer: their answers wake it.
  const isWokenByChild = failedChildren.length > 0 && !asksAgain;
  if (!isWokenByChild) await wakeUp(instanceId, reason, state, options);
  if (state !== undefined) await store.markPending(state);
}

async function wakeUp(
  instanceId: string,
  reason: string | undefined,
  state: OrchestrationState | undefined,
  { store, clock }: RewindOptions,
): Promise<void> {
  const timestamp = new Date(Math.max(clock.now(), (state?.completedTime?.getTime() ?? 0) + 1));
  const event = { type: "GenericEvent", eventId: -1, timestamp, data: reason } as const;
  await store.sendMessage({ message: { event, target: { instanceId, executionId: undefined } } });
}

/** Its code asks for it again as soon as it runs. */
function isQuestion({ type }: HistoryEvent): boolean {
  return type === "TaskScheduled" || type === "TimerCreated" || type === "SubOrchestrationInstanceCreated";
}
