import { DurableError } from "../core/errors.ts";
import type { InstanceIdPage, InstanceIdQuery, OrchestrationState } from "../core/orchestration-state.ts";
import type { TaskHubStore } from "./backend.ts";
import { foreignToken, formatPageToken, type PagePlace, parsePageToken } from "./instance-page.ts";
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
  store: Pick<TaskHubStore, "queryInstances" | "taskHub">,
): Promise<InstanceIdPage> {
  const { completedTimeFrom, completedTimeTo, pageSize = defaultPageSize } = query;
  if (!(Number.isInteger(pageSize) && pageSize > 0)) {
    throw new DurableError("InvalidOption", `'pageSize' must be a whole number above 0, but got ${pageSize}`);
  }
  const runtimeStatus = endedStatuses(query.runtimeStatus);
  const conditions = { list: "ids", runtimeStatus, completedTimeFrom, completedTimeTo } as const;
  const after = placeAfter(parsePageToken(store.taskHub, query.continuationToken, conditions));
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
    continuationToken: isLast
      ? undefined
      : formatPageToken(store.taskHub, { after: keyOf(listed.at(-1)!) }, conditions),
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

function keyOf({ completedMs, instanceId }: Place): string {
  return JSON.stringify([completedMs, instanceId]);
}

/** @throws DurableError `InvalidOption` for a token of another list */
function placeAfter({ after }: PagePlace): Place | undefined {
  if (after === undefined) return undefined;
  try {
    const [completedMs, instanceId] = JSON.parse(after) as unknown[];
    if (typeof completedMs === "number" && typeof instanceId === "string") return { completedMs, instanceId };
  } catch {
    // Said below.
  }
  throw foreignToken("is of another list");
}
