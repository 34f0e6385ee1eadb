import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import { OpenLocks, releaseMessages } from "../entities/open-locks.ts";
import type { TaskHubStore } from "./backend.ts";

export interface PurgeOptions {
  readonly store: Pick<TaskHubStore, "getInstance" | "getHistory" | "sendMessage" | "purgeInstance">;
  readonly clock: Clock;
}

/** Deletes an instance, by whatever way the wish has come. Resolves to the number of instances deleted, 0 or 1. */
export async function purgeInstance(instanceId: string, options: PurgeOptions): Promise<number> {
  const state = await options.store.getInstance(instanceId, { fetchInput: false });
  if (state !== undefined && isTerminalStatus(state.runtimeStatus)) return purgeEnded(state, options);
  await giveBackLocks(instanceId, options);
  return (await options.store.purgeInstance(instanceId)) ? 1 : 0;
}

/** @param ended an instance that has ended, and has given its locks back then */
export async function purgeEnded(
  ended: OrchestrationState,
  { store }: { readonly store: Pick<TaskHubStore, "purgeInstance"> },
): Promise<number> {
  return (await store.purgeInstance(ended.instanceId)) ? 1 : 0;
}

/** Sent before the history is gone, which alone knows them: a crash in between leaves an instance to purge again. */
async function giveBackLocks(instanceId: string, { store, clock }: PurgeOptions): Promise<void> {
  const open = new OpenLocks();
  for (const event of (await store.getHistory(instanceId)) ?? []) open.add(event);
  for (const release of releaseMessages(instanceId, open.locks, new Date(clock.now())))
    await store.sendMessage(release);
}
