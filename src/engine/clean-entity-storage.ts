import type { CleanEntityStorageRequest, CleanEntityStorageResult } from "../core/entity-client.ts";
import { mapConcurrently } from "../core/map-concurrently.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import { releaseMessages } from "../entities/open-locks.ts";
import { readEntityStatus } from "../entities/scheduler-state.ts";
import type { TaskHubStore } from "./backend.ts";

export interface CleanOptions {
  readonly store: Pick<TaskHubStore, "getInstance" | "queryInstances" | "sendMessage" | "purgeInstance">;
  readonly clock: Clock;
}

/** For so long entities look back at what they have received. */
const reorderWindowMs = 30 * 60_000;
/** The lock request of an orchestration may arrive before the orchestration has a row. */
const ownerGraceMs = 10_000;
/** The id of a release that knows no lock request, the same in .NET. */
const orphanedLockId = "fix-orphaned-lock";
const parallelism = 16;

/** Removes what entities leave behind; `durabletask` calls it the same. */
export async function cleanEntityStorage(
  request: CleanEntityStorageRequest,
  options: CleanOptions,
): Promise<CleanEntityStorageResult> {
  const { removeEmptyEntities = true, releaseOrphanedLocks = true, continueUntilComplete = true } = request;
  const { minEmptyMs = reorderWindowMs } = request;
  let { continuationToken } = request;
  let [emptyEntitiesRemoved, orphanedLocksReleased] = [0, 0];
  do {
    const bare = { fetchInput: false, fetchOutput: false };
    const query = { instanceIdPrefix: "@", includeEntities: true, ...bare, continuationToken };
    const page = await options.store.queryInstances(query);
    if (removeEmptyEntities) emptyEntitiesRemoved += await removeEmpty(page.instances, minEmptyMs, options);
    if (releaseOrphanedLocks) orphanedLocksReleased += await releaseOrphans(page.instances, options);
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined && continueUntilComplete);
  return { emptyEntitiesRemoved, orphanedLocksReleased, continuationToken };
}

async function removeEmpty(
  rows: readonly OrchestrationState[],
  minEmptyMs: number,
  { store, clock }: CleanOptions,
): Promise<number> {
  const latest = clock.now() - minEmptyMs;
  const isRemovable = (row: OrchestrationState | undefined) =>
    row !== undefined && isEmpty(row) && row.lastUpdatedTime.getTime() < latest;
  return count(rows.filter(isRemovable), async ({ instanceId }) => {
    // It may have come to life since the page was read.
    const row = await store.getInstance(instanceId, { fetchInput: false, fetchOutput: false });
    return isRemovable(row) && store.purgeInstance(instanceId);
  });
}

/** A row that tells no status is nobody's entity. */
function isEmpty({ customStatus }: OrchestrationState): boolean {
  const { exists, queueSize, lockedBy } = readEntityStatus(customStatus);
  return customStatus !== undefined && !exists && queueSize === 0 && lockedBy === undefined;
}

interface HeldLock {
  readonly target: string;
  readonly owner: string;
}

async function releaseOrphans(rows: readonly OrchestrationState[], options: CleanOptions): Promise<number> {
  const { store, clock } = options;
  const release = async ({ target, owner }: HeldLock) => {
    const messages = releaseMessages(owner, [{ id: orphanedLockId, target }], new Date(clock.now()));
    for (const message of messages) await store.sendMessage(message);
    return true;
  };
  const unowned: HeldLock[] = [];
  const released = await count(rows.flatMap(lockOf), async (lock) => {
    const owner = await store.getInstance(lock.owner, { fetchInput: false, fetchOutput: false });
    if (owner === undefined) unowned.push(lock);
    return owner !== undefined && isTerminalStatus(owner.runtimeStatus) && release(lock);
  });
  if (unowned.length === 0) return released;

  await clock.sleep(ownerGraceMs);
  const releasedLater = await count(unowned, async (lock) => {
    const row = await store.getInstance(lock.target, { fetchInput: false, fetchOutput: false });
    if (row === undefined || !lockOf(row).some(({ owner }) => owner === lock.owner)) return false;
    const owner = await store.getInstance(lock.owner, { fetchInput: false, fetchOutput: false });
    return (owner === undefined || isTerminalStatus(owner.runtimeStatus)) && release(lock);
  });
  return released + releasedLater;
}

function lockOf({ instanceId, customStatus }: OrchestrationState): readonly HeldLock[] {
  const { lockedBy } = readEntityStatus(customStatus);
  return lockedBy === undefined ? [] : [{ target: instanceId, owner: lockedBy }];
}

async function count<T>(items: readonly T[], isDone: (item: T) => Promise<boolean>): Promise<number> {
  let done = 0;
  await mapConcurrently(items, parallelism, async (item) => {
    if (await isDone(item)) done++;
  });
  return done;
}
