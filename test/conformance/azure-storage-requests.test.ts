import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { type Clock, silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

const registry = new Registry();
registry.addActivity({ name: "sayHello", activity: (city: string) => `Hello ${city}!` });
registry.addOrchestration({
  name: "helloSequence",
  *orchestrator(ctx) {
    for (const city of ["Tokyo", "Seattle", "London"]) yield ctx.callActivity("sayHello", city);
  },
});
registry.addOrchestration({
  name: "chain",
  *orchestrator(ctx, length: number) {
    for (let step = 0; step < length; step++) yield ctx.callActivity("sayHello", "Tokyo");
  },
});
registry.addOrchestration({
  name: "fanOut",
  *orchestrator(ctx, width: number) {
    yield ctx.df.Task.all(Array.from({ length: width }, () => ctx.callActivity("sayHello", "Tokyo")));
  },
});

registry.addOrchestration({
  name: "eternal",
  *orchestrator(ctx, left: number) {
    for (let step = 0; step < left; step++) yield ctx.callActivity("sayHello", "Tokyo");
    if (left > 0) ctx.continueAsNew(left - 1);
  },
});

let azurite: Azurite;
let hub: Awaited<ReturnType<typeof openHub>>;

/** While messages of a worker before it may come back, a new one polls more often. */
const visibilityTimeoutMs = 6000;

beforeAll(async () => {
  azurite = await startAzurite();
  hub = await openHub();
  await systemClock.sleep(visibilityTimeoutMs + 1000);
});

afterAll(async () => {
  await hub?.worker.stop();
  await azurite.stop();
});

/** The plain emulator: requests are counted, and a strict account makes some more. */
async function openHub() {
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const { connectionString } = azurite;
  let counts = new Map<string, number>();
  const add = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const counting =
    (transport: StorageTransport): StorageTransport =>
    async (request, context) => {
      const reply = await transport(request, context);
      const isPoll = request.kind === "queue.receive";
      const isEmpty = isPoll && reply.outcome === "done" && (reply.value as readonly unknown[]).length === 0;
      // What keeps the partitions is no work.
      const isKeeping = "table" in request && request.table.endsWith("Partitions");
      if (!isKeeping) add(isEmpty ? "empty poll" : request.kind);
      return reply;
    };
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    connectionString,
    taskHub: "Requests",
    workerId: "worker",
    visibilityTimeoutMs,
    decorateTransport: counting,
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor });
  await worker.start();
  const client = new TaskHubClient({ store, ...ports });
  const run = async (name: string, input?: unknown) => {
    const text = input === undefined ? undefined : JSON.stringify(input);
    await client.waitForInstance(await client.startInstance({ name, input: text }), "ended", {});
  };
  await run("helloSequence");
  /** What a call asks the storage for, with the deletions after it. */
  const count = async (call: () => Promise<unknown>) => {
    counts = new Map();
    await call();
    await systemClock.sleep(500);
    // Renewals of locks, like polls, depend on how long it takes.
    const { "empty poll": emptyPolls = 0, "queue.update": _, ...kinds } = Object.fromEntries(counts);
    return { kinds, emptyPolls, all: Object.values(kinds).reduce((sum, count) => sum + count, 0) };
  };
  return { worker, client, count, run };
}

it("a hello sequence of three activities asks the storage as often as documented", async () => {
  const { all, kinds, emptyPolls } = await hub.count(() => hub.run("helloSequence"));

  expect(kinds).toEqual({
    "queue.send": 4, // the start, and three requests that are handed over
    "queue.deleteMessage": 4,
    "table.batch": 4, // one per episode
    "table.insert": 1,
    "table.update": 2, // it runs, it has ended
  });
  expect(all).toBe(15);
  expect(emptyPolls).toBeLessThanOrEqual(4);
});

it("a start costs two requests, three at most", async () => {
  const { kinds } = await hub.count(async () => {
    const scheduledStartTime = new Date(systemClock.now() + 3_600_000);
    await hub.client.startInstance({ name: "chain", input: "0", scheduledStartTime });
  });

  expect(kinds).toEqual({ "queue.send": 1, "table.insert": 1 });
});

it("a chain of N activities costs at most 4 N + 6 requests", async () => {
  const { all } = await hub.count(() => hub.run("chain", 20));

  expect(all).toBeLessThanOrEqual(4 * 20 + 6);
});

it("an execution that is shorter than the one before it writes its rows over the old ones, in one request an episode", async () => {
  const { kinds } = await hub.count(() => hub.run("eternal", 3));

  // The first episode, and one for each answer: the last answer of an execution begins the next one.
  expect(kinds).toMatchObject({ "table.batch": 1 + 3 + 2 + 1 });
});

it("a fan-out of 100 activities costs at most 230 requests", async () => {
  const { all, kinds, emptyPolls } = await hub.count(() => hub.run("fanOut", 100));

  expect(kinds).toMatchObject({ "queue.send": 101, "queue.deleteMessage": 101 });
  expect(all + emptyPolls).toBeLessThanOrEqual(230);
});

it("an idle hub of four partitions costs at most 1,100 requests an hour", async () => {
  // Twenty times as fast: half a minute is ten.
  const speed = 20;
  const begun = systemClock.now();
  const clock: Clock = {
    now: () => begun + (systemClock.now() - begun) * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
  const ports = { clock, random: systemRandom, log: silentLog };
  const { connectionString } = azurite;
  const taskHub = "Idle";
  const { backend, store, requests } = createAzureStorageTaskHub({
    ...ports,
    connectionString,
    taskHub,
    workerId: "w",
  });
  const executor = new InProcessExecutor({ registries: [registry], clock });
  await using worker = new TaskHubWorker({ ...ports, backend, store, executor });
  await worker.start();
  // Until the pauses between polls are as long as they get.
  await clock.sleep(150_000);
  requests.reset();
  const from = clock.now();

  await clock.sleep(600_000);

  const hours = (clock.now() - from) / 3_600_000;
  const asked = [...requests.byKind.values()].reduce((sum, count) => sum + count, 0);
  expect(asked / hours).toBeLessThanOrEqual(1100);
}, 120_000);
