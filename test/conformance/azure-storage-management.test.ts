import { TableServiceClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { afterEach, expect, it } from "vitest";
import { runHubDelete } from "../../src/cli/hub-command.ts";
import { parseHub } from "../../src/cli/hub-options.ts";
import { runPurge } from "../../src/cli/purge-command.ts";
import { parsePurge } from "../../src/cli/purge-options.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker, type TaskHubWorkerOptions } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { azurite, newHubName, openHub, type ServiceAnswers } from "./azure-storage-fixture.ts";

const workers: TaskHubWorker[] = [];
const setting = "MANAGEMENT_TEST_STORAGE";
/** Deletions are watched where they are: in the emulator. */
const plain: ServiceAnswers = { plain: "what is deleted and made again must be the emulator's own" };

afterEach(async () => {
  delete process.env[setting];
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});

function registry(): Registry {
  const functions = new Registry();
  functions.addOrchestration({ name: "done", orchestrator: () => "x".repeat(50_000) });
  functions.addOrchestration({
    name: "parent",
    orchestrator: function* (context) {
      yield context.callSubOrchestrator("done", undefined, `${context.instanceId}-child`);
    },
  });
  functions.addOrchestration({
    name: "waits",
    orchestrator: function* (context) {
      yield context.waitForExternalEvent("go");
    },
  });
  return functions;
}

async function open(taskHub: string, more: Partial<TaskHubWorkerOptions> = {}, answers: ServiceAnswers = plain) {
  const logged: string[] = [];
  const log = { log: (_level: unknown, event: string) => void logged.push(event) };
  const { store, backend } = openHub(taskHub, { log }, answers);
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  const executor = new InProcessExecutor({ registries: [registry()], clock: systemClock });
  const worker = new TaskHubWorker({ backend, store, executor, clock: systemClock, log, ...more });
  workers.push(worker);
  return { store, backend, client, worker, logged };
}

function terminal() {
  const printed: string[] = [];
  const failed: string[] = [];
  const spy: Terminal = {
    log() {},
    print: (line) => void printed.push(line),
    fail: (line) => void failed.push(line),
    paint: (_, text) => text,
    flush: async () => true,
  };
  return { spy, printed, failed };
}

async function durablePurge(...args: string[]) {
  process.env[setting] = azurite.connectionString;
  const { spy, printed, failed } = terminal();
  const parsed = parsePurge([...args, "--storage", setting], "/nowhere");
  if (parsed.kind !== "options") throw new Error(JSON.stringify(parsed));
  return { code: await runPurge(parsed.options, spy), printed, failed };
}

async function durableHubDelete(...args: string[]) {
  process.env[setting] = azurite.connectionString;
  const { spy, printed, failed } = terminal();
  const parsed = parseHub(["delete", ...args, "--yes", "--storage", setting], "/nowhere");
  if (parsed.kind !== "delete") throw new Error(JSON.stringify(parsed));
  return { code: await runHubDelete(parsed.options, spy), printed, failed };
}

/** What the account holds of a hub. */
async function resourcesOf(taskHub: string): Promise<readonly string[]> {
  const { connectionString } = azurite;
  const found: string[] = [];
  const tables = TableServiceClient.fromConnectionString(connectionString, { allowInsecureConnection: true });
  for await (const { name } of tables.listTables()) if (name) found.push(name);
  for await (const { name } of QueueServiceClient.fromConnectionString(connectionString).listQueues()) found.push(name);
  for await (const { name } of BlobServiceClient.fromConnectionString(connectionString).listContainers())
    found.push(name);
  return found.filter((name) => name.toLowerCase().startsWith(taskHub.toLowerCase())).toSorted();
}

async function ended(client: TaskHubClient, instanceId: string): Promise<void> {
  const state = await client.waitForInstance(instanceId, "ended", { timeoutMs: 30_000 });
  expect(state?.runtimeStatus).toBe("Completed");
}

it("durable purge deletes what finished long ago, by conditions and by ids, and counts first if asked", async () => {
  const taskHub = newHubName();
  const { client, worker } = await open(taskHub);
  await worker.start();
  for (const id of ["order-1", "order-2", "other"]) await client.startInstance({ name: "done", instanceId: id });
  await client.startInstance({ name: "parent", instanceId: "tree" });
  await client.startInstance({ name: "waits", instanceId: "waits" });
  for (const id of ["order-1", "order-2", "other", "tree"]) await ended(client, id);

  const hub = ["--task-hub", taskHub];
  expect(await durablePurge("--older-than", "1h", ...hub)).toMatchObject({
    printed: [`Purged 0 instances of task hub ${taskHub}`],
  });
  expect(await durablePurge("--prefix", "order-", "--dry-run", "--json", ...hub)).toEqual({
    code: 0,
    printed: [JSON.stringify({ taskHub, matching: 2, dryRun: true })],
    failed: [],
  });
  expect(await durablePurge("--status", "Completed", "--prefix", "order-", "--json", ...hub)).toMatchObject({
    printed: [JSON.stringify({ taskHub, deleted: 2 })],
  });
  expect(await durablePurge("other", "nobody", "waits", ...hub)).toMatchObject({
    code: 1,
    printed: [`Purged 1 instance of task hub ${taskHub}`],
    failed: ["There is no instance 'nobody'", expect.stringContaining("'waits' is Running")],
  });
  expect(await durablePurge("--older-than", "0s", "--name", "parent", "--recursive", ...hub)).toMatchObject({
    printed: [`Purged 2 instances of task hub ${taskHub}`],
  });
  expect(await durablePurge("waits", "--force", ...hub)).toMatchObject({ code: 0 });
  expect(await client.countInstances({})).toBe(0);
});

it("neither command makes a hub whose name was mistyped", async () => {
  const taskHub = newHubName();

  expect(await durablePurge("--status", "Failed", "--task-hub", taskHub)).toMatchObject({
    code: 1,
    failed: [expect.stringContaining(`There is no task hub '${taskHub}' in `)],
  });
  expect(await durableHubDelete("--task-hub", taskHub)).toMatchObject({
    code: 1,
    failed: [`there is no task hub '${taskHub}' in this storage`],
  });
  expect(await resourcesOf(taskHub)).toEqual([]);
});

it("durable hub delete leaves nothing, whatever else has put something beside the hub", async () => {
  const taskHub = newHubName();
  const { client, worker } = await open(taskHub);
  await worker.start();
  await client.startInstance({ name: "done", instanceId: "a", input: JSON.stringify("x".repeat(100_000)) });
  await ended(client, "a");
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  for (const name of ["leases", "applease"]) {
    await blobs.getContainerClient(`${taskHub.toLowerCase()}-${name}`).createIfNotExists();
  }
  // Of a hub that had more partitions once.
  const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  await queues.createQueue(`${taskHub.toLowerCase()}-control-09`);

  const refused = await durableHubDelete("--task-hub", taskHub);
  expect(refused).toMatchObject({ code: 1, failed: [expect.stringContaining("is in use by worker-")] });
  expect((await resourcesOf(taskHub)).length).toBeGreaterThan(8);
  await worker.stop();
  const deleted = await durableHubDelete("--task-hub", taskHub, "--json");

  expect(deleted).toEqual({ code: 0, printed: [JSON.stringify({ taskHub, deleted: true })], failed: [] });
  expect(await resourcesOf(taskHub)).toEqual([]);
});

it("a hub that is deleted under its workers stays deleted, and they end in peace", async () => {
  const taskHub = newHubName();
  const { client, worker } = await open(taskHub);
  await worker.start();
  for (let index = 0; index < 5; index++) await client.startInstance({ name: "waits", instanceId: `w${index}` });
  await client.waitForInstance("w4", "started", { timeoutMs: 30_000 });

  await client.deleteTaskHub({ force: true });
  // Several rounds of polls and of looks at the leases.
  await systemClock.sleep(3000);

  const elsewhere = (await open(taskHub)).client;
  expect(await elsewhere.getInstance("w0")).toBeUndefined();
  expect(await elsewhere.getHistory("w0")).toBeUndefined();
  expect(await elsewhere.queryInstances({})).toEqual({ instances: [], continuationToken: undefined });
  expect(await elsewhere.countInstances({})).toBe(0);
  expect(await elsewhere.purge("w0")).toBe(0);
  await expect(elsewhere.raiseEvent("w0", "go", undefined)).rejects.toMatchObject({ code: "InstanceNotFound" });
  await expect(elsewhere.deleteTaskHub()).rejects.toMatchObject({ code: "TaskHubNotFound" });
  expect(await resourcesOf(taskHub)).toEqual([]);
  await worker.stop();
  expect(await resourcesOf(taskHub)).toEqual([]);

  const again = await open(taskHub);
  await again.worker.start();
  await again.client.startInstance({ name: "done", instanceId: "anew" });
  await ended(again.client, "anew");
  expect((await again.client.queryInstances({})).instances.map(({ instanceId }) => instanceId)).toEqual(["anew"]);
});

it("one of two workers purges what finished longer ago than it is kept", async () => {
  const taskHub = newHubName();
  const policy = { olderThanMs: 1000, intervalMs: 1000, statuses: ["Completed"] } as const;
  const retention = { policy, random: systemRandom };
  const first = await open(taskHub, { retention });
  const second = await open(taskHub, { retention });
  await first.worker.start();
  await second.worker.start();
  for (let index = 0; index < 6; index++) await first.client.startInstance({ name: "done", instanceId: `d${index}` });
  await first.client.startInstance({ name: "waits", instanceId: "waits" });

  const left = async () => (await first.client.queryInstances({})).instances.map(({ instanceId }) => instanceId);
  await expect.poll(left).toEqual(["waits"]);
  expect([...first.logged, ...second.logged]).toContain("RetentionSwept");
  // Partitions may go over from one to the other meanwhile, the first among them.
  await expect
    .poll(() => [first, second].filter(({ backend }) => backend.isKeeper?.()).length, { timeout: 10_000 })
    .toBe(1);
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const kept: string[] = [];
  for await (const { name } of blobs.getContainerClient(`${taskHub.toLowerCase()}-largemessages`).listBlobsFlat())
    kept.push(name);
  expect(kept).toEqual([]);
});
