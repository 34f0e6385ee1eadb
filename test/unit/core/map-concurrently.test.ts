import { expect, it } from "vitest";
import { mapConcurrently } from "../../../src/core/map-concurrently.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("calls never exceed the limit, and results keep the order of the items", async () => {
  let underWay = 0;
  let most = 0;
  const items = Array.from({ length: 100 }, (_, index) => index);
  const results = await mapConcurrently(items, 7, async (item) => {
    most = Math.max(most, ++underWay);
    for (let turns = 0; turns <= item % 3; turns++) await turn();
    underWay--;
    return item * 2;
  });
  expect(most).toBe(7);
  expect(results).toEqual(items.map((item) => item * 2));
});

it("after a failure nothing further begins, and what is under way ends before it is told", async () => {
  const ended: number[] = [];
  const begun: number[] = [];
  const items = Array.from({ length: 50 }, (_, index) => index);
  const mapping = mapConcurrently(items, 4, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("first");
    await turn();
    ended.push(item);
    if (item === 2) throw new Error("second");
  });
  await expect(mapping).rejects.toThrow("first");
  expect(begun).toEqual([0, 1, 2, 3]);
  expect(ended).toEqual([0, 2, 3]);
});
