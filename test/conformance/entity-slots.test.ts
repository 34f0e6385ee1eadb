import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { resolveDurableTaskSettings } from "../../src/host/settings/durable-task-settings.ts";
import { createAzureStorageEngine } from "../../src/hosting/azure-storage-engine.ts";
import { createFunctionAppEngine } from "../../src/hosting/function-app-engine.ts";
import { DFApp, startWorker } from "../../src/index.ts";
import { EmbeddedTaskHubClient, EmbeddedTaskHubWorker, EntityInstanceId } from "../../src/portable/index.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

let azurite: Azurite;
let appFolder: string;
beforeAll(async () => {
  azurite = await startAzurite();
  appFolder = await mkdtemp(join(tmpdir(), "entity-slots-"));
  const durableTask = { maxConcurrentEntityFunctions: 1 };
  await writeFile(join(appFolder, "host.json"), JSON.stringify({ version: "2.0", extensions: { durableTask } }));
});
afterAll(async () => {
  await azurite.stop();
  await rm(appFolder, { recursive: true, force: true });
});

/** Operations that wait until they are let go on. */
class SlowOperations {
  readonly running: (() => void)[] = [];
  #isOver = false;

  readonly run = async (): Promise<void> => {
    if (!this.#isOver) await new Promise<void>((resolve) => void this.running.push(resolve));
  };

  endAll(): void {
    this.#isOver = true;
    for (const end of this.running) end();
  }
}

interface StartedWorker {
  signal(key: string): Promise<unknown>;
  /** Runs an orchestration to its end. */
  orchestrate(): Promise<unknown>;
  stop(): Promise<unknown>;
}

function registryOf(slow: SlowOperations): Registry {
  const registry = new Registry();
  registry.addEntity({ name: "slow", entity: slow.run });
  registry.addOrchestration({ name: "quick", orchestrator: async () => "done" });
  return registry;
}

function through(client: OrchestrationClient, stop: () => Promise<void>): StartedWorker {
  return {
    signal: (key) => client.entities.signal({ name: "slow", key }, { operation: "wait" }),
    orchestrate: async () =>
      JSON.parse((await waitUntilEnded(client, await client.startInstance({ name: "quick" }))).output!),
    stop,
  };
}

const newName = () => `Slots${randomUUID().replaceAll("-", "").slice(0, 8)}`;

/** Workers of every kind, told to run one entity at a time. */
const workers: Readonly<Record<string, (slow: SlowOperations) => Promise<StartedWorker>>> = {
  async startWorker(slow) {
    const app = new DFApp();
    app.entity("slow", slow.run);
    app.orchestration("quick", async () => "done");
    const concurrency = { maxConcurrentEntities: 1 };
    const host = await startWorker({ apps: [app], storage: "memory", taskHub: newName(), concurrency });
    const { client } = host;
    return {
      signal: (key) => client.signalEntity(`@slow@${key}`, "wait"),
      orchestrate: async () => {
        const id = await client.startNew("quick");
        return (await client.waitForCompletion(id, { pollInterval: 20 })).output;
      },
      stop: () => host.stop(),
    };
  },
  async "the portable worker"(slow) {
    const place = { storage: "memory", taskHub: newName() } as const;
    const worker = new EmbeddedTaskHubWorker({ ...place, log: () => {}, concurrency: { maxConcurrentEntities: 1 } });
    worker.addEntity("slow", slow.run);
    const quick = async () => "done";
    worker.addOrchestration("quick", quick);
    await worker.start();
    const client = new EmbeddedTaskHubClient(place);
    return {
      signal: (key) => client.signalEntity(new EntityInstanceId("slow", key), "wait"),
      orchestrate: async () => {
        const id = await client.scheduleNewOrchestration("quick");
        return (await client.waitForOrchestrationCompletion(id)).result;
      },
      async stop() {
        await client.close();
        await worker.stop();
      },
    };
  },
  async "the local host, by host.json"(slow) {
    const env = { AzureWebJobsStorage: azurite.connectionString };
    const durableTask = { hubName: newName(), maxConcurrentEntityFunctions: 1 };
    const settings = resolveDurableTaskSettings({ version: "2.0", extensions: { durableTask } }, env, {
      processorCount: 4,
    });
    const request = { appFolder, settings, registries: [registryOf(slow)], env, log: () => {} };
    const engine = await createAzureStorageEngine(request);
    await engine.start();
    return through(engine.client, () => engine.stop());
  },
  async "an engine in a Function App, by host.json"(slow) {
    const engine = await createFunctionAppEngine({
      registries: [registryOf(slow)],
      appFolder,
      env: {
        AzureWebJobsStorage: azurite.connectionString,
        AzureFunctionsJobHost__extensions__durableTask__hubName: newName(),
      },
      log: () => {},
    });
    await engine.start();
    return through(engine.connection.client, () => engine.stop());
  },
};

it.for(Object.keys(workers))(
  "%s runs as many entities as it is told, and orchestrations beside them",
  async (name, { onTestFinished }) => {
    const slow = new SlowOperations();
    const worker = await workers[name]!(slow);
    onTestFinished(async () => {
      slow.endAll();
      await worker.stop();
    });
    for (const key of ["a", "b", "c"]) await worker.signal(key);
    await expect.poll(() => slow.running.length, { timeout: 30_000 }).toBe(1);

    const outputs = [await worker.orchestrate(), await worker.orchestrate()];

    expect(outputs).toEqual(["done", "done"]);
    expect(slow.running).toHaveLength(1);
  },
);
