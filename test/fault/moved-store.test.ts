import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { startStorageProxy } from "../support/storage-proxy.ts";

/** A store is not where it was: it was started anew on other ports, or is reached under another name. */
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const largeText = "durable ".repeat(9000);
const largeJson = JSON.stringify(largeText);

/** So that a failure is no wall of text. */
function brief(text: string | undefined): string | undefined {
  return text?.replaceAll(largeText, "<large>").slice(0, 200);
}

const large = brief(largeJson);

let folder: string;
let azurite: Azurite;
let worker: TaskHubWorker | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "durable-moved-"));
  azurite = await startAzurite({ folder });
});

afterEach(async () => {
  await worker?.stop();
  await azurite.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Starts a worker there, in place of the one before. */
async function openHub(connectionString: string): Promise<TaskHubClient> {
  await worker?.stop();
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    connectionString,
    taskHub: "Moved",
    workerId: systemRandom.guid(),
    maxQueuePollingIntervalMs: 200,
  });
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (text: string) => text });
  registry.addOrchestration({
    name: "echoing",
    *orchestrator(context, text: string) {
      return yield* context.callActivity<string>("echo", text);
    },
  });
  registry.addOrchestration({
    name: "parent",
    *orchestrator(context, text: string) {
      return yield* context.callSubOrchestrator<string>("echoing", text, "child");
    },
  });
  registry.addOrchestration({
    name: "failing",
    *orchestrator(_, text: string) {
      throw new Error(text);
    },
  });
  worker = new TaskHubWorker({
    ...ports,
    backend,
    store,
    executor: new InProcessExecutor({ registries: [registry], clock: ports.clock }),
    stopGraceMs: 0,
  });
  await worker.start();
  return new TaskHubClient({ store, ...ports });
}

async function restartStore(): Promise<void> {
  await worker?.stop();
  const { ports: before } = azurite;
  await azurite.stop();
  azurite = await startAzurite({ folder });
  expect(azurite.ports).not.toEqual(before);
}

async function expectLargePayloads(client: TaskHubClient): Promise<void> {
  for (const instanceId of ["root", "child", "parent"]) {
    const state = await client.getInstance(instanceId);
    expect([instanceId, brief(state?.input), brief(state?.output)]).toEqual([instanceId, large, large]);
  }
  const page = await client.queryInstances({ instanceIdPrefix: "root" });
  expect(page.instances.map(({ input, output }) => [brief(input), brief(output)])).toEqual([[large, large]]);
  const failed = await client.getInstance("failed");
  expect(brief(failed?.output)).toMatch(/^Error: (<large>|durable )/);
  const history = (await client.getHistory("root")) ?? [];
  const texts = history.flatMap((event) => {
    if (event.type === "ExecutionStarted") return [brief(event.input)];
    return event.type === "ExecutionCompleted" ? [brief(event.result)] : [];
  });
  expect(texts).toEqual([large, large]);
}

/** Also of a restart, which starts with the input that it reads from the row. */
async function expectRestart(client: TaskHubClient): Promise<void> {
  const again = await client.restart("root", { restartWithNewInstanceId: true });
  const { runtimeStatus, output } = await waitUntilEnded(client, again);
  expect([runtimeStatus, brief(output)]).toEqual(["Completed", large]);
}

async function fill(client: TaskHubClient): Promise<void> {
  await client.startInstance({ instanceId: "root", name: "echoing", input: largeJson });
  await client.startInstance({ instanceId: "parent", name: "parent", input: largeJson });
  await client.startInstance({ instanceId: "failed", name: "failing", input: largeJson });
  for (const instanceId of ["root", "parent", "failed"]) await waitUntilEnded(client, instanceId);
  await waitUntilEnded(client, "child");
}

it("shows large inputs and outputs after the store was started anew on other ports, and starts with them", async () => {
  await fill(await openHub(azurite.connectionString));
  await restartStore();

  const client = await openHub(azurite.connectionString);

  await expectLargePayloads(client);
  await expectRestart(client);
});

it("shows large inputs and outputs that were written under another name of the store", async () => {
  const proxy = await startStorageProxy(azurite, (_, forward) => forward());
  await fill(await openHub(proxy.connectionString));

  const client = await openHub(azurite.connectionString);

  await expectLargePayloads(client);
  await expectRestart(client);
  await worker?.stop();
  await proxy.close();
});

it("finishes with large payloads what the store was stopped in the middle of", async () => {
  let client = await openHub(azurite.connectionString);
  await client.startInstance({ instanceId: "root", name: "echoing", input: largeJson });
  await client.startInstance({
    instanceId: "later",
    name: "echoing",
    input: largeJson,
    scheduledStartTime: new Date(Date.now() + 3000),
  });
  await waitUntilEnded(client, "root");
  await restartStore();

  client = await openHub(azurite.connectionString);

  expect(brief((await client.getInstance("later"))?.input)).toBe(large);
  const { runtimeStatus, input, output } = await waitUntilEnded(client, "later");
  expect([runtimeStatus, brief(input), brief(output)]).toEqual(["Completed", large, large]);
});
