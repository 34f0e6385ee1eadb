import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StorageRequest } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { createEventLog } from "../../src/core/event-log.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { DFApp } from "../../src/functions/df-app.ts";
import { WakeQueue } from "../../src/hosting/wake-queue.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { FunctionsWorkerDouble } from "../support/functions-host-double/functions-worker.ts";
import { azurite, newHubName, openHub } from "./azure-storage-fixture.ts";

const queueOf = (name: string): QueueClient =>
  QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(name);

async function countOf(queue: QueueClient): Promise<number> {
  return (await queue.getProperties()).approximateMessagesCount ?? 0;
}

/** When the first message of each queue is seen, in milliseconds. */
async function watchArrival(...queues: readonly QueueClient[]): Promise<readonly number[]> {
  const seenAt: number[] = queues.map(() => Number.NaN);
  while (seenAt.some(Number.isNaN)) {
    for (const [index, queue] of queues.entries()) {
      if (!Number.isNaN(seenAt[index])) continue;
      const { peekedMessageItems } = await queue.peekMessages();
      if (peekedMessageItems.length > 0) seenAt[index] = performance.now();
    }
    await sleep(50);
  }
  return seenAt;
}

it("timers leave one wake message, which becomes visible when they do", async () => {
  const taskHub = newHubName();
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  // Far from where one half minute ends and the next begins.
  const now = Math.floor(systemClock.now() / 30_000) * 30_000 + 10_000;
  const wakeQueue = new WakeQueue({
    taskHub,
    queueName: `${taskHub.toLowerCase()}-wake`,
    maxPollingIntervalMs: 30_000,
    // It stands still, so that all timers are due in the same half minute.
    clock: { now: () => now, sleep: (ms, signal) => systemClock.sleep(ms, signal) },
    events: createEventLog(silentLog),
  });
  const asked: StorageRequest[] = [];
  const { backend, store } = openHub(taskHub, {
    partitionCount: 1,
    decorateTransport: (transport) =>
      wakeQueue.watch((request, context) => {
        asked.push(request);
        return transport(request, context);
      }),
  });
  const control = `${taskHub.toLowerCase()}-control-00`;
  const wake = `${taskHub.toLowerCase()}-wake`;
  const sentTo = (name: string) =>
    asked.flatMap((request) => (request.kind === "queue.send" && request.queue === name ? [request] : []));
  // What the worker has sent for itself is hidden too.
  const timersSent = () => sentTo(control).filter(({ visibilityDelayMs, isHeld }) => visibilityDelayMs > 0 && !isHeld);
  const registry = new Registry();
  registry.addOrchestration({
    name: "nap",
    *orchestrator(ctx) {
      yield ctx.createTimer(new Date(ctx.currentUtcDateTime.getTime() + 8_000));
    },
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor });
  await worker.start();
  const hasPolled = () => asked.some((request) => request.kind === "queue.receive" && request.queue === control);
  await expect.poll(hasPolled, { timeout: 10_000 }).toBe(true);

  const client = new TaskHubClient({ store, ...ports });
  for (let i = 0; i < 3; i++) await client.startInstance({ name: "nap" });
  await expect.poll(() => timersSent().length, { timeout: 10_000, interval: 20 }).toBe(3);
  // The messages stay where they are.
  await worker.stop();
  await expect.poll(() => sentTo(wake).length).toBe(1);
  const [timerSeenAt, wakeSeenAt] = await watchArrival(queueOf(control), queueOf(wake));

  expect(sentTo(wake)[0]!.visibilityDelayMs).toBe(timersSent()[0]!.visibilityDelayMs);
  expect(Math.abs(wakeSeenAt! - timerSeenAt!)).toBeLessThan(2_500);
});

describe("a Function App with an extension bundle, on its own engine", () => {
  let folder: string;
  let hub: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "functions-app-"));
    hub = newHubName();
    const hostJson = {
      version: "2.0",
      extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.0.0, 5.0.0)" },
      extensions: { durableTask: { hubName: hub, storageProvider: { connectionName: "OrdersStorage" } } },
    };
    await writeFile(join(folder, "host.json"), JSON.stringify(hostJson));
    process.env["AzureWebJobsScriptRoot"] = folder;
    process.env["OrdersStorage"] = azurite.connectionString;
    process.env["DURABLE_HOSTING"] = "ownEngine";
  });
  afterEach(async () => {
    for (const name of ["AzureWebJobsScriptRoot", "OrdersStorage", "DURABLE_HOSTING", "DURABLE_WAKE_QUEUE"]) {
      delete process.env[name];
    }
    await rm(folder, { recursive: true, force: true });
  });

  it("has a function for the wake queue, and leaves a message there for what it leaves undone", async () => {
    let isRunning = false;
    const worker = await FunctionsWorkerDouble.load(() => {
      const app = new DFApp();
      const work = app.activity("work", async () => {
        isRunning = true;
        await sleep(60_000, undefined, { ref: false });
      });
      app.orchestration("long", function* (context) {
        yield* context.callActivity(work);
      });
      app.http("start", {
        handler: async (request, client) => client.createCheckStatusResponse(request, await client.startNew("long")),
      });
    });
    const find = (name: string) => worker.core.functions.find(({ metadata }) => metadata.name === name)!;
    const wake = find("a_durabletask_wake");
    const queueName = `${hub.toLowerCase()}-wake`;
    expect(Object.values(wake.metadata.bindings)).toContainEqual(
      expect.objectContaining({ type: "queueTrigger", queueName, connection: "OrdersStorage" }),
    );
    const queue = queueOf(queueName);
    let woken: Promise<unknown>;
    try {
      const http = { method: "GET", url: "https://a.example.com/", nullableHeaders: {}, nullableQuery: {} };
      await worker.call(find("start"), { value: { http } });
      await expect.poll(() => isRunning, { timeout: 30_000 }).toBe(true);
      expect(await queue.exists()).toBe(true);
      await queue.clearMessages();
      // It lasts as long as there is work.
      woken = worker.call(wake, { value: { string: "wake" } });
      expect(await Promise.race([woken.then(() => "over"), sleep(300, "at work")])).toBe("at work");
    } finally {
      await worker.terminate();
    }
    await woken;

    expect(await countOf(queue)).toBe(1);
    expect((await queue.peekMessages()).peekedMessageItems).toEqual([]);
    await watchArrival(queue);
    const [message] = (await queue.receiveMessages()).receivedMessageItems;
    expect(Buffer.from(message!.messageText, "base64").toString()).toBe("wake");
  });

  it("has neither function nor queue when it is switched off", async () => {
    process.env["DURABLE_WAKE_QUEUE"] = "none";
    const worker = await FunctionsWorkerDouble.load(() => {
      const app = new DFApp();
      app.orchestration("nothing", function* () {});
    });
    const hasStarted = () => worker.lines.some((line) => line.includes("EngineStarted"));
    try {
      await expect.poll(hasStarted, { timeout: 30_000 }).toBe(true);
    } finally {
      await worker.terminate();
    }

    expect(worker.core.functions.map(({ metadata }) => metadata.name)).not.toContain("a_durabletask_wake");
    expect(await queueOf(`${hub.toLowerCase()}-wake`).exists()).toBe(false);
  });
});
