import { DurableError } from "../core/errors.ts";
import type { InstanceIdPage, InstanceIdQuery, OrchestrationState } from "../core/orchestration-state.ts";
import type { TaskHubStore } from "./backend.ts";
import { endedStatuses } from "./purge-many.ts";

/** Where an instance stands in the list: by the time it ended, then by its id. */
interface Place {
  readonly completedMs: number;
  readonly instanceId: string;
}

const defaultPageSize = 100;

/**
 * One page of the ids of finished instances. No store keeps them in the order of their ends, so that each page looks at
 * all that match.
 */
export async function listInstanceIds(
  query: InstanceIdQuery,
  store: Pick<TaskHubStore, "queryInstances">,
): Promise<InstanceIdPage> {
  const { completedTimeFrom, completedTimeTo, pageSize = defaultPageSize } = query;
  if (!(Number.isInteger(pageSize) && pageSize > 0)) {
    throw new DurableError("InvalidOption", `'pageSize' must be a whole number above 0, but got ${pageSize}`);
  }
  const after = query.continuationToken ? parseToken(query.continuationToken) : undefined;
  const runtimeStatus = endedStatuses(query.runtimeStatus);
  if (runtimeStatus.length === 0) return { instanceIds: [], continuationToken: undefined };
  const places: Place[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await store.queryInstances({
      runtimeStatus,
      continuationToken,
      fetchInput: false,
      fetchOutput: false,
    });
    for (const place of page.instances.map(placeOf)) {
      if (completedTimeFrom !== undefined && place.completedMs < completedTimeFrom.getTime()) continue;
      if (completedTimeTo !== undefined && place.completedMs >= completedTimeTo.getTime()) continue;
      if (after === undefined || compare(place, after) > 0) places.push(place);
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  const listed = places.sort(compare).slice(0, pageSize);
  const isLast = listed.length === places.length;
  return {
    instanceIds: listed.map(({ instanceId }) => instanceId),
    continuationToken: isLast ? undefined : formatToken(listed.at(-1)!),
  };
}

function placeOf({ instanceId, completedTime, lastUpdatedTime }: OrchestrationState): Place {
  return { instanceId, completedMs: (completedTime ?? lastUpdatedTime).getTime() };
}

function compare(a: Place, b: Place): number {
  if (a.completedMs !== b.completedMs) return a.completedMs - b.completedMs;
  if (a.instanceId === b.instanceId) return 0;
  return a.instanceId < b.instanceId ? -1 : 1;
}

function formatToken({ completedMs, instanceId }: Place): string {
  return Buffer.from(JSON.stringify([completedMs, instanceId])).toString("base64url");
}

function parseToken(token: string): Place {
  try {
    const [completedMs, instanceId] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    if (typeof completedMs === "number" && typeof instanceId === "string") return { completedMs, instanceId };
  } catch {
    // Said below.
  }
  throw new DurableError("InvalidOption", "the continuation token is none of this list");
}
