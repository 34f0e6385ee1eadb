import { expect, it } from "vitest";
import type { Backend } from "../../../src/engine/backend.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import type { ActivityContext } from "../../../src/worker/activity-context.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { decorateBackend } from "../../support/entities/decorated-backend.ts";

/** A hub on which one orchestration calls one activity, and what is stored of its heartbeat. */
async function setUp(activity: (context: ActivityContext, hub: VirtualHub) => unknown) {
  const hub = new VirtualHub();
  const stored: (string | undefined)[] = [];
  const registry = new Registry();
  registry.addOrchestration({
    name: "test",
    *orchestrator(context) {
      return (yield context.callActivity("work")) as unknown;
    },
  });
  registry.addActivity({
    name: "work",
    activity: (_input: unknown, context: ActivityContext) => activity(context, hub),
  });
  const startWorker = (others: Partial<Backend> = {}) =>
    hub.startWorker({
      registries: [registry],
      backend: decorateBackend(hub.backend, {
        renewActivityWorkItem: async (workItem, heartbeat) => {
          await hub.backend.renewActivityWorkItem(workItem, heartbeat);
          stored.push(heartbeat);
        },
        ...others,
      }),
    });
  const worker = await startWorker();
  const instanceId = await hub.client.startInstance({ name: "test" });
  return { hub, instanceId, stored, worker, startWorker };
}

it("the delivery after a lost lock reads the details of the last heartbeat, in whatever form they are", async () => {
  const seen: unknown[] = [];
  const { hub, instanceId } = await setUp(async (context, { clock }) => {
    seen.push(context.lastHeartbeat);
    if (context.deliveryCount > 1) return context.lastHeartbeat;
    context.heartbeat("first");
    context.heartbeat({ page: 7, text: 'a "quoted" \\ text\n' });
    await clock.sleep(10_000);
    context.heartbeat();
    return await new Promise(() => {});
  });
  await using _ = hub;
  await hub.advance("19s");

  hub.backend.expireLocks();

  const details = { page: 7, text: 'a "quoted" \\ text\n' };
  expect(JSON.parse((await hub.runUntilEnded(instanceId)).output!)).toEqual(details);
  expect(seen).toEqual([undefined, details]);
});

it("a worker that stops leaves the last details to the next one", async () => {
  const { hub, instanceId, worker, startWorker } = await setUp(async (context, { clock }) => {
    if (context.deliveryCount > 1) return context.lastHeartbeat;
    for (let beat = 0; !context.signal.aborted; beat++) {
      context.heartbeat(beat);
      await clock.sleep(100);
    }
    context.heartbeat("the last");
    throw context.signal.reason;
  });
  await using _ = hub;
  await hub.advance("10s");

  await hub.run(worker.stop());
  await startWorker();

  expect((await hub.runUntilEnded(instanceId)).output).toBe('"the last"');
});

it("details are stored at most every half second, and the last of them are", async () => {
  const { hub, instanceId, stored } = await setUp(async (context, { clock }) => {
    for (let beat = 1; beat <= 1000; beat++) {
      context.heartbeat(beat);
      await clock.sleep(10);
    }
    await clock.sleep(1000);
  });
  await using _ = hub;

  await hub.runUntilEnded(instanceId);

  expect(stored[0]).toBe("1");
  expect(stored.at(-1)).toBe("1000");
  expect(stored.length).toBeLessThanOrEqual(23);
  expect(stored.map(Number)).toEqual(stored.map(Number).toSorted((a, b) => a - b));
});

it("beats without details, and with the same again, cost next to nothing", async () => {
  const { hub, instanceId, stored } = await setUp(async (context, { clock }) => {
    for (let beat = 0; beat < 1800; beat++) {
      context.heartbeat(beat % 2 === 0 ? undefined : "same");
      await clock.sleep(10);
    }
  });
  await using _ = hub;

  await hub.runUntilEnded(instanceId);

  expect(stored.length).toBeLessThanOrEqual(6);
});

it("details whose storing has failed are stored with the next renewal", async () => {
  let failures = 2;
  const { hub, instanceId, startWorker, worker } = await setUp(async (context) => {
    context.heartbeat("kept");
    return await new Promise(() => {});
  });
  await using _ = hub;
  await hub.run(worker.stop());
  const stored: (string | undefined)[] = [];
  await startWorker({
    renewActivityWorkItem: async (workItem, heartbeat) => {
      if (failures-- > 0) throw new Error("no network");
      await hub.backend.renewActivityWorkItem(workItem, heartbeat);
      stored.push(heartbeat);
    },
  });

  await hub.advance("10m");

  expect(stored[0]).toBe('"kept"');
  expect((await hub.client.getInstance(instanceId))?.runtimeStatus).toBe("Running");
});

it("the next attempt of a retry policy reads the details of the one that has failed, and of those before it", async () => {
  const seen: unknown[] = [];
  const registry = new Registry();
  registry.addActivity({
    name: "work",
    activity: async (_input: unknown, context: ActivityContext) => {
      seen.push([context.attempt, context.lastHeartbeat]);
      if (context.attempt <= 2) context.heartbeat({ attempt: context.attempt });
      if (context.attempt === 2) await hub.clock.sleep(60_000);
      if (context.attempt < 4) throw new Error("not yet");
      return context.lastHeartbeat;
    },
  });
  registry.addOrchestration({
    name: "test",
    *orchestrator(context) {
      const retry = { maxAttempts: 4, firstInterval: "1s" } as const;
      return (yield context.callActivity("work", undefined, { retry, timeout: "30s" })) as unknown;
    },
  });
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });

  const { output } = await hub.runUntilEnded(await hub.client.startInstance({ name: "test" }));

  expect(seen).toEqual([
    [1, undefined],
    [2, { attempt: 1 }],
    [3, expect.objectContaining({})],
    [4, expect.objectContaining({})],
  ]);
  expect(JSON.parse(output!)).toHaveProperty("attempt");
});

it("details that are too large are refused where they are given", async () => {
  const { hub, instanceId } = await setUp((context) => {
    context.heartbeat("x".repeat(2700));
    context.heartbeat("ü".repeat(2700));
  });
  await using _ = hub;

  const { runtimeStatus, output } = await hub.runUntilEnded(instanceId);

  expect([runtimeStatus, output]).toEqual(["Failed", expect.stringContaining("2800 bytes as JSON")]);
});
