import { DurableError } from "../core/errors.ts";
import type { OrchestrationClient, PurgeQuery } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { parseTimeSpan } from "../core/time-span.ts";
import type { PurgeFilter, PurgeOptions, PurgeResult } from "./client-options.ts";
import { conditionsOf } from "./instance-filter.ts";

/** @throws DurableError `InvalidOption`, also for a filter without any condition */
export function purgeQueryOf(filter: PurgeFilter, now: number): PurgeQuery {
  const { olderThan } = filter;
  const conditions = conditionsOf(filter);
  if (olderThan !== undefined) {
    if (conditions.completedTimeTo !== undefined)
      throw invalid("'olderThan' and 'completedTo' say the same: give one of them");
    return { ...conditions, completedTimeTo: new Date(now - parseTimeSpan(olderThan, "'olderThan'")) };
  }
  const { runtimeStatus, tags, ...others } = conditions;
  const isGiven = Object.values(others).some((value) => value !== undefined && value !== "");
  if (isGiven || runtimeStatus?.length || Object.keys(tags ?? {}).length > 0) return conditions;
  throw invalid("purgeOrchestration needs a time or a status to select instances by");
}

/** Deletes what has finished and matches, wherever the hub is. */
export async function purgeBy(
  client: OrchestrationClient,
  query: PurgeQuery,
  options: PurgeOptions,
): Promise<PurgeResult> {
  const { recursive, timeout, maxInstances, signal, continuationToken, onProgress } = options;
  const asked = recursive === undefined ? query : { ...query, recursive };
  if ((timeout ?? maxInstances ?? signal ?? continuationToken ?? onProgress) === undefined) {
    return { deletedInstanceCount: await client.purgeBy(asked) };
  }
  const { deletedCount, ...rest } = await client.purgeMany(asked, {
    maxInstances,
    signal,
    continuationToken,
    timeoutMs: timeout === undefined ? undefined : parseTimeSpan(timeout, "'timeout'"),
    onProgress: onProgress && ((progress) => onProgress({ deletedInstanceCount: progress.deletedCount })),
  });
  return { deletedInstanceCount: deletedCount, ...rest };
}

/**
 * Deletes one instance, or those of a list that have finished.
 *
 * @throws DurableError `NotSupported` for one instance that has not finished, unless `force`; of a list it is left out
 */
export async function purgeIds(
  client: OrchestrationClient,
  target: string | readonly string[],
  { recursive, force = false }: PurgeOptions,
): Promise<number> {
  const options = { ...(recursive !== undefined && { recursive }), ...(force && { force }) };
  const isIds = typeof target === "string" || (Array.isArray(target) && target.every((id) => typeof id === "string"));
  if (!isIds) throw invalid("purgeOrchestration takes an instance id, a list of them, or a filter");
  let deleted = 0;
  for (const id of [target].flat() as string[]) {
    const state = await client.getInstance(id, { fetchInput: false, fetchOutput: false });
    if (state === undefined) continue;
    if (force || isTerminalStatus(state.runtimeStatus)) deleted += await client.purge(id, options);
    else if (typeof target === "string") throw unfinished(state);
  }
  return deleted;
}

function unfinished({ instanceId, runtimeStatus }: OrchestrationState): DurableError {
  const message = `the instance '${instanceId}' is ${runtimeStatus}; terminate it before it is purged`;
  return new DurableError("NotSupported", message);
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
