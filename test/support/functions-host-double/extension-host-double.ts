import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import type { EntityEncoding } from "../../../src/grpc/codec/history-writer.ts";
import { SidecarServer } from "../../../src/grpc/sidecar/sidecar-server.ts";
import { createEntityCalls } from "../../../src/hosting/entity-calls.ts";
import { ExtensionExecutor } from "./extension-executor.ts";
import { FunctionsWorkerDouble } from "./functions-worker.ts";

export interface ExtensionHostOptions {
  readonly hub: MemoryTaskHub;
  /** What the entry files of the app do. */
  readonly register: () => void;
  /** @defaultValue one whose extension speaks to apps like ours */
  readonly hostJson?: object;
  /** How the history tells of entities. @defaultValue as events */
  readonly entityEncoding?: EntityEncoding;
  readonly log?: (instanceId: string, functionName: string, line: string) => void;
}

export interface RunningExtensionHost extends AsyncDisposable {
  readonly worker: FunctionsWorkerDouble;
  stop(): Promise<void>;
}

const bundleHostJson = {
  version: "2.0",
  extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.*, 5.0.0)" },
};

/**
 * A genuine Functions host with the Durable extension, as far as an app can tell: a worker that loads the app, an engine
 * that calls its functions in the extension's protobuf protocol, and the gRPC service that its clients are led to.
 */
export async function startExtensionHost(options: ExtensionHostOptions): Promise<RunningExtensionHost> {
  const { hub, register, entityEncoding = "events", log = () => {} } = options;
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const appFolder = await mkdtemp(join(tmpdir(), "functions-app-"));
  await writeFile(join(appFolder, "host.json"), JSON.stringify(options.hostJson ?? bundleHostJson));
  process.env["AzureWebJobsScriptRoot"] = appFolder;
  const worker = await FunctionsWorkerDouble.load(register);
  const executor = new ExtensionExecutor({ worker, entityEncoding, log });
  const engine = new TaskHubWorker({ ...ports, backend: hub, store: hub, executor });
  const client = new TaskHubClient({ ...ports, store: hub });
  const entityCalls = createEntityCalls(client);
  const server = new SidecarServer({ ...ports, backend: hub, store: hub, client, entityCalls });
  const port = await server.start("127.0.0.1:0");
  worker.clientBinding = {
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
  };
  await engine.start();
  const stop = async () => {
    await engine.stop();
    await worker.terminate();
    await server.stop();
    await rm(appFolder, { recursive: true });
  };
  return { worker, stop, [Symbol.asyncDispose]: stop };
}
