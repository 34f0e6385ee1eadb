import { DurableError } from "../core/errors.ts";
import { assertConditions } from "../core/instance-conditions.ts";
import { mapConcurrently } from "../core/map-concurrently.ts";
import type { PurgeManyOptions, PurgeQuery, PurgeSummary } from "../core/orchestration-client.ts";
import type { InstancePage, InstanceQuery, OrchestrationState } from "../core/orchestration-state.ts";
import {
  isTerminalStatus,
  type OrchestrationRuntimeStatus,
  orchestrationStatuses,
} from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";

/** What a purge of many needs of a hub, wherever that is. */
export interface PurgeableHub {
  readonly clock: Clock;
  readonly queryInstances: (query: InstanceQuery) => Promise<InstancePage>;
  /** Resolves to the number of instances deleted: none when it has not ended any more. */
  readonly purge: (ended: OrchestrationState, recursive: boolean) => Promise<number>;
}

const pageSize = 100;
const defaultConcurrency = 8;
const maxConcurrency = 64;
const terminalStatuses = orchestrationStatuses.filter(isTerminalStatus);

/** The terminal ones of the statuses that are asked for; all of them when none is. */
export function endedStatuses(
  asked: readonly OrchestrationRuntimeStatus[] | undefined,
): readonly OrchestrationRuntimeStatus[] {
  return asked === undefined || asked.length === 0 ? terminalStatuses : asked.filter(isTerminalStatus);
}

/**
 * Purges the ended instances that match, page by page.
 *
 * N1. Only what has ended is purged, and is still so when its turn comes; entities never.
 * N2. A purge that is cut goes on where its page began: what is gone is not found again.
 */
export async function purgeMany(
  query: PurgeQuery,
  options: PurgeManyOptions,
  hub: PurgeableHub,
): Promise<PurgeSummary> {
  const { recursive = false, ...conditions } = query;
  assertPurge(query, options);
  const { maxInstances = Number.POSITIVE_INFINITY, timeoutMs = Number.POSITIVE_INFINITY, signal, onProgress } = options;
  const runtimeStatus = endedStatuses(conditions.runtimeStatus); // N1
  let { continuationToken } = options;
  let [deletedCount, seen] = [0, 0];
  if (runtimeStatus.length === 0) return { deletedCount, isComplete: true, continuationToken: undefined };
  const deadline = hub.clock.now() + timeoutMs;
  const isOver = () => signal?.aborted === true || hub.clock.now() >= deadline;
  const purge = async (ended: OrchestrationState): Promise<boolean> => {
    if (isOver()) return false;
    const deleted = await hub.purge(ended, recursive);
    deletedCount += deleted;
    return true;
  };
  do {
    if (isOver() || seen >= maxInstances) return { deletedCount, isComplete: false, continuationToken };
    const page = await hub.queryInstances({
      ...conditions,
      runtimeStatus,
      includeEntities: false,
      fetchInput: false,
      fetchOutput: false,
      timesMove: true,
      pageSize: Math.min(pageSize, maxInstances - seen),
      continuationToken,
    });
    const purged = await mapConcurrently(page.instances, options.maxConcurrency ?? defaultConcurrency, purge);
    seen += page.instances.length;
    onProgress?.({ deletedCount });
    if (purged.includes(false)) return { deletedCount, isComplete: false, continuationToken }; // N2
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return { deletedCount, isComplete: true, continuationToken: undefined };
}

function assertPurge(query: PurgeQuery, options: PurgeManyOptions): void {
  assertConditions(query);
  if (query.instanceIdPrefix?.startsWith("@")) {
    throw invalid(
      "'instanceIdPrefix' must not begin with '@': entities are purged one by one, or by cleanEntityStorage",
    );
  }
  const { maxInstances, timeoutMs, maxConcurrency: concurrency } = options;
  if (maxInstances !== undefined && !(Number.isInteger(maxInstances) && maxInstances > 0)) {
    throw invalid(`'maxInstances' must be a whole number above 0, but got ${maxInstances}`);
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
    throw invalid(`'timeoutMs' must be a number of milliseconds, but got ${timeoutMs}`);
  }
  if (
    concurrency !== undefined &&
    !(Number.isInteger(concurrency) && concurrency > 0 && concurrency <= maxConcurrency)
  ) {
    throw invalid(`'maxConcurrency' must be a whole number from 1 to ${maxConcurrency}, but got ${concurrency}`);
  }
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
