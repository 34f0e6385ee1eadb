import { expect, it } from "vitest";
import type { Clock } from "../../../src/core/ports.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

let clock: Clock;
/** Settles after the turn, and after the checkpoint of the hub. */
const foreign = () => clock.sleep(20);
const never = (context: OrchestrationContext) => context.waitForExternalEvent("never");

const registry = new Registry();
registry.addOrchestration({ name: "ends", orchestrator: async (ctx) => Promise.race([foreign(), never(ctx)]) });
registry.addOrchestration({
  name: "goes on",
  orchestrator: async (ctx) => {
    await Promise.race([foreign(), never(ctx)]);
    await ctx.callActivity("anything");
  },
});
registry.addOrchestration({
  name: "goes on in a later generation",
  orchestrator: async (ctx, generation: number) => {
    if (generation < 2) return ctx.continueAsNew(generation + 1);
    await Promise.race([foreign(), never(ctx)]);
    ctx.setCustomStatus("anything");
  },
});
let gate: Promise<unknown>;
registry.addOrchestration({
  name: "goes on when the gate opens",
  orchestrator: async (ctx) => {
    await Promise.race([gate, never(ctx)]);
    await ctx.callActivity("anything");
  },
});
let callsAfterEnd = 0;
registry.addOrchestration({
  name: "goes on after its end",
  orchestrator: async (ctx) => {
    void foreign().then(() => {
      callsAfterEnd++;
      return ctx.callActivity("anything");
    });
    return "done";
  },
});

function openHub(): VirtualHub {
  const hub = new VirtualHub();
  clock = hub.clock;
  return hub;
}

it.each([
  ["ends", "ended between two events"],
  ["goes on", "callActivity was called while the orchestrator was not being replayed"],
  ["goes on in a later generation", "setCustomStatus was called while the orchestrator was not being replayed"],
])("code that %s between two events fails at once, though nothing more ever comes", async (name, reason) => {
  await using hub = openHub();
  await hub.startWorker({ registries: [registry] });

  const instanceId = await hub.client.startInstance({ name, input: "0" });
  await hub.advance(20);

  const state = await hub.client.getInstance(instanceId);
  expect(state).toMatchObject({ runtimeStatus: "Failed", output: expect.stringContaining(reason) as string });
});

it("code that is resumed in a process that stops is found by the next one, with the next event", async () => {
  await using hub = openHub();
  const { client } = hub;
  const first = await hub.startWorker({ registries: [registry] });
  let openGate: (value?: unknown) => void;
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
  const instanceId = await client.startInstance({ name: "goes on when the gate opens" });
  await hub.settle();
  expect(await client.getInstance(instanceId)).toMatchObject({ runtimeStatus: "Running" });
  await first.stop();
  openGate!();
  gate = foreign();
  await hub.startWorker({ registries: [registry] });

  await client.raiseEvent(instanceId, "anything", undefined);

  expect(await hub.runUntilEnded(instanceId)).toMatchObject({ runtimeStatus: "Failed" });
});

it("code that goes on after its end changes nothing", async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  await using hub = openHub();
  const { client } = hub;
  await hub.startWorker({ registries: [registry] });

  const instanceId = await client.startInstance({ name: "goes on after its end" });
  await hub.runUntilEnded(instanceId);
  expect(callsAfterEnd).toBe(0);
  await hub.advance(20);
  expect(callsAfterEnd).toBe(1);
  process.off("unhandledRejection", onRejection);

  expect(rejections).toEqual([]);
  expect(await client.getInstance(instanceId)).toMatchObject({ runtimeStatus: "Completed", output: '"done"' });
  expect((await client.getHistory(instanceId))?.some(({ type }) => type === "EventRaised")).toBe(false);
});

it("code of an evicted session does not wake its instance", async () => {
  await using hub = openHub();
  const { client } = hub;
  await hub.startWorker({ registries: [registry], maxSessions: 1 });
  let openGate: (value?: unknown) => void = () => {};
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
  const statusOf = async (id: string) => {
    await hub.settle();
    return (await client.getInstance(id))?.runtimeStatus;
  };
  const evicted = await client.startInstance({ name: "goes on when the gate opens" });
  expect(await statusOf(evicted)).toBe("Running");
  gate = new Promise(() => {});
  const other = await client.startInstance({ name: "goes on when the gate opens" });
  expect(await statusOf(other)).toBe("Running");
  await client.raiseEvent(other, "anything", undefined);
  await hub.settle();
  expect((await client.getHistory(other))?.some(({ type }) => type === "EventRaised")).toBe(true);

  openGate();
  await hub.advance("1h");

  expect(await statusOf(evicted)).toBe("Running");
  expect((await client.getHistory(evicted))?.some(({ type }) => type === "EventRaised")).toBe(false);
});
