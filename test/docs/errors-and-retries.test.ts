import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

await loadPage("docs/errors-and-retries.md");

it.each([
  [50, "charged 50"],
  [60, "declined: the limit is 50"],
])("a purchase for %i is %s", async (total, result) => {
  expect(await (await createTestHub().start("buy", total)).result()).toBe(result);
});

it("a failure is data, with what the error had of its own", async () => {
  const hub = createTestHub();
  const run = await hub.start("buy", 60);
  await run.result();

  const failed = (await run.history()).find(({ type }) => type === "TaskFailed");

  expect(failed).toMatchObject({
    failureDetails: { errorType: "CardDeclined", errorMessage: "the limit is 50", properties: { limit: 50 } },
  });
});

it.each([
  ["patient", 3, "attempt 4 succeeded"],
  ["stubborn", 2, "attempt 3 succeeded"],
  ["classic", 2, "attempt 3 succeeded"],
])("%s survives %i failures", async (name, failures, result) => {
  expect(await (await createTestHub().start(name, failures)).result()).toBe(result);
});

it.each([
  ["patient", 4, "attempt 4 failed"],
  ["stubborn", 3, "attempt 3 failed"],
  ["classic", 3, "attempt 3 failed"],
])("%s gives up after %i", async (name, failures, message) => {
  await expect((await createTestHub().start(name, failures)).result()).rejects.toThrow(message);
});

it("what will not get better is not tried again", async () => {
  const hub = createTestHub();

  await expect((await hub.start("enter", "please")).result()).rejects.toThrow("the password is wrong");
  expect(hub.calls("login")).toHaveLength(1);
  expect(await (await hub.start("enter", "sesame")).result()).toBe("welcome");
});

it("what was done is undone", async () => {
  const hub = createTestHub();

  expect(await (await hub.start("trip", ["train", "hotel"])).result()).toBe(
    "cancelled hotel and train: TaskFailedError: activity 'book' failed: the hotel is full",
  );
  expect(hub.calls("cancel").map(({ input }) => input)).toEqual(["hotel", "train"]);
  expect(await (await hub.start("trip", ["train"])).result()).toBe("booked");
});
