import { beforeEach, expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { OrchestratorOf } from "../../../src/orchestration/orchestrator.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

let hub: VirtualHub;
let isFixed: boolean;
let log: string[];

beforeEach(async () => {
  hub = new VirtualHub();
  isFixed = false;
  log = [];
  const registry = new Registry();
  const add = (name: string, orchestrator: OrchestratorOf<unknown, unknown>) =>
    registry.addOrchestration({ name, orchestrator });
  registry.addActivity({
    name: "needs a fix",
    activity: (who: string) => {
      log.push(who);
      if (!isFixed) throw new Error(`${who} is not fixed`);
      return who;
    },
  });
  add("leaf", function* (ctx) {
    return yield* ctx.callActivity("needs a fix", ctx.instanceId);
  });
  add("parent", function* (ctx) {
    return yield* ctx.callSubOrchestrator("leaf", null, `${ctx.instanceId}-leaf`);
  });
  add("grandparent", function* (ctx) {
    return yield* ctx.callSubOrchestrator("parent", null, `${ctx.instanceId}-parent`);
  });
  add("parent with an activity", function* (ctx) {
    const tasks = [
      ctx.callSubOrchestrator("leaf", null, `${ctx.instanceId}-leaf`),
      ctx.callActivity("needs a fix", ctx.instanceId),
    ];
    return yield* ctx.all(tasks, { failFast: false });
  });
  await hub.startWorker({ registries: [registry] });
});

async function rewound(name: string): Promise<void> {
  await hub.client.startInstance({ instanceId: "a", name });
  expect(await hub.runUntilEnded("a")).toMatchObject({ runtimeStatus: "Failed" });
  isFixed = true;
  log = [];
  await hub.client.rewind("a", "mended");
}

/** Wake-ups, which undone events of a history are not. */
const wakeUps = async (instanceId: string) =>
  ((await hub.client.getHistory(instanceId)) ?? []).filter(
    (event: HistoryEvent) => event.type === "GenericEvent" && event.data === "mended",
  ).length;

it("wakes the leaves alone, whose answers wake those above them", async () => {
  await rewound("grandparent");

  expect(await hub.client.getInstance("a")).toMatchObject({ runtimeStatus: "Pending", output: undefined });
  expect(await hub.runUntilEnded("a")).toMatchObject({ runtimeStatus: "Completed", output: '"a-parent-leaf"' });
  for (const id of ["a", "a-parent", "a-parent-leaf"]) {
    expect(await hub.client.getInstance(id)).toMatchObject({ runtimeStatus: "Completed" });
  }
  expect([await wakeUps("a"), await wakeUps("a-parent"), await wakeUps("a-parent-leaf")]).toEqual([0, 0, 1]);
});

it("wakes a parent too that has something to ask again besides", async () => {
  await rewound("parent with an activity");

  expect(await hub.runUntilEnded("a")).toMatchObject({ runtimeStatus: "Completed", output: '["a-leaf","a"]' });
  expect([await wakeUps("a"), await wakeUps("a-leaf")]).toEqual([1, 1]);
  expect(log.sort()).toEqual(["a", "a-leaf"]);
});
