import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

await loadPage("docs/entities.md");

it("a signal comes before a call that follows it", async () => {
  expect(await (await createTestHub().start("salary", 100)).result()).toBe(99);
});

it("a signal may come later", async () => {
  const hub = createTestHub();

  expect(await (await hub.start("bonus", 100)).result()).toBe(0);
  await hub.advance("1h");
  expect(await hub.entityState("Account", "ann")).toEqual({ balance: 100 });
});

it("an operation that throws changes nothing", async () => {
  const hub = createTestHub();
  await hub.entity("Account", "ann").deposit?.(5);

  await expect(hub.entity("Account", "ann").withdraw?.(6)).rejects.toThrow("5 is not enough");
  expect(await hub.entityState("Account", "ann")).toEqual({ balance: 5 });
});

it("money is moved, or is not", async () => {
  const hub = createTestHub();
  await hub.entity("Account", "ann").deposit?.(100);

  const runs = [70, 70].map((amount) => hub.start("transfer", { from: "ann", to: "bob", amount }));
  const results = await Promise.all(runs.map(async (run) => (await run).result()));

  expect(results.sort()).toEqual(["moved", "too little"]);
  expect(await hub.entityState("Account", "ann")).toEqual({ balance: 30 });
  expect(await hub.entityState("Account", "bob")).toEqual({ balance: 70 });
});

it("an entity may be a function", async () => {
  const hub = createTestHub();

  expect(await (await hub.start("count", [1, 2, 3])).result()).toBe(6);
  await hub.entity("Counter", "visits").reset?.(undefined);
  expect(await hub.entityState("Counter", "visits")).toBeUndefined();
});
