import { describe, expect, it } from "vitest";
import { createTestHub } from "../../../../src/testing/test-hub/create-test-hub.ts";
import type { HostDiesOptions } from "../../../../src/testing/test-hub/injections.ts";
import { createShop } from "./shop-app.ts";

const { app, begun, hello, patient, approve, approval, charge, sayHello, counter, count } = createShop();
const order = { id: "o1", amount: 5 };
const cities = ["Tokyo", "Oslo"];

/** What a run without faults gives. */
async function undisturbed() {
  await using hub = createTestHub(app);
  const run = await hub.start(hello, cities);
  return { output: await run.result(), history: (await run.history()).map(({ type }) => type) };
}

describe.each<[string, HostDiesOptions, runs: readonly [string, number]]>([
  ["before an activity runs", { before: sayHello, skip: 1 }, ["Oslo", 1]],
  ["when an activity has run", { after: sayHello, skip: 1 }, ["Oslo", 2]],
  ["when an activity has run, several times", { after: sayHello, times: 3 }, ["Tokyo", 4]],
  ["before a checkpoint", { before: "checkpoint", skip: 1 }, ["Tokyo", 1]],
  ["in the middle of a checkpoint", { during: "checkpoint", skip: 1 }, ["Tokyo", 1]],
  ["after a checkpoint", { after: "checkpoint", skip: 1 }, ["Tokyo", 1]],
  ["after each checkpoint", { after: "checkpoint", times: 4 }, ["Tokyo", 1]],
])("a host that dies %s", (_, options, [city, runs]) => {
  it("is followed by another, which goes on from what is stored", async () => {
    const { output } = await undisturbed();
    begun.hello = 0;
    await using hub = createTestHub(app);
    hub.inject.hostDies(options);

    const run = await hub.start(hello, cities);

    expect(await run.result()).toEqual(output);
    expect(begun.hello).toBeGreaterThan(1);
    expect(hub.calls(sayHello).filter(({ input }) => input === city)).toHaveLength(runs);
  });
});

it("a host that dies now leaves replay to the next", async () => {
  await using hub = createTestHub(app);
  const run = await hub.start(approve);
  await hub.runUntil(run, { waitsFor: approval });

  hub.inject.hostDies();
  await run.raiseEvent(approval, { approved: true, by: "Ann" });

  expect(await run.result()).toBe("approved by Ann");
});

it("a host may die for one instance and not for others", async () => {
  await using hub = createTestHub(app);
  hub.inject.hostDies({ after: charge, instance: "second" });
  const runs = [
    await hub.start(patient, order, { instanceId: "first" }),
    await hub.start(patient, order, { instanceId: "second" }),
  ];

  for (const run of runs) expect(await run.result()).toMatchObject({ receipt: "receipt of o1" });

  const ids = hub.calls(charge).map(({ instanceId }) => instanceId);
  expect(ids.filter((id) => id === "second")).toHaveLength(2);
});

it("an entity survives its host", async () => {
  await using hub = createTestHub(app);
  for (let time = 0; time < 5; time++) {
    hub.inject.hostDies({ before: "checkpoint", instance: "@counter@k", skip: time });
    hub.inject.hostDies({ after: "checkpoint", instance: "@counter@k", skip: time });
  }

  const runs = await Promise.all([1, 2, 3].map(() => hub.start(count, "k")));
  await Promise.all(runs.map((run) => run.result()));

  expect(await hub.entityState(counter, "k")).toEqual({ value: 15 });
});

describe("a message that is delivered twice", () => {
  it("runs an activity twice, and its orchestration takes the first answer", async () => {
    await using hub = createTestHub(app);
    hub.inject.deliverTwice(sayHello);

    const run = await hub.start(hello, cities);

    expect(await run.result()).toEqual(["Hello Tokyo!", "Hello Oslo!"]);
    expect(hub.calls(sayHello).map(({ input, deliveryCount }) => [input, deliveryCount])).toEqual([
      ["Tokyo", 1],
      ["Tokyo", 2],
      ["Oslo", 1],
    ]);
    expect((await run.history()).map(({ type }) => type)).toEqual((await undisturbed()).history);
  });

  it("is one event", async () => {
    await using hub = createTestHub(app);
    const twice = await hub.start(approve);
    hub.inject.deliverTwice(approval, { instance: twice });
    await hub.runUntil(twice, { waitsFor: approval });

    await twice.raiseEvent(approval, { approved: true, by: "Ann" });

    expect(await twice.result()).toBe("approved by Ann");
    await hub.advance("1h");
    expect((await twice.history()).filter(({ type }) => type === "EventRaised")).toHaveLength(1);
  });

  it("changes nothing, whichever it is", async () => {
    await using hub = createTestHub(app);
    hub.inject.deliverTwice("messages", { times: Number.POSITIVE_INFINITY, instance: "i" });
    hub.inject.deliverTwice({ event: "Approval" });

    const run = await hub.start(hello, cities, { instanceId: "i" });

    expect(await run.result()).toEqual((await undisturbed()).output);
    expect(hub.calls(sayHello)).toHaveLength(2);
  });
});

it("refuses what it cannot do", () => {
  const { inject } = createTestHub(app);
  // biome-ignore lint/suspicious/noExplicitAny: the point is that the compiler says nothing.
  const js = (value: unknown): any => value;
  for (const [attempt, message] of [
    [() => inject.failActivity(js(undefined)), /failActivity takes an activity/],
    [() => inject.failActivity(charge, js({ time: 2 })), /did you mean 'times'/],
    [() => inject.failActivity(charge, { times: 0 }), /'times' of failActivity must be a whole number above 0/],
    [() => inject.failActivity(charge, js({ error: 5 })), /'error' of failActivity must be an object/],
    [() => inject.hostDies({}), /takes one of 'before', 'during' and 'after'/],
    [() => inject.hostDies({ before: charge, after: charge }), /takes one of/],
    [() => inject.hostDies(js({ during: charge })), /'during' of hostDies must be 'checkpoint'/],
    [() => inject.hostDies(js({ before: {} })), /'before' of hostDies takes an activity/],
    [() => inject.deliverTwice(js({})), /deliverTwice takes an activity/],
    [() => inject.deliverTwice(charge, js({ instance: 5 })), /'instance' of deliverTwice must be an id/],
  ] as const) {
    expect(attempt).toThrow(message);
  }
});
