import { afterEach, expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { waitUntilEnded } from "../../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

const open: TaskHubWorker[] = [];
afterEach(() => Promise.all(open.splice(0).map((worker) => worker.stop())));

/** Settles after the turn, and after the checkpoint of the memory hub. */
const foreign = () => new Promise((resolve) => setTimeout(resolve, 20));
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

async function openHub(options: { readonly maxSessions?: number } = {}) {
  const hub = new MemoryTaskHub({ clock: systemClock });
  const startWorker = async () => {
    const executor = new InProcessExecutor({ registries: [registry] });
    const worker = new TaskHubWorker({
      backend: hub,
      store: hub,
      executor,
      clock: systemClock,
      log: silentLog,
      ...options,
    });
    await worker.start();
    open.push(worker);
    return worker;
  };
  return { client: new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom }), startWorker };
}

it.each([
  ["ends", "ended between two events"],
  ["goes on", "callActivity was called while the orchestrator was not being replayed"],
  ["goes on in a later generation", "setCustomStatus was called while the orchestrator was not being replayed"],
])("code that %s between two events fails at once, though nothing more ever comes", async (name, reason) => {
  const { client, startWorker } = await openHub();
  await startWorker();

  const instanceId = await client.startInstance({ name, input: "0" });
  const state = await waitUntilEnded(client, instanceId);

  expect(state).toMatchObject({ runtimeStatus: "Failed", output: expect.stringContaining(reason) as string });
});

it("code that is resumed in a process that stops is found by the next one, with the next event", async () => {
  const { client, startWorker } = await openHub();
  const first = await startWorker();
  let openGate: (value?: unknown) => void;
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
  const instanceId = await client.startInstance({ name: "goes on when the gate opens" });
  await expect.poll(async () => (await client.getInstance(instanceId))?.runtimeStatus).toBe("Running");
  await first.stop();
  openGate!();
  gate = foreign();
  await startWorker();

  await client.raiseEvent(instanceId, "anything", undefined);

  expect(await waitUntilEnded(client, instanceId)).toMatchObject({ runtimeStatus: "Failed" });
});

it("code that goes on after its end changes nothing", async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  const { client, startWorker } = await openHub();
  await startWorker();

  const instanceId = await client.startInstance({ name: "goes on after its end" });
  await waitUntilEnded(client, instanceId);
  await expect.poll(() => callsAfterEnd).toBe(1);
  await new Promise((turn) => setImmediate(turn));
  process.off("unhandledRejection", onRejection);

  expect(rejections).toEqual([]);
  expect(await client.getInstance(instanceId)).toMatchObject({ runtimeStatus: "Completed", output: '"done"' });
  expect((await client.getHistory(instanceId))?.some(({ type }) => type === "EventRaised")).toBe(false);
});

it("code of an evicted session does not wake its instance", async () => {
  const { client, startWorker } = await openHub({ maxSessions: 1 });
  await startWorker();
  let openGate: (value?: unknown) => void = () => {};
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
  const isRunning = async (id: string) => (await client.getInstance(id))?.runtimeStatus;
  const evicted = await client.startInstance({ name: "goes on when the gate opens" });
  await expect.poll(() => isRunning(evicted)).toBe("Running");
  gate = new Promise(() => {});
  const other = await client.startInstance({ name: "goes on when the gate opens" });
  await expect.poll(() => isRunning(other)).toBe("Running");
  await client.raiseEvent(other, "anything", undefined);
  await expect
    .poll(async () => (await client.getHistory(other))?.some(({ type }) => type === "EventRaised"))
    .toBe(true);

  openGate();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));

  expect(await isRunning(evicted)).toBe("Running");
  expect((await client.getHistory(evicted))?.some(({ type }) => type === "EventRaised")).toBe(false);
});
