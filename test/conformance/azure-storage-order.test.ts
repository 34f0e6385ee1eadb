import { QueueServiceClient } from "@azure/storage-queue";
import { expect, it } from "vitest";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { azurite, newHubName, openHub } from "./azure-storage-fixture.ts";

const count = 24;

it("a message that is in its queue ten times has its effect once", async () => {
  const taskHub = newHubName();
  const { backend, store } = openHub(taskHub, { partitionCount: 1 }, { plain: "copies are put by the test" });
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (input: unknown) => input });
  registry.addOrchestration({
    name: "listens",
    *orchestrator(ctx) {
      const heard: unknown[] = [];
      while (heard.length < 3) {
        const said = yield* ctx.waitForExternalEvent<number>("next");
        heard.push(yield* ctx.callActivity("echo", said));
      }
      return heard;
    },
  });
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  const instanceId = await client.startInstance({ name: "listens" });
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(
    `${taskHub.toLowerCase()}-control-00`,
  );
  for (let n = 0; n < 3; n++) await client.raiseEvent(instanceId, "next", String(n));
  const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
  for (let copy = 0; copy < 9; copy++) {
    for (const { messageText } of peekedMessageItems) await queue.sendMessage(messageText);
  }

  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  await using worker = new TaskHubWorker({ clock: systemClock, log: silentLog, backend, store, executor });
  await worker.start();
  const state = await client.waitForInstance(instanceId, "ended", { timeoutMs: 60_000 });
  expect(state?.output).toBe("[0,1,2]");
  const history = await client.getHistory(instanceId);
  expect(history?.filter(({ type }) => type === "EventRaised")).toHaveLength(3);
});

it("events that a sender raises one after the other, through several hosts, keep their order", async () => {
  const taskHub = newHubName();
  // All that is raised is there when the worker comes, and received at once.
  const answers = { plain: "a receive shows the order in which the messages were put" };
  const hosts = [0, 1, 2].map(() => openHub(taskHub, { partitionCount: 1 }, answers));
  const clients = hosts.map(({ store }) => new TaskHubClient({ store, clock: systemClock, random: systemRandom }));
  const registry = new Registry();
  registry.addOrchestration({
    name: "listens",
    *orchestrator(ctx) {
      const heard: number[] = [];
      while (heard.length < count) heard.push(yield* ctx.waitForExternalEvent<number>("next"));
      return heard;
    },
  });
  const instances = await Promise.all([0, 1, 2].map(() => clients[0]!.startInstance({ name: "listens" })));
  // Counters of processes differ by what they have sent before.
  for (let n = 0; n < 10; n++) await clients[1]!.raiseEvent(instances[0]!, "ignored", "1");
  for (let n = 0; n < count; n++) {
    for (const id of instances) await clients[n % clients.length]!.raiseEvent(id, "next", String(n));
  }

  const { backend, store } = hosts[0]!;
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  await using worker = new TaskHubWorker({ clock: systemClock, log: silentLog, backend, store, executor });
  await worker.start();
  for (const id of instances) {
    const state = await clients[0]!.waitForInstance(id, "ended", { timeoutMs: 60_000 });
    expect(JSON.parse(state?.output ?? "null")).toEqual(Array.from({ length: count }, (_, n) => n));
  }
});
