import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import type { EntityEncoding } from "../../../src/grpc/codec/history-writer.ts";
import { startDurableExtension } from "./durable-extension.ts";
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
  const appFolder = await mkdtemp(join(tmpdir(), "functions-app-"));
  await writeFile(join(appFolder, "host.json"), JSON.stringify(options.hostJson ?? bundleHostJson));
  process.env["AzureWebJobsScriptRoot"] = appFolder;
  const worker = await FunctionsWorkerDouble.load(register);
  const extension = await startDurableExtension({ hub, worker, entityEncoding, log });
  worker.clientBinding = extension.clientBinding;
  const stop = async () => {
    await extension.stopEngine();
    await worker.terminate();
    await extension.stopServer();
    await rm(appFolder, { recursive: true });
  };
  return { worker, stop, [Symbol.asyncDispose]: stop };
}
