import { DurableError } from "../core/errors.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { assertDates, assertStatuses, type PurgeFilter, type PurgeOptions } from "./client-options.ts";

/** @throws DurableError `InvalidOption`, also for a filter without any condition */
export function assertPurgeFilter(filter: PurgeFilter): void {
  assertDates(filter, "createdFrom", "createdTo");
  assertStatuses("runtimeStatus", filter.runtimeStatus);
  const { createdFrom, createdTo, runtimeStatus } = filter;
  if (createdFrom !== undefined || createdTo !== undefined || runtimeStatus?.length) return;
  throw new DurableError("InvalidOption", "purgeOrchestration needs a time or a status to select instances by");
}

/**
 * Deletes what has finished, wherever the hub is. Resolves to the number of instances deleted.
 *
 * @throws DurableError `NotSupported` for one instance that has not finished; of a list, and of those that match, it is
 * left out
 */
export async function purge(
  client: OrchestrationClient,
  target: string | readonly string[] | PurgeFilter,
  { recursive }: PurgeOptions,
): Promise<number> {
  const deep = recursive === undefined ? {} : { recursive };
  if (typeof target !== "string" && !Array.isArray(target)) {
    const { createdFrom, createdTo, runtimeStatus } = target as PurgeFilter;
    return client.purgeBy({ createdTimeFrom: createdFrom, createdTimeTo: createdTo, runtimeStatus, ...deep });
  }
  let deleted = 0;
  for (const id of [target].flat() as string[]) {
    const state = await client.getInstance(id, { fetchInput: false });
    if (state === undefined) continue;
    if (isTerminalStatus(state.runtimeStatus)) deleted += await client.purge(id, deep);
    else if (typeof target === "string") throw unfinished(state);
  }
  return deleted;
}

function unfinished({ instanceId, runtimeStatus }: OrchestrationState): DurableError {
  const message = `the instance '${instanceId}' is ${runtimeStatus}; terminate it before it is purged`;
  return new DurableError("NotSupported", message);
}
