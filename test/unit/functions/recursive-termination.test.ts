import { expect, it } from "vitest";
import { systemRandom } from "../../../src/core/system-ports.ts";
import type { OutgoingMessage } from "../../../src/core/task-message.ts";
import type { TaskHubStore } from "../../../src/engine/backend.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { DurableClient } from "../../../src/functions/durable-client.ts";
import { createManagementApi } from "../../../src/http/management-api.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

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

async function openHub() {
  const hub = new VirtualHub({ taskHub: "Hub" });
  await hub.startWorker({ registries: [registry] });
  return hub;
}

function clientOf({ client, clock }: VirtualHub): DurableClient {
  return new DurableClient({ client, managementBaseUrl: "http://localhost/hook", connectionName: "Storage", clock });
}

/** What the instances are once nothing happens without time. */
async function statuses(hub: VirtualHub, ids: readonly string[]): Promise<(string | undefined)[]> {
  await hub.settle();
  return Promise.all(ids.map(async (id) => (await hub.client.getInstance(id))?.runtimeStatus));
}

function running(count: number): string[] {
  return Array<string>(count).fill("Running");
}

function terminated(count: number): string[] {
  return Array<string>(count).fill("Terminated");
}

/** Seven instances in three levels. */
async function startTree(hub: VirtualHub): Promise<string[]> {
  const root = "a";
  const tree = [root, `${root}.0`, `${root}.1`, `${root}.0.0`, `${root}.0.1`, `${root}.1.0`, `${root}.1.1`];
  await clientOf(hub).startNew("level", { instanceId: root, input: { depth: 2, width: 2, prefix: root } });
  expect(await statuses(hub, tree)).toEqual(running(7));
  return tree;
}

it("ends the instance and all that it waits for, and leaves the others alone", async () => {
  await using hub = await openHub();
  const tree = await startTree(hub);
  const client = clientOf(hub);

  await hub.run(client.terminate("a", "enough", { recursive: true }));

  expect(await statuses(hub, tree)).toEqual(terminated(7));
  expect((await client.getStatus("a.1.0")).output).toBe("enough");
  expect(await statuses(hub, ["a.free", "a.0.free", "a.quick"])).toEqual(["Running", "Running", "Completed"]);
});

it("ends the instance alone without the option", async () => {
  await using hub = await openHub();
  const tree = await startTree(hub);

  await clientOf(hub).terminate("a", "enough");

  expect(await statuses(hub, ["a"])).toEqual(terminated(1));
  expect(await statuses(hub, tree.slice(1))).toEqual(running(6));
});

it("goes on where an earlier call broke off: below what has ended already", async () => {
  await using hub = await openHub();
  const tree = await startTree(hub);
  const client = clientOf(hub);
  await client.terminate("a");
  await client.terminate("a.0");
  expect(await statuses(hub, ["a", "a.0"])).toEqual(terminated(2));

  await hub.run(client.terminate("a", "again", { recursive: true }));

  expect(await statuses(hub, tree)).toEqual(terminated(7));
});

it("passes over children that have vanished", async () => {
  await using hub = await openHub();
  const tree = await startTree(hub);
  const { backend, clock } = hub;
  const store: TaskHubStore = Object.assign(Object.create(backend), {
    getInstance: async (id: string) => (id === "a.1" ? undefined : backend.getInstance(id)),
    getHistory: (id: string) => backend.getHistory(id),
    sendMessage: (outgoing: OutgoingMessage) => backend.sendMessage(outgoing),
  });
  const blind = new TaskHubClient({ store, clock, random: systemRandom });

  await hub.run(blind.terminate("a", "rest", { recursive: true }));

  const ended = tree.filter((id) => !id.startsWith("a.1"));
  expect(await statuses(hub, ended)).toEqual(terminated(4));
  expect(await statuses(hub, ["a.1", "a.1.0", "a.1.1"])).toEqual(running(3));
});

it("starts nothing in the episode that ends the instance", async () => {
  await using hub = new VirtualHub();
  const { client } = hub;
  await client.startInstance({ name: "calls when told", instanceId: "e", input: '"e.0"' });
  await client.raiseEvent("e", "go", "1");
  await client.terminate("e", "enough");

  await hub.startWorker({ registries: [registry] });
  await hub.runUntilEnded("e");
  await hub.advance("1m");

  expect(await client.getInstance("e.0")).toBeUndefined();
  expect(await client.getInstance("e.0.free")).toBeUndefined();
  expect((await client.getHistory("e"))?.map(({ type }) => type)).toEqual([
    "OrchestratorStarted",
    "ExecutionStarted",
    "EventRaised",
    "ExecutionTerminated",
    "ExecutionCompleted",
    "OrchestratorCompleted",
  ]);
});

it("lets no child escape that is being started", async () => {
  await using hub = await openHub();
  const client = clientOf(hub);
  const ids = Array.from({ length: 20 }, (_, index) => `race${index}`);
  const begun = ids.map(async (id, index) => {
    await client.startNew("calls when told", { instanceId: id, input: `${id}.0` });
    await client.raiseEvent(id, "go", 1);
    for (let turns = 0; turns < index; turns++) await new Promise((turn) => setImmediate(turn));
    await client.terminate(id, "enough", { recursive: true });
  });

  await hub.run(Promise.all(begun));

  expect(await statuses(hub, ids)).toEqual(terminated(20));
  const children = ids.map((id) => `${id}.0`);
  expect(await statuses(hub, children)).not.toContain("Running");
});

it("is asked for over HTTP by 'recursive=true'", async () => {
  await using hub = await openHub();
  const tree = await startTree(hub);
  const { client, clock } = hub;
  const api = createManagementApi({ client, clock, basePath: "/hook", taskHub: "Hub", connectionName: "Storage" });
  const url = "http://localhost/hook/instances/a/terminate?reason=over&recursive=true";

  const response = await hub.run(api(new Request(url, { method: "POST" })));

  expect(response.status).toBe(202);
  expect(await statuses(hub, tree)).toEqual(terminated(7));
});

it("an unknown instance is refused", async () => {
  const client = clientOf(new VirtualHub());
  await expect(client.terminate("nobody", "x", { recursive: true })).rejects.toMatchObject({
    code: "InstanceNotFound",
  });
});
