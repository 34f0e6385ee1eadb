import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import "./app.ts";

it("works every hour for six weeks, and keeps no more in the end than after the first hour", async () => {
  await using hub = createTestHub();
  const run = await hub.start("eternal");
  const hourly: string[][] = [];
  for (let hour = 1; hour <= 1000; hour++) {
    await hub.advance("1h");
    expect(await run.customStatus()).toBe(`round ${hour} is done`);
    hourly.push((await run.history()).map(({ type }) => type));
  }

  expect(hourly.at(-1)).toEqual(hourly[0]);
  expect(hub.calls("doPeriodicWork")).toHaveLength(1001);
});
