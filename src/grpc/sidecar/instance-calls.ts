import type { EntityCalls } from "../../core/entity-calls.ts";
import { DurableError, isDurableError } from "../../core/errors.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import type { Clock } from "../../core/ports.ts";
import { toWireState } from "../codec/states.ts";
import { fromWireStatus } from "../codec/statuses.ts";
import { fromTimestamp } from "../codec/times.ts";
import type { RequestOf, ResponseInit } from "../service/service-definition.ts";
import { unless } from "./error-rules.ts";
import { InstanceWaits } from "./instance-waits.ts";
import { purgeInstances } from "./purge-instances.ts";
import { startInstance } from "./start-instance.ts";
import type { CallScope, UnaryCalls } from "./unary-calls.ts";

type InstanceMethods =
  | "startInstance"
  | "getInstance"
  | "waitForInstanceStart"
  | "waitForInstanceCompletion"
  | "raiseEvent"
  | "terminateInstance"
  | "suspendInstance"
  | "resumeInstance"
  | "rewindInstance"
  | "restartInstance"
  | "queryInstances"
  | "listInstanceIds"
  | "purgeInstances"
  | "skipGracefulOrchestrationTerminations";

const defaultPageSize = 100;
const maxPageSize = 1_000;
/** Clients take answers of 4 MiB unless they were told otherwise. */
const maxPageBytes = 3 * 1024 * 1024;

/** Starts, looks at and manages orchestration instances. */
export function instanceCalls(
  client: OrchestrationClient,
  clock: Clock,
  entityCalls?: EntityCalls,
): UnaryCalls<InstanceMethods> {
  const waits = new InstanceWaits(client);
  const wait = async (until: "started" | "ended", request: RequestOf<"getInstance">, { signal }: CallScope) => {
    await waits.until(request.instanceId, until, signal);
    return await read(client, request);
  };
  return {
    async startInstance(request, scope) {
      return { instanceId: await startInstance(request, { client, clock, scope, entityCalls }) };
    },
    getInstance: (request) => read(client, request),
    waitForInstanceStart: (request, scope) => wait("started", request, scope),
    waitForInstanceCompletion: (request, scope) => wait("ended", request, scope),
    async raiseEvent({ instanceId, name, input }, { isOwnClient }) {
      await unless(isOwnClient ? [] : ["InstanceNotActive"], client.raiseEvent(instanceId, name, input), undefined);
      return {};
    },
    async terminateInstance({ instanceId, output, recursive }, { isOwnClient }) {
      const terminated = client.terminate(instanceId, output, { recursive });
      await unless(isOwnClient ? [] : ["InstanceNotActive", "InstanceNotFound"], terminated, undefined);
      return {};
    },
    async suspendInstance({ instanceId, reason }, { isOwnClient }) {
      await unless(isOwnClient ? [] : ["InstanceNotActive"], client.suspend(instanceId, reason), undefined);
      return {};
    },
    async resumeInstance({ instanceId, reason }, { isOwnClient }) {
      await unless(isOwnClient ? [] : ["InstanceNotActive"], client.resume(instanceId, reason), undefined);
      return {};
    },
    async rewindInstance({ instanceId, reason }) {
      await client.rewind(instanceId, reason);
      return {};
    },
    async restartInstance({ instanceId, restartWithNewInstanceId }, { isOwnClient }) {
      const restarted = client.restart(instanceId, { restartWithNewInstanceId });
      return { instanceId: await (isOwnClient ? restarted : asNotActive(restarted, instanceId)) };
    },
    async queryInstances({ query }) {
      return await queryInstances(client, query);
    },
    async listInstanceIds({ runtimeStatus, completedTimeFrom, completedTimeTo, pageSize, lastInstanceKey }) {
      const page = await client.listInstanceIds({
        runtimeStatus: runtimeStatus.length === 0 ? undefined : runtimeStatus.map(fromWireStatus),
        completedTimeFrom: fromTimestamp(completedTimeFrom),
        completedTimeTo: fromTimestamp(completedTimeTo),
        pageSize: readPageSize(pageSize),
        continuationToken: lastInstanceKey || undefined,
      });
      return { instanceIds: [...page.instanceIds], lastInstanceKey: page.continuationToken };
    },
    purgeInstances: (request, scope) => purgeInstances(request, { client, scope }),
    async skipGracefulOrchestrationTerminations() {
      const message = "instances of this task hub end through their history only; use TerminateInstance";
      throw new DurableError("NotSupported", message);
    },
  };
}

async function read(
  client: OrchestrationClient,
  { instanceId, getInputsAndOutputs: fetchPayloads }: RequestOf<"getInstance">,
): Promise<ResponseInit<"getInstance">> {
  const fetched = { fetchInput: fetchPayloads, fetchOutput: fetchPayloads, fetchFailure: fetchPayloads };
  const state = await client.getInstance(instanceId, fetched);
  return state === undefined
    ? { exists: false }
    : { exists: true, orchestrationState: toWireState(state, { fetchPayloads }) };
}

/** An instance that runs keeps its id: a failed precondition to the clients of other languages. */
async function asNotActive(restarted: Promise<string>, instanceId: string): Promise<string> {
  try {
    return await restarted;
  } catch (cause) {
    if (!isDurableError(cause, "InstanceAlreadyExists")) throw cause;
    throw new DurableError("InstanceNotActive", `the instance '${instanceId}' runs, and keeps its id`, { cause });
  }
}

async function queryInstances(
  client: OrchestrationClient,
  query: RequestOf<"queryInstances">["query"],
): Promise<ResponseInit<"queryInstances">> {
  const hubs = query?.taskHubNames ?? [];
  if (hubs.length > 0 && !hubs.some(({ value }) => isSameHub(value, client.taskHub))) return { orchestrationState: [] };
  const statuses = query?.runtimeStatus ?? [];
  const fetchPayloads = query?.fetchInputsAndOutputs ?? false;
  const { instances, continuationToken } = await client.queryInstances({
    runtimeStatus: statuses.length === 0 ? undefined : statuses.map(fromWireStatus),
    createdTimeFrom: fromTimestamp(query?.createdTimeFrom),
    createdTimeTo: fromTimestamp(query?.createdTimeTo),
    instanceIdPrefix: query?.instanceIdPrefix || undefined,
    pageSize: readPageSize(query?.maxInstanceCount ?? 0),
    continuationToken: query?.continuationToken || undefined,
    fetchInput: fetchPayloads,
    fetchOutput: fetchPayloads,
    maxPageBytes,
  });
  return {
    orchestrationState: instances.map((state) => toWireState(state, { fetchPayloads })),
    continuationToken,
  };
}

/** Clients that want everything at once ask for more than fits into an answer. */
function readPageSize(asked: number): number {
  return asked > 0 ? Math.min(asked, maxPageSize) : defaultPageSize;
}

/** Names of hubs ignore case. */
export function isSameHub(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
