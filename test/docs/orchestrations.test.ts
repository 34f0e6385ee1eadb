import { readFileSync } from "node:fs";
import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

await loadPage("docs/orchestrations.md");
const page = readFileSync("docs/orchestrations.md", "utf8");

async function resultOf(name: string, input?: unknown): Promise<unknown> {
  return await (await createTestHub().start(name, input)).result();
}

it.each(["order", "orderAsync", "orderByName"])("%s reserves in any style", async (name) => {
  expect(await resultOf(name, ["bread"])).toEqual(["bread reserved"]);
});

it("what is awaited beside durable tasks is refused, not waited for", async () => {
  const run = await createTestHub().start("misused");

  const { failureDetails } = await run.ended();

  const text = `${failureDetails?.errorType}: ${failureDetails?.errorMessage}`;
  expect(page).toContain(text);
});

it("combinations wait for many", async () => {
  const items = ["bread", "milk", "salt"];

  const result = await resultOf("shop", items);

  const reserved = items.map((item) => `${item} reserved`);
  expect(result).toEqual({ all: reserved, few: reserved, first: "salt reserved" });
});

it("the custom status tells how far it is", async () => {
  const hub = createTestHub();
  hub.inject.failActivity("reserve", { skip: 1 });

  const stuck = await hub.start("steps", ["bread", "milk"]);
  await stuck.ended();
  const whole = await hub.start("steps", ["bread", "milk"]);
  await whole.result();

  expect(await stuck.customStatus()).toEqual({ done: 1, of: 2 });
  expect(await whole.customStatus()).toBe("all reserved");
});

it("a loop without end starts over", async () => {
  const hub = createTestHub();
  const run = await hub.start("patrol", { round: 1 });
  const begun = hub.now.getTime();

  expect(await run.result()).toBe("home");
  expect(hub.now.getTime() - begun).toBe(3 * 3_600_000);
  expect((await run.history()).filter(({ type }) => type === "TimerFired")).toHaveLength(1);
});

it("the replay check finds what cannot be repeated, with the line to blame", async () => {
  const hub = createTestHub(undefined, { replayCheck: true });

  const { failureDetails } = await (await hub.start("unrepeatable")).ended();

  const sample = /^NondeterministicOrchestration: .* at Object\.unrepeatable /m.exec(page)![0];
  const text = `${failureDetails?.errorType}: ${failureDetails?.errorMessage}`;
  expect(text.replace(/\d{13}/g, "")).toContain(sample.replace(/\d{13}/g, ""));
});
