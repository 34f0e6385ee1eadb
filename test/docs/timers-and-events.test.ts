import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

await loadPage("docs/timers-and-events.md");

const hour = 3_600_000;

it.each([
  ["remind", 72 * hour],
  ["remindAt", hour],
])("%s waits for %i milliseconds", async (name, wait) => {
  const hub = createTestHub();
  const begun = hub.now.getTime();

  expect(await (await hub.start(name, "the kettle")).result()).toBe("remember the kettle");
  expect(hub.now.getTime() - begun).toBe(wait);
});

it.each([
  ["purchase", "Ada approved a bicycle"],
  ["purchaseInTime", "Ada decided on a bicycle"],
])("%s takes a decision, or none after a day", async (name, decided) => {
  const hub = createTestHub();
  const run = await hub.start(name, "a bicycle");
  await run.raiseEvent("approval", { approved: true, by: "Ada" });

  expect(await run.result()).toBe(decided);
  expect(await (await hub.start(name, "a boat")).result()).toBe("nobody decided on a boat");
});

it("events come one after the other, also those from before", async () => {
  const hub = createTestHub();
  const run = await hub.start("average", 3);
  for (const value of [1, 2, 6]) await run.raiseEvent("Reading", value);

  expect(await run.result()).toBe(3);
});

it("one orchestration tells another", async () => {
  const hub = createTestHub();
  const run = await hub.start("purchase", "a bicycle");
  await (await hub.start("boss", run.id)).result();

  expect(await run.result()).toBe("the boss approved a bicycle");
});

it.each([
  [3, "ready", 10],
  [99, "given up", 120],
])("after %i questions the monitor is %s", async (needed, result, minutes) => {
  let asked = 0;
  const hub = createTestHub(undefined, { activities: { isReady: () => ++asked >= needed } });
  const begun = hub.now.getTime();

  expect(await (await hub.start("monitor", "job-1")).result()).toBe(result);
  expect(hub.now.getTime() - begun).toBe(minutes * 60_000);
});
