import { expect, it } from "vitest";
import type { Random } from "../../../../src/core/ports.ts";
import { ReturnPace, reconnectDelay, retryDelay } from "../../../../src/grpc/worker/back-off.ts";

const drawing = (number: number): Random => ({ guid: () => "", number: () => number });

it("outcomes are sent again after 200 ms to 15 s, doubled each time, a fifth more or less", () => {
  const delays = (number: number) => [1, 2, 3, 7, 8, 9].map((failures) => retryDelay(failures, drawing(number)));

  expect(delays(0.5)).toEqual([200, 400, 800, 12_800, 15_000, 15_000]);
  expect(delays(0)).toEqual([160, 320, 640, 10_240, 12_000, 12_000]);
  expect(delays(1)[5]).toBe(18_000);
});

it("connections are tried after anything up to a limit that grows from 1 s to 30 s", () => {
  const limits = [1, 2, 3, 4, 5, 6, 2000].map((failures) => reconnectDelay(failures, drawing(1)));

  expect(limits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect(reconnectDelay(3, drawing(0))).toBe(0);
});

it("what comes back again and again is held longer each time", () => {
  const pace = new ReturnPace();
  let now = 0;
  const next = (key: string) => {
    const delay = pace.next(key, now);
    now += delay;
    return delay;
  };

  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => next("a"))).toEqual([0, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(next("b")).toBe(0);
  now += 60_000;
  expect(next("a")).toBe(0);
});

it("only so many are remembered", () => {
  const pace = new ReturnPace();
  pace.next("first", 0);
  for (let index = 0; index < 1000; index++) pace.next(`key ${index}`, 0);

  expect(pace.next("first", 0)).toBe(0);
  expect(pace.next("key 999", 0)).toBe(200);
});
