import { describe, expect, it } from "vitest";
import { createTestHub } from "../../../../src/testing/test-hub/create-test-hub.ts";
import { hangs, replace } from "../../../../src/testing/test-hub/replacement.ts";
import { createShop } from "./shop-app.ts";

const shop = createShop();
const { app, hello, patient, approve, approval, charge, sayHello, counter } = shop;
const order = { id: "o1", amount: 5 };
const day = 24 * 3_600_000;

it("gives the result of an orchestration, with its activities real", async () => {
  await using hub = createTestHub(app);

  const run = await hub.start(hello, ["Tokyo", "Oslo"]);

  expect(await run.result()).toEqual(["Hello Tokyo!", "Hello Oslo!"]);
  expect(hub.calls(sayHello).map(({ input, result, outcome }) => [input, result, outcome])).toEqual([
    ["Tokyo", "Hello Tokyo!", "completed"],
    ["Oslo", "Hello Oslo!", "completed"],
  ]);
  expect(await run.status()).toMatchObject({ runtimeStatus: "Completed", name: "hello", input: ["Tokyo", "Oslo"] });
  expect((await run.history()).map(({ type }) => type).slice(0, 3)).toEqual([
    "OrchestratorStarted",
    "ExecutionStarted",
    "TaskScheduled",
  ]);
});

it("skips the days of timers and the hours of retries, and keeps what happened", async () => {
  await using hub = createTestHub(app, { startAt: new Date("2030-05-01T00:00:00Z") });
  hub.inject.failActivity(charge, { times: 2, error: new RangeError("the bank is closed") });

  const run = await hub.start(patient, order);
  expect(await run.result()).toEqual({ receipt: "receipt of o1", at: "2030-05-04T03:00:00.000Z" });

  expect(hub.calls(charge).map(({ attempt, outcome }) => `${attempt} ${outcome}`)).toEqual([
    "1 failed",
    "2 failed",
    "3 completed",
  ]);
  expect(hub.calls(charge)[0]!.error).toBeInstanceOf(RangeError);
  expect(await run.customStatus()).toEqual({ step: "charged" });
  expect(run.logs.map(({ level, message, functionName }) => [level, message, functionName])).toEqual([
    ["info", "waiting for o1", "patient"],
  ]);
});

it("lets time pass only when it is told to, or waits for a result", async () => {
  await using hub = createTestHub(app);
  const begun = hub.now.getTime();
  const run = await hub.start(approve);

  await hub.runUntilIdle();
  expect(await run.waits()).toMatchObject([{ kind: "timer" }, { kind: "event", name: "Approval" }]);
  await hub.advance("2d");
  expect(await run.customStatus()).toBe("waiting");
  expect(hub.now.getTime() - begun).toBe(2 * day);

  await run.raiseEvent(approval, { approved: true, by: "Ann" });
  expect(await run.result()).toBe("approved by Ann");
  expect(hub.now.getTime() - begun).toBe(2 * day);

  const late = await hub.start(approve);
  expect(await late.result()).toBe("too late");
  expect(hub.now.getTime() - begun).toBe(5 * day);
});

it("runs until an instance waits for something, and says so when it never does", async () => {
  await using hub = createTestHub(app);
  const run = await hub.start(approve);

  await hub.runUntil(run, { waitsFor: approval });
  await run.raiseEvent("Approval", { approved: false, by: "Ben" });
  await hub.runUntil(async () => (await run.status()).isCompleted);

  expect(await run.result()).toBe("rejected");
  const greeting = await hub.start(hello, ["Rome"]);
  await expect(hub.runUntil(greeting, { waitsFor: "Approval" })).rejects.toThrow(
    `the instance '${greeting.id}' has ended (Completed) and never waited for 'Approval'`,
  );
});

it("says at once what an instance waits for that time does not bring", async () => {
  const other = createShop();
  const waits = other.app.orchestration("waits", (context) => context.waitForExternalEvent("go"));
  await using hub = createTestHub(other.app, { activities: [replace(other.charge, hangs)] });
  const run = await hub.start(waits, undefined, { instanceId: "w" });
  const stuck = await hub.start(other.patient, order, { instanceId: "p" });

  await expect(run.result()).rejects.toThrow(/the instance 'w' does not end: nothing more happens by itself/);
  const error: Error = await stuck.result().then(
    () => new Error("it has ended"),
    (cause) => cause,
  );

  expect(error.message.split("\n").slice(1)).toEqual([
    "- 'p' (patient, Running) waits for activity 'charge'",
    "- 'w' (waits, Running) waits for event 'go'",
  ]);
});

it("replaces activities by handle and by name, also later", async () => {
  await using hub = createTestHub(app, { activities: [replace(sayHello, (city) => `Hi ${city}`)] });
  expect(await (await hub.start(hello, ["Rome"])).result()).toEqual(["Hi Rome"]);

  hub.replace(replace("sayHello", async (city: string) => `Bye ${city}`));
  expect(await (await hub.start("hello", ["Rome"])).result()).toEqual(["Bye Rome"]);

  await using named = createTestHub(app, { activities: { sayHello: () => "Hey" } });
  expect(await (await named.start(hello, ["Rome"])).result()).toEqual(["Hey"]);
  expect(() => createTestHub(app, { activities: { sayhallo: () => 1 } })).toThrow(
    "there is no activity 'sayhallo' to be replaced; the app has 'charge', 'sayHello'",
  );
});

it("tells failures as those who wait for an orchestration get them", async () => {
  await using hub = createTestHub(app);
  hub.inject.failActivity("sayHello", { error: new TypeError("no") });
  const run = await hub.start(hello, ["Rome"]);

  await expect(run.result()).rejects.toMatchObject({
    name: "TaskFailedError",
    failureDetails: { innerFailure: { errorType: "TypeError", errorMessage: "no" } },
  });
  expect(await run.ended()).toMatchObject({ runtimeStatus: "Failed" });

  const ended = await hub.start(approve);
  await ended.terminate("enough");
  await expect(ended.result()).rejects.toMatchObject({ code: "InstanceTerminated", message: /enough/ });
  await expect(hub.run("nobody").status()).rejects.toMatchObject({ code: "InstanceNotFound" });
  await expect(hub.start("hallo")).rejects.toMatchObject({ code: "OrchestratorNotRegistered" });
});

it("speaks to entities, typed by their handles", async () => {
  await using hub = createTestHub(app);

  expect(await hub.entity(counter, "a").add(5)).toBe(5);
  await hub.entity(counter, "a").signal.add(2);
  expect(await hub.entityState(counter, "a")).toEqual({ value: 7 });
  expect(await hub.entityState(counter, "b")).toBeUndefined();
  await expect(hub.entity(counter, "a").add(-1)).rejects.toMatchObject({ failureDetails: { errorType: "RangeError" } });
  expect(await (await hub.start(shop.count, "a")).result()).toBe(12);
});

it("reaches sub-orchestrations by their ids", async () => {
  await using hub = createTestHub(app);
  const run = await hub.start(shop.parent, ["Rome"]);

  expect(await run.result()).toEqual(["Hello Rome!"]);
  expect(await hub.run("the-child").status()).toMatchObject({ parentInstanceId: run.id });
});

it("gives the app a client, for which time passes while it waits", async () => {
  await using hub = createTestHub(app);
  const client = await app.connect();

  const id = await client.startNew(patient, { input: order });
  const { output } = await client.waitForCompletion(id, { pollInterval: "1h" });

  expect(output).toMatchObject({ receipt: "receipt of o1" });
  expect(await (await hub.connect()).callEntity("@Counter@c", "add", 1)).toBe(1);
});

it("lets several wait at a time, and time pass once for all", async () => {
  await using hub = createTestHub(app);
  const begun = hub.now.getTime();
  const runs = await Promise.all([1, 2, 3].map((amount) => hub.start(patient, { id: `o${amount}`, amount })));

  const results = await Promise.all(runs.map((run) => run.result()));

  expect(results.map(({ receipt }) => receipt)).toEqual(["receipt of o1", "receipt of o2", "receipt of o3"]);
  expect(hub.now.getTime() - begun).toBe(3 * day);
});

it("waits for activities that take turns of their own before it lets time pass", async () => {
  await using hub = createTestHub(app, {
    activities: [
      replace(charge, async () => {
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        return "at last";
      }),
    ],
  });
  const begun = hub.now.getTime();

  expect(await (await hub.start(patient, order)).result()).toMatchObject({ receipt: "at last" });
  expect(hub.now.getTime() - begun).toBe(3 * day);
});

it("lets time pass for an activity that hangs, up to its limit", async () => {
  const other = createShop();
  const limited = other.app.orchestration("limited", function* (context) {
    try {
      return yield* context.callActivity(other.charge, order, { timeout: "30s" });
    } catch (error) {
      return (error as { failureDetails: { errorType: string } }).failureDetails.errorType;
    }
  });
  await using hub = createTestHub(other.app, { activities: [replace(other.charge, hangs)] });

  expect(await (await hub.start(limited)).result()).toBe("TaskTimeout");
  expect(hub.calls(other.charge)).toMatchObject([{ outcome: "failed", error: { code: "TaskTimeout" } }]);
});

it("ends a wait for what goes on for ever", async () => {
  const other = createShop();
  const eternal = other.app.orchestration("eternal", function* (context) {
    yield* context.createTimer("1h");
    context.continueAsNew(undefined);
  });
  await using hub = createTestHub(other.app, { maxSteps: 100 });

  await expect((await hub.start(eternal)).result()).rejects.toThrow("100 steps of time were not enough");
});

it("answers what callHttp asks", async () => {
  const other = createShop();
  const ask = other.app.orchestration("ask", function* (context) {
    const { statusCode, content } = yield* context.callHttp({ method: "GET", url: "https://example.com/price" });
    return { statusCode, content };
  });
  const asked: string[] = [];
  await using hub = createTestHub(other.app, {
    http: ({ method, url }) => {
      asked.push(`${method} ${url}`);
      return asked.length === 1 ? { status: 202, headers: { Location: "/done" } } : { body: { price: 5 } };
    },
  });

  expect(await (await hub.start(ask)).result()).toEqual({ statusCode: 200, content: '{"price":5}' });
  expect(asked).toEqual(["GET https://example.com/price", "GET https://example.com/done"]);
});

describe("the same seed", () => {
  const play = async (seed: number) => {
    await using hub = createTestHub(app, { seed });
    hub.inject.failActivity(charge);
    const runs = [await hub.start(patient, order), await hub.start(hello, ["Rome"]), await hub.start(shop.count, "k")];
    for (const run of runs) await run.result();
    return JSON.stringify(await Promise.all(runs.map(async (run) => [run.id, await run.history()])));
  };

  it("gives the same histories, ids and all; another gives other ids", async () => {
    const first = await play(7);

    expect(await play(7)).toBe(first);
    expect(await play(8)).not.toBe(first);
  });
});
