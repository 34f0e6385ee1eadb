import { isEntityInstanceId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import { isTerminalStatus, orchestrationStatuses } from "../../core/orchestration-status.ts";
import type { Clock } from "../../core/ports.ts";
import { fromWireStatus } from "../codec/statuses.ts";
import { fromTimestamp } from "../codec/times.ts";
import type { PurgeInstanceFilter } from "../proto/orchestrator_service_pb.ts";
import type { RequestOf, ResponseInit } from "../service/service-definition.ts";
import type { CallScope } from "./unary-calls.ts";

/** Most ids that one call may name. */
const maxBatchSize = 500;

interface PurgeScope {
  readonly client: OrchestrationClient;
  readonly clock: Clock;
  readonly scope: CallScope;
}

/** Deletes what has ended, and entities by their ids whatever they do. What is not there, or runs, counts as 0. */
export async function purgeInstances(
  { request, recursive }: RequestOf<"purgeInstances">,
  { client, clock, scope }: PurgeScope,
): Promise<ResponseInit<"purgeInstances">> {
  switch (request.case) {
    case "instanceId":
      return { deletedInstanceCount: await purgeOne(request.value, recursive, client), isComplete: true };
    case "instanceBatch": {
      const { instanceIds } = request.value;
      if (instanceIds.length > maxBatchSize) {
        throw new DurableError("InvalidOption", `a batch may name at most ${maxBatchSize} instances`);
      }
      let deletedInstanceCount = 0;
      for (const id of instanceIds) {
        if (scope.signal.aborted) return { deletedInstanceCount, isComplete: false };
        deletedInstanceCount += await purgeOne(id, recursive, client);
      }
      return { deletedInstanceCount, isComplete: true };
    }
    case "purgeInstanceFilter":
      return await purgeBy(request.value, recursive, { client, clock, scope });
    default:
      throw new DurableError("InvalidOption", "the request says neither an instance, nor a batch, nor a filter");
  }
}

async function purgeOne(instanceId: string, recursive: boolean, client: OrchestrationClient): Promise<number> {
  if (isEntityInstanceId(instanceId)) return await client.entities.purge(instanceId);
  const state = await client.getInstance(instanceId, { fetchInput: false });
  if (state === undefined || !isTerminalStatus(state.runtimeStatus)) return 0;
  return await client.purge(instanceId, { recursive });
}

async function purgeBy(
  filter: PurgeInstanceFilter,
  recursive: boolean,
  { client, clock, scope }: PurgeScope,
): Promise<ResponseInit<"purgeInstances">> {
  const asked = filter.runtimeStatus.length === 0 ? orchestrationStatuses : filter.runtimeStatus.map(fromWireStatus);
  const query = {
    runtimeStatus: asked.filter(isTerminalStatus),
    createdTimeFrom: fromTimestamp(filter.createdTimeFrom),
    createdTimeTo: fromTimestamp(filter.createdTimeTo),
  };
  if (query.runtimeStatus.length === 0) return { deletedInstanceCount: 0, isComplete: true };
  const { timeout } = filter;
  const limitMs = timeout === undefined ? 0 : Number(timeout.seconds) * 1000 + timeout.nanos / 1e6;
  if (limitMs <= 0) return { deletedInstanceCount: await client.purgeBy({ ...query, recursive }), isComplete: true };
  const deadline = clock.now() + limitMs;
  let deletedInstanceCount = 0;
  let continuationToken: string | undefined;
  do {
    const page = await client.queryInstances({ ...query, continuationToken, fetchInput: false });
    for (const { instanceId } of page.instances) {
      if (clock.now() >= deadline || scope.signal.aborted) return { deletedInstanceCount, isComplete: false };
      deletedInstanceCount += await client.purge(instanceId, { recursive });
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return { deletedInstanceCount, isComplete: true };
}
