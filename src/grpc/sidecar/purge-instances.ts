import { isEntityInstanceId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import { fromWireStatus } from "../codec/statuses.ts";
import { fromTimestamp } from "../codec/times.ts";
import type { PurgeInstanceFilter } from "../proto/orchestrator_service_pb.ts";
import type { RequestOf, ResponseInit } from "../service/service-definition.ts";
import { unless } from "./error-rules.ts";
import type { CallScope } from "./unary-calls.ts";

/** Most ids that one call may name. */
const maxBatchSize = 500;

interface PurgeScope {
  readonly client: OrchestrationClient;
  readonly scope: CallScope;
}

/** Deletes what has ended, and entities by their ids whatever they do. What is not there, or runs, counts as 0. */
export async function purgeInstances(
  { request, recursive }: RequestOf<"purgeInstances">,
  { client, scope }: PurgeScope,
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
      return await purgeBy(request.value, recursive, { client, scope });
    default:
      throw new DurableError("InvalidOption", "the request says neither an instance, nor a batch, nor a filter");
  }
}

async function purgeOne(instanceId: string, recursive: boolean, client: OrchestrationClient): Promise<number> {
  if (isEntityInstanceId(instanceId)) return await client.entities.purge(instanceId);
  return await unless(["InstanceNotActive"], client.purge(instanceId, { recursive }), 0);
}

async function purgeBy(
  { runtimeStatus, createdTimeFrom, createdTimeTo, timeout }: PurgeInstanceFilter,
  recursive: boolean,
  { client, scope }: PurgeScope,
): Promise<ResponseInit<"purgeInstances">> {
  const query = {
    runtimeStatus: runtimeStatus.map(fromWireStatus),
    createdTimeFrom: fromTimestamp(createdTimeFrom),
    createdTimeTo: fromTimestamp(createdTimeTo),
    recursive,
  };
  const limitMs = timeout === undefined ? 0 : Number(timeout.seconds) * 1000 + timeout.nanos / 1e6;
  const timeoutMs = limitMs > 0 ? limitMs : undefined;
  const { deletedCount, isComplete } = await client.purgeMany(query, { timeoutMs, signal: scope.signal });
  return { deletedInstanceCount: deletedCount, isComplete };
}
