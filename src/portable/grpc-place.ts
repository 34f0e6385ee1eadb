import { availableParallelism } from "node:os";
import { callEntityOrchestratorName, httpActivityName, httpPollOrchestratorName } from "../core/reserved-names.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import { openChannel, type TaskHubChannel } from "../grpc/channel/task-hub-channel.ts";
import { formatUserAgent } from "../grpc/channel/user-agent.ts";
import { GrpcOrchestrationClient } from "../grpc/client/grpc-orchestration-client.ts";
import { GrpcWorker } from "../grpc/worker/grpc-worker.ts";
import { openPayloadStore } from "../hosting/payload-store.ts";
import type { Registry } from "../worker/registry.ts";
import type { OpenClient } from "./durable-task-client.ts";
import type { PlacedWorker, WorkerRequest } from "./durable-task-worker.ts";
import type { GrpcLocation, GrpcOnlyWorkerOptions } from "./grpc-options.ts";

// Loaded with the first call or start only: it reads the gRPC libraries.

/** A client over gRPC. */
export async function openGrpcClient(location: GrpcLocation): Promise<OpenClient> {
  const payloads = location.largePayloads && (await openPayloadStore(location.largePayloads));
  const channel = open(location, "Client");
  return {
    client: new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom, payloads }),
    close: async () => channel.close(),
  };
}

/** A worker over gRPC. */
export async function openGrpcWorker(
  location: GrpcLocation,
  { workItemFilters }: GrpcOnlyWorkerOptions,
  { registry, executor, log, concurrency, stopGraceMs }: WorkerRequest,
): Promise<PlacedWorker> {
  const payloads = location.largePayloads && (await openPayloadStore(location.largePayloads));
  const workerId = systemRandom.guid();
  const most = 100 * availableParallelism();
  return new GrpcWorker({
    openChannel: () => open({ ...location, workerId }, "Worker"),
    executor,
    log,
    taskHub: location.taskHub,
    clock: systemClock,
    random: systemRandom,
    maxConcurrentOrchestrations: concurrency.maxConcurrentOrchestrations ?? most,
    maxConcurrentActivities: concurrency.maxConcurrentActivities ?? most,
    maxConcurrentEntities: concurrency.maxConcurrentEntities ?? most,
    filters: workItemFilters ? filtersOf(registry) : undefined,
    payloads,
    stopGraceMs,
  });
}

function open(
  { largePayloads: _payloads, ...location }: GrpcLocation & { readonly workerId?: string },
  role: "Worker" | "Client",
): TaskHubChannel {
  return openChannel({ ...location, userAgent: formatUserAgent(role) });
}

/** What a server may send to a worker with these functions; those that every executor has are among them. */
export function filtersOf(registry: Registry): {
  orchestrations: { name: string; versions: string[] }[];
  activities: { name: string; versions: string[] }[];
  entities: { name: string }[];
} {
  const { versioning } = registry;
  // Only a strict worker knows the versions that it runs; the others compare them.
  const versions = versioning?.matchStrategy === "strict" ? [versioning.version] : [];
  return {
    orchestrations: [
      ...registry.orchestrationNames.map((name) => ({ name, versions })),
      { name: httpPollOrchestratorName, versions: [] },
      { name: callEntityOrchestratorName, versions: [] },
    ],
    activities: [...registry.activityNames, httpActivityName].map((name) => ({ name, versions: [] })),
    // Entities are known in lower case on the way.
    entities: registry.entityNames.map((name) => ({ name: name.toLowerCase() })),
  };
}
