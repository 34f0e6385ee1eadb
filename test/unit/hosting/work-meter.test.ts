import { expect, it } from "vitest";
import type { ActivityInvocation, TaskExecutor } from "../../../src/core/task-executor.ts";
import { WorkMeter } from "../../../src/hosting/work-meter.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

/** An executor whose activities end when they are told to. */
function createMeter() {
  const clock = new SteppedClock();
  const ends: (() => void)[] = [];
  const executor: TaskExecutor = {
    openSession: () => ({ execute: async () => ({ actions: [], customStatus: undefined }), close() {} }),
    executeActivity: () => new Promise((resolve) => ends.push(() => resolve({ kind: "completed", result: undefined }))),
    executeEntityBatch: () => Promise.reject(new Error("it broke")),
  };
  const meter = new WorkMeter(clock);
  return { clock, meter, executor: meter.watch(executor), end: () => ends.shift()!() };
}

async function pass(clock: SteppedClock, ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

async function waitFor(meter: WorkMeter, signal = new AbortController().signal) {
  const state = { isOver: false };
  void meter.waitForQuiet(5_000, 60_000, signal).then(() => {
    state.isOver = true;
  });
  return state;
}

it("an app that does nothing is quiet after the quiet time", async () => {
  const { clock, meter } = createMeter();
  const wait = await waitFor(meter);
  await pass(clock, 4_999);
  expect(wait.isOver).toBe(false);
  await pass(clock, 1);
  expect(wait.isOver).toBe(true);
});

it("work puts it off, and the quiet time begins at its end", async () => {
  const { clock, meter, executor, end } = createMeter();
  void executor.executeActivity({} as ActivityInvocation);
  const wait = await waitFor(meter);
  await pass(clock, 20_000);
  end();
  await pass(clock, 4_000);
  expect(wait.isOver).toBe(false);
  await pass(clock, 6_000);
  expect(wait.isOver).toBe(true);
});

it("it waits no longer than it may", async () => {
  const { clock, meter, executor } = createMeter();
  void executor.executeActivity({} as ActivityInvocation);
  const wait = await waitFor(meter);
  await pass(clock, 59_999);
  expect(wait.isOver).toBe(false);
  await pass(clock, 1);
  expect(wait.isOver).toBe(true);
});

it("a stop ends the wait", async () => {
  const { clock, meter } = createMeter();
  const stop = new AbortController();
  const wait = await waitFor(meter, stop.signal);
  stop.abort();
  await pass(clock, 0);
  expect(wait.isOver).toBe(true);
});

it("what fails is over too, and is told as it was", async () => {
  const { clock, meter, executor } = createMeter();
  await expect(executor.executeEntityBatch({} as never)).rejects.toThrow("it broke");
  const wait = await waitFor(meter);
  await pass(clock, 5_000);
  expect(wait.isOver).toBe(true);
});
