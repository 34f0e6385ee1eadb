import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

await loadPage("docs/migrating-from-durable-functions.md");

it("functions with their own names, and a class as an entity", async () => {
  const hub = createTestHub();

  expect(await (await hub.start("tour", ["Paris", "Rome"])).result()).toEqual(["Hello Paris!", "Hello Rome!"]);
  expect(await hub.entity("Counter", "visits")["add"]!(2)).toBe(2);
});
