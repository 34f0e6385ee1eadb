import { afterAll, beforeAll, expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { type Clock, silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import type { OutgoingMessage } from "../../../src/core/task-message.ts";
import type { TaskHubStore } from "../../../src/engine/backend.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { DurableClient } from "../../../src/functions/durable-client.ts";
import { createManagementApi } from "../../../src/http/management-api.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

const hub = new MemoryTaskHub({ clock: systemClock, taskHub: "Hub" });
const tasks = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
const connection = { client: tasks, managementBaseUrl: "http://localhost/hook", connectionName: "Storage" };
const client = new DurableClient(connection);
const api = createManagementApi({ client: tasks, basePath: "/hook", taskHub: "Hub", connectionName: "Storage" });
const registry = new Registry();
registry.addOrchestration({
  name: "level",
  *orchestrator(context, { depth, width, prefix }: { depth: number; width: number; prefix: string }) {
    if (depth === 0) return yield* context.waitForExternalEvent("never");
    yield* context.callSubOrchestrator("quick", undefined, `${prefix}.quick`);
    context.startNewOrchestration("wait", undefined, { instanceId: `${prefix}.free` });
    const children = Array.from({ length: width }, (_, index) => {
      const child = `${prefix}.${index}`;
      return context.callSubOrchestrator("level", { depth: depth - 1, width, prefix: child }, child);
    });
    return yield* context.all(children);
  },
});
registry.addOrchestration({
  name: "wait",
  *orchestrator(context): Generator<unknown, void, unknown> {
    yield context.waitForExternalEvent("never");
  },
});
registry.addOrchestration({
  name: "calls when told",
  *orchestrator(context, child: string): Generator<unknown, void, unknown> {
    yield context.waitForExternalEvent("go");
    context.startNewOrchestration("wait", undefined, { instanceId: `${child}.free` });
    yield context.callSubOrchestrator("wait", undefined, child);
  },
});
registry.addOrchestration({ name: "quick", orchestrator: () => "done" });

function createWorker(hub: MemoryTaskHub): TaskHubWorker {
  const executor = new InProcessExecutor({ registries: [registry] });
  return new TaskHubWorker({ backend: hub, store: hub, executor, clock: systemClock, log: silentLog });
}

const worker = createWorker(hub);
beforeAll(() => worker.start());
afterAll(() => worker.stop());

async function statuses(ids: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(ids.map(async (id) => (await client.findStatus(id))?.runtimeStatus));
}

function running(count: number): string[] {
  return Array<string>(count).fill("Running");
}

function terminated(count: number): string[] {
  return Array<string>(count).fill("Terminated");
}

async function startTree(root: string): Promise<string[]> {
  const tree = [root, `${root}.0`, `${root}.1`, `${root}.0.0`, `${root}.0.1`, `${root}.1.0`, `${root}.1.1`];
  await client.startNew("level", { instanceId: root, input: { depth: 2, width: 2, prefix: root } });
  await expect.poll(() => statuses(tree)).toEqual(running(7));
  return tree;
}

it("ends the instance and all that it waits for, and leaves the others alone", async () => {
  const tree = await startTree("a");

  await client.terminate("a", "enough", { recursive: true });

  await expect.poll(() => statuses(tree)).toEqual(terminated(7));
  expect((await client.getStatus("a.1.0")).output).toBe("enough");
  await expect.poll(() => statuses(["a.free", "a.0.free", "a.quick"])).toEqual(["Running", "Running", "Completed"]);
});

it("ends the instance alone without the option", async () => {
  const tree = await startTree("b");

  await client.terminate("b", "enough");

  await expect.poll(() => statuses(["b"])).toEqual(terminated(1));
  expect(await statuses(tree.slice(1))).toEqual(running(6));
});

it("goes on where an earlier call broke off: below what has ended already", async () => {
  const tree = await startTree("c");
  await client.terminate("c");
  await client.terminate("c.0");
  await expect.poll(() => statuses(["c", "c.0"])).toEqual(terminated(2));

  await client.terminate("c", "again", { recursive: true });

  await expect.poll(() => statuses(tree)).toEqual(terminated(7));
});

it("passes over children that have vanished", async () => {
  const tree = await startTree("d");
  const store: TaskHubStore = Object.assign(Object.create(hub), {
    getInstance: async (id: string) => (id === "d.1" ? undefined : hub.getInstance(id)),
    getHistory: (id: string) => hub.getHistory(id),
    sendMessage: (outgoing: OutgoingMessage) => hub.sendMessage(outgoing),
  });
  let now = 0;
  const hurried: Clock = {
    now: () => now,
    sleep: async (ms) => {
      now += 20 * ms;
      await systemClock.sleep(ms);
    },
  };
  const blind = new TaskHubClient({ store, clock: hurried, random: systemRandom });

  await blind.terminate("d", "rest", { recursive: true });

  const ended = tree.filter((id) => !id.startsWith("d.1"));
  await expect.poll(() => statuses(ended)).toEqual(terminated(4));
  expect(await statuses(["d.1", "d.1.0", "d.1.1"])).toEqual(running(3));
});

it("starts nothing in the episode that ends the instance", async () => {
  const quiet = new MemoryTaskHub({ clock: systemClock });
  const quietClient = new TaskHubClient({ store: quiet, clock: systemClock, random: systemRandom });
  await quietClient.startInstance({ name: "calls when told", instanceId: "e", input: '"e.0"' });
  await quietClient.raiseEvent("e", "go", "1");
  await quietClient.terminate("e", "enough");

  const quietWorker = createWorker(quiet);
  await quietWorker.start();

  await expect.poll(async () => (await quiet.getInstance("e"))?.runtimeStatus).toBe("Terminated");
  await systemClock.sleep(100);
  await quietWorker.stop();
  expect(await quiet.getInstance("e.0")).toBeUndefined();
  expect(await quiet.getInstance("e.0.free")).toBeUndefined();
  expect((await quiet.getHistory("e"))?.map(({ type }) => type)).toEqual([
    "OrchestratorStarted",
    "ExecutionStarted",
    "EventRaised",
    "ExecutionTerminated",
    "ExecutionCompleted",
    "OrchestratorCompleted",
  ]);
});

it("lets no child escape that is being started", async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `race${index}`);

  await Promise.all(
    ids.map(async (id, index) => {
      await client.startNew("calls when told", { instanceId: id, input: `${id}.0` });
      await client.raiseEvent(id, "go", 1);
      for (let turns = 0; turns < index; turns++) await new Promise((turn) => setImmediate(turn));
      await client.terminate(id, "enough", { recursive: true });
    }),
  );

  await expect.poll(() => statuses(ids)).toEqual(terminated(20));
  const children = () => statuses(ids.map((id) => `${id}.0`));
  await expect.poll(async () => (await children()).includes("Running")).toBe(false);
});

it("is asked for over HTTP by 'recursive=true'", async () => {
  const tree = await startTree("f");
  const post = (query: string) =>
    api(new Request(`http://localhost/hook/instances/f/terminate?${query}`, { method: "POST" }));

  const response = await post("reason=over&recursive=true");

  expect(response.status).toBe(202);
  await expect.poll(() => statuses(tree)).toEqual(terminated(7));
});

it("an unknown instance is refused", async () => {
  await expect(client.terminate("nobody", "x", { recursive: true })).rejects.toMatchObject({
    code: "InstanceNotFound",
  });
});
