import type { HistoryEvent, OrchestrationInstance } from "../core/history-event.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import type { TaskHubStore } from "./backend.ts";
import { HistorySummary } from "./history-summary.ts";
import { isFireAndForget } from "./parent-answers.ts";

export interface DescendantsOptions {
  readonly store: Pick<TaskHubStore, "getInstance" | "getHistory">;
  readonly clock: Clock;
  /** Sends a termination to one instance. */
  readonly terminate: (instanceId: string) => Promise<void>;
}

/** After so long without any step, nobody seems to work on the hub: what is known by then has to do. */
const patienceMs = 10_000;
const firstPauseMs = 25;
const maxPauseMs = 1_000;

interface Descendant {
  readonly instanceId: string;
  /** Whose child it is, and which; an instance of that id that another has started is another. */
  readonly parent: { readonly execution: OrchestrationInstance; readonly taskId: number } | undefined;
  /** It has been sent its termination, or needs none. */
  readonly isTold: boolean;
}

/**
 * Terminates all that the instance waits for, at any depth. Only the history of an instance that has ended tells all its
 * children, so each is waited for before its children are read; a child whose start is on its way gets its termination
 * once it is there.
 *
 * @param rootId has been sent its termination, or has ended
 */
export async function terminateDescendants(rootId: string, options: DescendantsOptions): Promise<void> {
  const { clock } = options;
  const seen = new Set([rootId]);
  let open: readonly Descendant[] = [{ instanceId: rootId, parent: undefined, isTold: true }];
  let [isPatient, lastStepAt, pauseMs] = [true, clock.now(), firstPauseMs];
  while (open.length > 0) {
    const next: Descendant[] = [];
    let hasMoved = false;
    for (const descendant of open) {
      const followers = await step(descendant, isPatient, options);
      if (followers === "waits") next.push(descendant);
      else hasMoved = true;
      for (const follower of followers === "waits" ? [] : followers) {
        if (follower.isTold || !seen.has(follower.instanceId)) next.push(follower);
        seen.add(follower.instanceId);
      }
    }
    open = next;
    if (hasMoved) [lastStepAt, pauseMs] = [clock.now(), firstPauseMs];
    else {
      isPatient = clock.now() - lastStepAt < patienceMs;
      await clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
  }
}

/** What to look at in place of this one. Who has no patience never waits. */
async function step(
  descendant: Descendant,
  isPatient: boolean,
  { store, terminate }: DescendantsOptions,
): Promise<readonly Descendant[] | "waits"> {
  const { instanceId, isTold } = descendant;
  const state = await store.getInstance(instanceId, { fetchInput: false, fetchOutput: false });
  if (!isTold) {
    if (state === undefined || !(await isTheOne(descendant, store))) return isPatient ? "waits" : [];
    if (isFireAndForget(state.tags)) return [];
    if (!isTerminalStatus(state.runtimeStatus)) await terminate(instanceId);
    return [{ ...descendant, isTold: true }];
  }
  const hasEnded = state === undefined || isTerminalStatus(state.runtimeStatus);
  if (!hasEnded && isPatient) return "waits";
  return openChildren((await store.getHistory(instanceId)) ?? []);
}

/** Told by what the child says of its parent: times differ where an episode was repeated after a crash. */
async function isTheOne({ instanceId, parent }: Descendant, store: DescendantsOptions["store"]): Promise<boolean> {
  if (parent === undefined) return true;
  const { started } = HistorySummary.of((await store.getHistory(instanceId)) ?? []);
  const said = started?.parentInstance;
  return (
    said?.taskScheduleId === parent.taskId &&
    said.orchestrationInstance.instanceId === parent.execution.instanceId &&
    said.orchestrationInstance.executionId === parent.execution.executionId
  );
}

/** The sub-orchestrations that this history still waits for, or has ended without waiting for. */
function openChildren(history: readonly HistoryEvent[]): readonly Descendant[] {
  const open = new Map<number, Descendant>();
  const execution = HistorySummary.of(history).started?.orchestrationInstance;
  if (execution === undefined) return [];
  for (const event of history) {
    if (event.type === "SubOrchestrationInstanceCreated" && !isFireAndForget(event.tags)) {
      const { instanceId, eventId } = event;
      open.set(eventId, { instanceId, parent: { execution, taskId: eventId }, isTold: false });
    } else if (event.type === "SubOrchestrationInstanceCompleted" || event.type === "SubOrchestrationInstanceFailed") {
      open.delete(event.taskScheduledId);
    }
  }
  return [...open.values()];
}
