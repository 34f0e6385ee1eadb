import type { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import type { OrchestrationClient } from "../../../src/core/orchestration-client.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import type { EntityEncoding } from "../../../src/grpc/codec/history-writer.ts";
import { ExtensionExecutor } from "../../../src/grpc/extension/extension-executor.ts";
import { SidecarServer } from "../../../src/grpc/sidecar/sidecar-server.ts";
import { createEntityCalls } from "../../../src/hosting/entity-calls.ts";
import { type FunctionCaller, triggeredFunctions } from "./function-caller.ts";

export interface DurableExtension {
  /** On the hub itself, past the app. */
  readonly client: OrchestrationClient;
  /** What functions with the input `durableClient` are handed. */
  readonly clientBinding: object;
  stopEngine(): Promise<void>;
  /** The gRPC service that clients of the app use. */
  stopServer(): Promise<void>;
}

/** The Durable extension: an engine that calls functions of an app, and the gRPC service that its clients are led to. */
export async function startDurableExtension(options: {
  readonly hub: MemoryTaskHub;
  readonly worker: FunctionCaller;
  readonly entityEncoding?: EntityEncoding;
  readonly log?: (instanceId: string, functionName: string, line: string) => void;
}): Promise<DurableExtension> {
  const { hub, worker, entityEncoding = "events", log = () => {} } = options;
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const executor = new ExtensionExecutor({ functions: triggeredFunctions(worker, log), entityEncoding });
  const engine = new TaskHubWorker({ ...ports, backend: hub, store: hub, executor });
  const client = new TaskHubClient({ ...ports, store: hub });
  const entityCalls = createEntityCalls(client);
  const server = new SidecarServer({ ...ports, backend: hub, store: hub, client, entityCalls });
  const port = await server.start("127.0.0.1:0");
  await engine.start();
  return {
    client,
    clientBinding: {
      taskHubName: hub.taskHub,
      connectionName: null,
      creationUrls: null,
      managementUrls: null,
      baseUrl: null,
      requiredQueryStringParameters: "code=SYSTEMKEY",
      rpcBaseUrl: `http://127.0.0.1:${port}`,
      httpBaseUrl: "http://localhost:7071/runtime/webhooks/durabletask",
      useForwardedHost: false,
      maxGrpcMessageSizeInBytes: 4_194_304,
      grpcHttpClientTimeout: '"00:01:40"',
    },
    stopEngine: () => engine.stop(),
    stopServer: () => server.stop(),
  };
}
