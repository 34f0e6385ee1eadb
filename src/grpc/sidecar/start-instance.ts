import type { EntityCalls } from "../../core/entity-calls.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import type { Clock } from "../../core/ports.ts";
import { callEntityOrchestratorName } from "../../core/reserved-names.ts";
import { fromWireStatus } from "../codec/statuses.ts";
import { fromDueTimestamp } from "../codec/times.ts";
import { fromWireTrace } from "../codec/trace-contexts.ts";
import type { CreateInstanceRequest } from "../proto/orchestrator_service_pb.ts";
import type { CallScope } from "./unary-calls.ts";

interface StartScope {
  readonly client: OrchestrationClient;
  readonly scope: CallScope;
}

/**
 * Starts an instance as `StartInstance` says. Without a policy an id can be used once; with one, also an empty one, an
 * instance in a listed status is replaced, after it was terminated if it still runs.
 *
 * @throws DurableError `InstanceAlreadyExists`, `InvalidOption`, `InvalidInstanceId`; `TaskTimeout` when the instance to
 * be replaced does not end; `Aborted`
 */
export async function startInstance(
  request: CreateInstanceRequest,
  {
    client,
    clock,
    scope,
    entityCalls,
  }: StartScope & { readonly clock: Clock; readonly entityCalls?: EntityCalls | undefined },
): Promise<string> {
  const { name, version, input, tags } = request;
  if (name === callEntityOrchestratorName && scope.isOwnClient && entityCalls !== undefined) {
    return await entityCalls.start(request.instanceId, input);
  }
  const instanceId = request.instanceId === "" ? undefined : request.instanceId;
  return await client.startInstance({
    instanceId,
    name,
    version,
    input,
    tags: Object.keys(tags).length === 0 ? undefined : tags,
    scheduledStartTime: laterThan(clock.now(), fromDueTimestamp(request.scheduledStartTimestamp)),
    parentTraceContext: fromWireTrace(request.parentTraceContext),
    reusableStatuses: (request.orchestrationIdReusePolicy?.replaceableStatus ?? []).map(fromWireStatus),
    signal: scope.signal,
  });
}

/** A time that is past, as some clients send it for none, means at once. */
function laterThan(now: number, time: Date | undefined): Date | undefined {
  return time !== undefined && time.getTime() > now ? time : undefined;
}
