import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { DFApp } from "../../src/functions/df-app.ts";
import { createTestHub } from "../../src/testing/test-hub/create-test-hub.ts";

// What a test hub does with code that takes real time.

function createApp(work: (input: unknown, context: { readonly signal: AbortSignal }) => unknown) {
  const app = new DFApp();
  const slow = app.activity("slow", work);
  const waits = app.orchestration("waits", function* (context) {
    const first = yield* context.callActivity(slow);
    yield* context.createTimer("3d");
    return [first, yield* context.callActivity(slow)];
  });
  const races = app.orchestration("races", function* (context) {
    const timer = context.createTimer("1h");
    const winner = yield* context.any([context.callActivity(slow), timer]);
    return winner === timer ? "the timer" : "the activity";
  });
  return { app, slow, waits, races };
}

it("time stands still for activities that take real time, also beside a timer", async () => {
  const { app, waits, races } = createApp(async () => {
    await setTimeout(100);
    return "worked";
  });
  await using hub = createTestHub(app, { patience: "20s", activityLimit: "60s" });
  const begun = hub.now.getTime();

  const race = await hub.start(races);
  expect(await race.result()).toBe("the activity");
  expect(hub.now.getTime()).toBe(begun);

  expect(await (await hub.start(waits)).result()).toEqual(["worked", "worked"]);
  expect(hub.now.getTime() - begun).toBe(3 * 86_400_000);
});

it("time goes on without an activity that does not end, where a timer waits too, and tells it so", async () => {
  let reason: unknown;
  const { app, races } = createApp(async (_, { signal }) => {
    await setTimeout(60_000, undefined, { signal }).catch(() => {
      reason = signal.reason;
    });
  });
  await using hub = createTestHub(app, { patience: "50ms" });

  expect(await (await hub.start(races)).result()).toBe("the timer");
  await hub.runUntilIdle();

  expect(reason).toMatchObject({ code: "InstanceNotActive" });
});

it("an activity that never ends is named instead of waited for", async () => {
  const { app, waits } = createApp(() => new Promise(() => {}));
  await using hub = createTestHub(app, { patience: "20ms", activityLimit: "100ms" });
  const run = await hub.start(waits, undefined, { instanceId: "i" });

  const error: Error = await run.result().then(
    () => new Error("it has ended"),
    (cause) => cause,
  );

  expect(error.message).toMatch(
    /code has been at work for [\d.]+ s of real time, and does not end:\n- activity 'slow' of 'i'\n/,
  );
});

it("hubs of one process do not wait for each other", async () => {
  const quick = createApp(() => "done");
  const hanging = createApp(() => setTimeout(200));
  await using first = createTestHub(hanging.app, { patience: "20s", activityLimit: "60s" });
  await using second = createTestHub(quick.app);
  let isDone = false;
  const slow = (await first.start(hanging.races)).result().then(() => {
    isDone = true;
  });

  await (await second.start(quick.waits)).result();

  expect(isDone).toBe(false);
  await slow;
});

it("runs ten thousand instances, each as quickly as one of a few", { timeout: 180_000 }, async () => {
  const app = new DFApp();
  const sayHello = app.activity("sayHello", (city: string) => `Hello ${city}!`);
  const hello = app.orchestration("hello", function* (context, city: string) {
    yield* context.createTimer("3d");
    return yield* context.callActivity(sayHello, city);
  });
  const measure = async (count: number) => {
    await using hub = createTestHub(app);
    const { user, system } = process.cpuUsage();
    const runs = await Promise.all(Array.from({ length: count }, (_, n) => hub.start(hello, `city ${n}`)));
    const results = await Promise.all(runs.map((run) => run.result()));
    const spent = process.cpuUsage();
    expect(results).toEqual(runs.map((_, n) => `Hello city ${n}!`));
    return (spent.user - user + (spent.system - system)) / count;
  };
  await measure(500);
  const few = await measure(500);

  const many = await measure(10_000);

  process.stdout.write(`10,000 instances: ${Math.round(1e6 / many)} per second of processor time\n`);
  expect(many / few).toBeLessThan(10);
});
