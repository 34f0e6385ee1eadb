import { DurableError, isDurableError } from "../core/errors.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import { type OpenLock, OpenLocks, releaseMessages } from "../entities/open-locks.ts";
import type { TaskHubStore } from "./backend.ts";
import { isFireAndForget } from "./parent-answers.ts";

export interface PurgeOptions {
  readonly store: Pick<TaskHubStore, "getInstance" | "getHistory" | "sendMessage" | "purgeInstance">;
  readonly clock: Clock;
}

const bare = { fetchInput: false, fetchOutput: false } as const;

/**
 * Deletes one instance. Resolves to the number of instances deleted, 0 or 1.
 *
 * @param force also when it has not ended
 * @throws DurableError `InstanceNotActive` when it has not ended and is not to be forced
 */
export async function purgeInstance(instanceId: string, force: boolean, options: PurgeOptions): Promise<number> {
  const state = await options.store.getInstance(instanceId, bare);
  if (state !== undefined && isTerminalStatus(state.runtimeStatus)) return purgeEnded(state, options);
  if (state !== undefined && !force) throw unended(state);
  await giveBackLocks(instanceId, options);
  return (await options.store.purgeInstance(instanceId)) ? 1 : 0;
}

/**
 * Deletes an instance with its sub-orchestrations that have ended, at any depth, those first: a history is what tells of
 * them. Resolves to the number of instances deleted.
 *
 * @throws DurableError as {@link purgeInstance}
 */
export async function purgeTree(instanceId: string, force: boolean, options: PurgeOptions): Promise<number> {
  const root = await options.store.getInstance(instanceId, bare);
  if (root !== undefined && !isTerminalStatus(root.runtimeStatus) && !force) throw unended(root);
  const seen = new Set([instanceId]);
  const order = [instanceId];
  for (let at = 0; at < order.length; at++) {
    for (const child of await readChildren(order[at]!, options.store)) {
      if (seen.has(child)) continue;
      seen.add(child);
      const state = await options.store.getInstance(child, bare);
      if (state === undefined || isTerminalStatus(state.runtimeStatus)) order.push(child);
    }
  }
  let purged = 0;
  for (const each of order.reverse()) {
    purged += await (each === instanceId
      ? purgeInstance(each, force, options)
      : unlessStartedAgain(purgeInstance(each, false, options)));
  }
  return purged;
}

/** As {@link purgeTree}, for an instance that has ended: one that was started again since is left alone. */
export async function purgeEndedTree({ instanceId }: OrchestrationState, options: PurgeOptions): Promise<number> {
  return unlessStartedAgain(purgeTree(instanceId, false, options));
}

async function unlessStartedAgain(purge: Promise<number>): Promise<number> {
  try {
    return await purge;
  } catch (error) {
    if (isDurableError(error, "InstanceNotActive")) return 0;
    throw error;
  }
}

function unended({ instanceId, runtimeStatus }: OrchestrationState): DurableError {
  const message = `the instance '${instanceId}' is ${runtimeStatus}; terminate it before it is purged, or force the purge`;
  return new DurableError("InstanceNotActive", message);
}

async function readChildren(instanceId: string, store: PurgeOptions["store"]): Promise<readonly string[]> {
  try {
    const history = (await store.getHistory(instanceId)) ?? [];
    return history.flatMap((event) => {
      const isChild = event.type === "SubOrchestrationInstanceCreated" && !isFireAndForget(event.tags);
      return isChild ? [event.instanceId] : [];
    });
  } catch (error) {
    if (!isDurableError(error, "CorruptData")) throw error;
    return [];
  }
}

/** @param ended an instance that has ended, and has given its locks back then; one that was started again since is left */
export async function purgeEnded(
  ended: OrchestrationState,
  { store }: { readonly store: Pick<TaskHubStore, "purgeInstance"> },
): Promise<number> {
  return (await store.purgeInstance(ended.instanceId, { onlyEnded: true })) ? 1 : 0;
}

/** Sent before the history is gone, which alone knows them: a crash in between leaves an instance to purge again. */
async function giveBackLocks(instanceId: string, { store, clock }: PurgeOptions): Promise<void> {
  const locks = await readOpenLocks(instanceId, store);
  for (const release of releaseMessages(instanceId, locks, new Date(clock.now()))) await store.sendMessage(release);
}

async function readOpenLocks(instanceId: string, store: PurgeOptions["store"]): Promise<readonly OpenLock[]> {
  const open = new OpenLocks();
  try {
    for (const event of (await store.getHistory(instanceId)) ?? []) open.add(event);
  } catch (error) {
    // What cannot be read must be possible to purge all the same.
    if (!isDurableError(error, "CorruptData") && !isDurableError(error, "InvalidEntityId")) throw error;
  }
  return open.locks;
}
