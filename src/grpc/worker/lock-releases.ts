import type { HistoryEvent } from "../../core/history-event.ts";
import type { OrchestratorAction, SendEvent } from "../../core/orchestrator-action.ts";
import { formatRelease, releaseEventName } from "../../entities/entity-message.ts";
import { OpenLocks } from "../../entities/open-locks.ts";

/**
 * Gives back what an execution holds or has asked for when it ends, as its code may have failed or was terminated in a
 * critical section. Our engine does so by itself; other servers expect it of the worker, and their entities would stay
 * locked for ever.
 *
 * @param events of the execution, all of them
 */
export function withLockReleases(
  actions: readonly OrchestratorAction[],
  events: readonly HistoryEvent[],
  instanceId: string,
): readonly OrchestratorAction[] {
  const end = actions.find((action) => action.kind === "CompleteOrchestration");
  if (end === undefined) return actions;
  const open = new OpenLocks();
  for (const event of events) open.add(event);
  for (const action of actions) if (action.kind === "SendEvent") open.addSent(action);
  const releases = open.locks.map(({ id, target }, index): SendEvent => {
    const input = formatRelease({ parentInstanceId: instanceId, id });
    return { kind: "SendEvent", id: end.id + index, instanceId: target, name: releaseEventName, input };
  });
  if (releases.length === 0) return actions;
  return [...actions.filter((action) => action !== end), ...releases, { ...end, id: end.id + releases.length }];
}
