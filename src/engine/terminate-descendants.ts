import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import type { TaskHubStore } from "./backend.ts";
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
  /** When its parent started it; an instance of that id that was created earlier is another. */
  readonly startedAt: Date | undefined;
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
  let open: readonly Descendant[] = [{ instanceId: rootId, startedAt: undefined, isTold: true }];
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
  const state = await store.getInstance(instanceId, { fetchInput: false });
  if (!isTold) {
    if (state === undefined || isAnother(descendant, state)) return isPatient ? "waits" : [];
    if (isFireAndForget(state.tags)) return [];
    if (!isTerminalStatus(state.runtimeStatus)) await terminate(instanceId);
    return [{ ...descendant, isTold: true }];
  }
  const hasEnded = state === undefined || isTerminalStatus(state.runtimeStatus);
  if (!hasEnded && isPatient) return "waits";
  return openChildren((await store.getHistory(instanceId)) ?? []);
}

function isAnother({ startedAt }: Descendant, { createdTime }: OrchestrationState): boolean {
  return startedAt !== undefined && createdTime < startedAt;
}

/** The sub-orchestrations that this history still waits for, or has ended without waiting for. */
function openChildren(history: readonly HistoryEvent[]): readonly Descendant[] {
  const open = new Map<number, Descendant>();
  for (const event of history) {
    if (event.type === "SubOrchestrationInstanceCreated" && !isFireAndForget(event.tags)) {
      open.set(event.eventId, { instanceId: event.instanceId, startedAt: event.timestamp, isTold: false });
    } else if (event.type === "SubOrchestrationInstanceCompleted" || event.type === "SubOrchestrationInstanceFailed") {
      open.delete(event.taskScheduledId);
    }
  }
  return [...open.values()];
}
