import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

await loadPage("docs/sub-orchestrations.md");

const stay = ["reserved: train to Rome", "reserved: room in Rome"];

it("children give what they have done", async () => {
  expect(await (await createTestHub().start("bookTrip", ["Rome"])).result()).toEqual(stay);
});

it("a child has an id of its own, and an account of its parent", async () => {
  const hub = createTestHub();
  const run = await hub.start("bookWeekend", "Rome", { instanceId: "trip" });

  expect(await run.result()).toEqual(stay);
  expect(await hub.run("trip-Rome").status()).toMatchObject({ runtimeStatus: "Completed", name: "bookStay" });
});

it.each([
  ["Rome", "reserved: Rome"],
  ["Atlantis", "stayed at home: there is no Atlantis"],
])("who waits for %s: %s", async (city, result) => {
  expect(await (await createTestHub().start("careful", city)).result()).toBe(result);
});

it("what is started and not waited for runs as well", async () => {
  const hub = createTestHub();

  expect(await (await hub.start("greetAll", ["Rome", "Oslo"])).result()).toBe(2);
  expect(hub.calls("reserve")).toHaveLength(4);
});
