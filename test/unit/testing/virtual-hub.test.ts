import { expect, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { withBackendFaults } from "../../../src/testing/with-backend-faults.ts";
import { Registry } from "../../../src/worker/registry.ts";

async function openHub(registry: Registry) {
  const hub = new VirtualHub({ maxSteps: 5000 });
  await hub.startWorker({ registries: [registry] });
  return hub;
}

const nagging = new Registry();
nagging.addOrchestration({
  name: "nag",
  *orchestrator(context) {
    for (let hour = 1; hour <= 30; hour++) {
      yield context.createTimer({ hours: 1 });
      context.setCustomStatus(hour);
    }
    return "enough";
  },
});

it("lets a time pass moment by moment", async () => {
  await using hub = await openHub(nagging);
  const id = await hub.client.startInstance({ name: "nag" });

  await hub.advance("29h");
  const before = await hub.client.getInstance(id);
  await hub.advance({ minutes: 59 });
  const shortly = await hub.client.getInstance(id);
  await hub.advance({ minutes: 1 });
  const after = await hub.client.getInstance(id);

  expect(before).toMatchObject({ runtimeStatus: "Running", customStatus: "29" });
  expect(shortly).toMatchObject({ runtimeStatus: "Running", customStatus: "29" });
  expect(after).toMatchObject({ runtimeStatus: "Completed", output: '"enough"' });
  expect(after!.completedTime!.getTime() - after!.createdTime.getTime()).toBe(30 * 3_600_000);
});

it("lets pass what an instance needs to end, and no more", async () => {
  await using hub = await openHub(nagging);
  const begun = hub.clock.now();

  const state = await hub.runUntilEnded(await hub.client.startInstance({ name: "nag" }));

  expect(state.output).toBe('"enough"');
  expect(hub.clock.now() - begun).toBe(30 * 3_600_000);
});

it("lets pass what a condition needs, or a promise that waits by the clock", async () => {
  await using hub = await openHub(nagging);
  const begun = hub.clock.now();
  const id = await hub.client.startInstance({ name: "nag" });

  await hub.runUntil(async () => (await hub.client.getInstance(id))?.customStatus === "2");
  expect(hub.clock.now() - begun).toBe(2 * 3_600_000);
  expect(await hub.run(hub.clock.sleep(5000).then(() => "slept"))).toBe("slept");
  expect(hub.clock.now() - begun).toBe(2 * 3_600_000 + 5000);
  await expect(hub.run(Promise.reject(new Error("no")))).rejects.toThrow("no");
});

it("takes the same course every run", async () => {
  const run = async () => {
    await using hub = await openHub(nagging);
    const id = await hub.client.startInstance({ name: "nag" });
    await hub.runUntilEnded(id);
    return { id, history: await hub.client.getHistory(id) };
  };

  expect(await run()).toEqual(await run());
});

it("waits for code that goes on by immediates before it lets time pass", async () => {
  const registry = new Registry();
  const turns = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    return "rested";
  };
  registry.addActivity({ name: "rest", activity: turns });
  registry.addOrchestration({ name: "rests", orchestrator: (context) => context.callActivity("rest") });
  await using hub = await openHub(registry);
  const begun = hub.clock.now();

  const { output } = await hub.runUntilEnded(await hub.client.startInstance({ name: "rests" }));

  expect(output).toBe('"rested"');
  expect(hub.clock.now()).toBe(begun);
});

it("says what everybody waits for when nothing helps", async () => {
  const registry = new Registry();
  registry.addActivity({ name: "hang", activity: () => new Promise(() => {}) });
  registry.addOrchestration({
    name: "hangs",
    async orchestrator(context) {
      const child = context.callSubOrchestrator("waits", undefined, "child");
      await Promise.all([child, context.callActivity("hang"), context.createTimer("5s"), context.createTimer("1d")]);
    },
  });
  registry.addOrchestration({ name: "waits", orchestrator: (context) => context.waitForExternalEvent("go") });
  await using hub = new VirtualHub({ maxSteps: 50 });
  const backend = withBackendFaults(hub.backend, [
    { operation: "fetchActivityWorkItem", call: 1, when: "before", error: new Error("connection reset") },
  ]);
  await hub.startWorker({ registries: [registry], backend });
  const id = await hub.client.startInstance({ name: "hangs", instanceId: "parent" });

  const error = await hub.runUntilEnded(id).catch((cause: Error) => cause);

  expect((error as Error).message.split("\n")).toEqual([
    expect.stringMatching(
      /^50 steps of the clock were not enough, and the instance 'parent' has not ended; it is 2026-/,
    ),
    "- 'child' (waits, Running) waits for event 'go'",
    "- 'parent' (hangs, Running) waits for sub-orchestration 'waits' child; activity 'hang'; " +
      "timer, due 2026-01-02T00:00:00.000Z",
    "- a worker said: ActivityFetchFailed: connection reset",
  ]);
});

it("says so when nobody sleeps, and that an instance has no worker", async () => {
  await using hub = new VirtualHub();
  const id = await hub.client.startInstance({ name: "nag", instanceId: "alone" });

  await expect(hub.runUntilEnded(id)).rejects.toThrow(
    "nobody waits for time any more, and the instance 'alone' has not ended; it is 2026-01-01T00:00:00.000Z\n" +
      "- 'alone' (nag, Pending) waits for a worker that takes it up",
  );
  await expect(hub.run(new Promise(() => {}))).rejects.toThrow("the promise is not settled");
  await expect(hub.runUntil(() => false)).rejects.toThrow("the condition does not hold");
});

it("gives the apps that it loads a client on its own time", async () => {
  await using hub = new VirtualHub();
  const { exports: app, registries } = await hub.loadApp(async () => new DFApp());
  app.orchestration("patient", (context) => context.createTimer("1h"));
  await hub.startWorker({ registries });
  const begun = hub.clock.now();

  const durable = await app.connect();
  await expect(durable.startNew("stranger")).rejects.toMatchObject({ code: "OrchestratorNotRegistered" });
  const status = await hub.run(durable.waitForCompletion(await durable.startNew("patient"), { pollInterval: "7m" }));

  expect(status.runtimeStatus).toBe("Completed");
  expect(hub.clock.now() - begun).toBe(63 * 60_000);
});

it("stops its workers at once, or after the grace for activities that go on", async () => {
  const registry = new Registry();
  registry.addActivity({ name: "hang", activity: () => new Promise(() => {}) });
  registry.addOrchestration({ name: "hangs", orchestrator: (context) => context.callActivity("hang") });
  const hub = await openHub(registry);
  const begun = hub.clock.now();
  await hub.client.startInstance({ name: "hangs" });
  await hub.settle();

  await hub[Symbol.asyncDispose]();

  expect(hub.clock.now() - begun).toBe(3500);
  await hub[Symbol.asyncDispose]();
  expect(hub.clock.now() - begun).toBe(3500);
});
