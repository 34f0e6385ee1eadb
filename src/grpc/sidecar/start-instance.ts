import type { EntityCalls } from "../../core/entity-calls.ts";
import { DurableError } from "../../core/errors.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import { isTerminalStatus, type OrchestrationRuntimeStatus } from "../../core/orchestration-status.ts";
import type { Clock } from "../../core/ports.ts";
import { callEntityOrchestratorName } from "../../core/reserved-names.ts";
import { fromWireStatus } from "../codec/statuses.ts";
import { fromDueTimestamp } from "../codec/times.ts";
import { fromWireTrace } from "../codec/trace-contexts.ts";
import type { CreateInstanceRequest, OrchestrationIdReusePolicy } from "../proto/orchestrator_service_pb.ts";
import { unless } from "./error-rules.ts";
import type { CallScope } from "./unary-calls.ts";

/** How long a start waits for the instance to end that it replaces, in milliseconds. */
const replacementTimeoutMs = 60_000;

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
  const reusableStatuses = readReusableStatuses(request.orchestrationIdReusePolicy);
  if (instanceId !== undefined && reusableStatuses.some((each) => !isTerminalStatus(each))) {
    await endReplaceable(instanceId, reusableStatuses, { client, scope });
  }
  return await client.startInstance({
    instanceId,
    name,
    version,
    input,
    tags: Object.keys(tags).length === 0 ? undefined : tags,
    scheduledStartTime: laterThan(clock.now(), fromDueTimestamp(request.scheduledStartTimestamp)),
    parentTraceContext: fromWireTrace(request.parentTraceContext),
    reusableStatuses: reusableStatuses.filter(isTerminalStatus),
  });
}

function readReusableStatuses(policy: OrchestrationIdReusePolicy | undefined): readonly OrchestrationRuntimeStatus[] {
  const statuses = (policy?.replaceableStatus ?? []).map(fromWireStatus);
  const isRunningOne = statuses.some((each) => !isTerminalStatus(each));
  if (isRunningOne && !statuses.includes("Terminated")) {
    throw new DurableError(
      "InvalidOption",
      "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances",
    );
  }
  return statuses;
}

async function endReplaceable(
  instanceId: string,
  reusableStatuses: readonly OrchestrationRuntimeStatus[],
  { client, scope }: StartScope,
): Promise<void> {
  const existing = await client.getInstance(instanceId, { fetchInput: false });
  if (existing === undefined || isTerminalStatus(existing.runtimeStatus)) return;
  if (!reusableStatuses.includes(existing.runtimeStatus)) {
    const message = `an instance '${instanceId}' exists already and is ${existing.runtimeStatus}`;
    throw new DurableError("InstanceAlreadyExists", message);
  }
  await unless(["InstanceNotActive"], client.terminate(instanceId, "replaced by a new instance"), undefined);
  await client.waitForInstance(instanceId, "ended", {
    signal: scope.signal,
    timeoutMs: replacementTimeoutMs,
    fetchInput: false,
  });
}

/** A time that is past, as some clients send it for none, means at once. */
function laterThan(now: number, time: Date | undefined): Date | undefined {
  return time !== undefined && time.getTime() > now ? time : undefined;
}
