import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/core/system-ports.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function sleep(ms: number, signal?: AbortSignal) {
  const sleeper = { isAwake: false };
  void systemClock.sleep(ms, signal).then(() => {
    sleeper.isAwake = true;
  });
  return sleeper;
}

it.each([5, 10_000.5, 2 ** 31 - 1, 2 ** 31 + 5, 2 ** 33])("a sleep of %d ms lasts as long", async (ms) => {
  const sleeper = sleep(ms);

  await vi.advanceTimersByTimeAsync(Math.floor(ms) - 1);
  expect(sleeper.isAwake).toBe(false);
  await vi.advanceTimersByTimeAsync(2);
  expect(sleeper.isAwake).toBe(true);
});

it.each([5, 2 ** 33])("an abort wakes whoever sleeps %d ms, and leaves no timer and no listener", async (ms) => {
  const waking = new AbortController();
  const sleeper = sleep(ms, waking.signal);
  await vi.advanceTimersByTimeAsync(Math.min(ms - 1, 2 ** 31 + 1));

  waking.abort();
  await vi.advanceTimersByTimeAsync(0);

  expect(sleeper.isAwake).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(waking.signal, "abort")).toEqual([]);
});
