import { expect, it } from "vitest";
import { runWorkItemLoop } from "../../../src/engine/work-item-loop.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A backend that hands out numbers when it is told to. */
function setUp(maxConcurrent: number) {
  const stop = new AbortController();
  const clock = new SteppedClock();
  const waiting: { give: (item: number | undefined) => void; fail: (error: Error) => void }[] = [];
  const ends = new Map<number, () => void>();
  const demands: number[] = [];
  const errors: unknown[] = [];
  const loop = runWorkItemLoop<number>({
    fetch: (signal, demand) =>
      new Promise((resolve, reject) => {
        demands.push(demand());
        waiting.push({ give: resolve, fail: reject });
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      }),
    process: (item) => new Promise((resolve) => ends.set(item, resolve)),
    onFetchError: (error) => errors.push(error),
    maxConcurrent,
    clock,
    signal: stop.signal,
  });
  return { stop, clock, waiting, ends, demands, errors, loop };
}

it("has one fetch waiting, and none while as many are in process as may be", async () => {
  const { waiting, ends, demands } = setUp(2);
  waiting.shift()!.give(1);
  await turn();
  expect(waiting).toHaveLength(1);
  waiting.shift()!.give(2);
  await turn();
  expect(waiting).toHaveLength(0);

  ends.get(1)!();
  await turn();

  expect(waiting).toHaveLength(1);
  expect(demands).toEqual([2, 1, 1]);
});

it("after the stop it fetches nothing more and waits for what is in process", async () => {
  const { stop, waiting, ends, loop } = setUp(2);
  let hasEnded = false;
  void loop.then(() => {
    hasEnded = true;
  });
  waiting.shift()!.give(1);
  await turn();

  stop.abort();
  await turn();
  expect(hasEnded).toBe(false);
  ends.get(1)!();
  await turn();

  expect(hasEnded).toBe(true);
});

it("a fetch that fails slows it down, more each time, and never ends it", async () => {
  const { clock, waiting, errors } = setUp(2);
  const pauses: number[] = [];
  for (let failure = 0; failure < 8; failure++) {
    waiting.shift()!.fail(new Error("no network"));
    await turn();
    const pause = clock.nextWakeAt! - clock.now();
    pauses.push(pause);
    clock.advance(pause);
    await turn();
  }

  expect(errors).toHaveLength(8);
  expect(pauses).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  expect(waiting).toHaveLength(1);
});
