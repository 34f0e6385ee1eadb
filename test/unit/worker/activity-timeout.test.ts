import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import type { ActivityOutcome } from "../../../src/core/task-executor.ts";
import { encodeTaskTags } from "../../../src/core/task-tags.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import type { ActivityContext } from "../../../src/worker/activity-context.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

type Activity = (input: unknown, context: ActivityContext) => unknown;

/** Begins one activity; what it was given and what has come of it so far. */
function begin(timeoutMs: number | undefined, activity: Activity, worker = new AbortController()) {
  const clock = new SteppedClock();
  const registry = new Registry();
  let signal: AbortSignal | undefined;
  registry.addActivity({
    name: "work",
    activity: (input, context) => {
      signal = context.signal;
      return activity(input, context);
    },
  });
  const executed = new InProcessExecutor({ registries: [registry], clock }).executeActivity({
    name: "work",
    version: undefined,
    input: undefined,
    instance: { instanceId: "i", executionId: "e" },
    taskId: 0,
    deliveryCount: 1,
    tags: encodeTaskTags(undefined, { attempt: 1, timeoutMs }),
    signal: worker.signal,
  });
  const run = { clock, executed, outcome: undefined as ActivityOutcome | undefined, isAborted: () => signal?.aborted };
  executed.then(
    (outcome) => {
      run.outcome = outcome;
    },
    () => {},
  );
  return run;
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const never = () => new Promise(() => {});

function timedOut(timeoutMs: number): ActivityOutcome {
  const errorMessage = `it did not complete within ${timeoutMs} ms`;
  return { kind: "failed", failureDetails: { errorType: "TaskTimeout", errorMessage, isNonRetriable: false } };
}

it.each([300, 0.5, 2 ** 31 + 5])(
  "a time limit of %d ms is over after as much time of the clock, and not before",
  async (ms) => {
    const run = begin(ms, (_, { signal }) => aborted(signal).then(() => "too late"));
    await turn();

    run.clock.advance(ms - 0.25);
    await turn();
    expect(run).toMatchObject({ outcome: undefined });
    expect(run.isAborted()).toBe(false);
    run.clock.advance(0.25);
    await turn();

    expect(run.isAborted()).toBe(true);
    expect(run.outcome).toEqual(timedOut(ms));
  },
);

it("a result that comes after its time is a timeout, though its answer may overtake the timer", async () => {
  const { clock, executed } = begin(5, (_, { signal }) => aborted(signal).then(() => "too late"));
  await turn();
  clock.advance(5);
  expect(await executed).toEqual(timedOut(5));
});

it("an activity that throws because its time is up has timed out", async () => {
  const { clock, executed } = begin(5, async (_, { signal }) => {
    await aborted(signal);
    signal.throwIfAborted();
  });
  await turn();
  clock.advance(5);
  expect(await executed).toEqual(timedOut(5));
});

it("a time limit may be a fraction of milliseconds, in a task that another SDK has scheduled", async () => {
  expect(await begin(10_000.5, () => "in time").executed).toEqual({ kind: "completed", result: '"in time"' });
});

it("a time limit longer than Node's timers does not abort the activity", async () => {
  const run = begin(2 ** 31 + 5, async (_, { signal }) => {
    await turn();
    return signal.aborted;
  });
  expect(await run.executed).toEqual({ kind: "completed", result: "false" });
});

it.each<[string, number | undefined, Activity]>([
  ["has completed", 300, () => "done"],
  ["has failed", 300, () => Promise.reject(new Error("broken"))],
  ["has timed out", 300, (_, { signal }) => aborted(signal)],
  ["had no limit", undefined, () => "done"],
])("an activity that %s leaves no listener on the worker's signal, and nobody who sleeps", async (_, ms, activity) => {
  const worker = new AbortController();

  const { clock, executed } = begin(ms, activity, worker);
  await turn();
  if (clock.nextWakeAt !== undefined) clock.advance(300);
  await executed;

  expect(getEventListeners(worker.signal, "abort")).toEqual([]);
  expect(clock.nextWakeAt).toBeUndefined();
});

it("a worker that stops aborts the activity for its own reason, and that is no timeout", async () => {
  const worker = new AbortController();
  const { clock, executed } = begin(
    300,
    (_, { signal }) => aborted(signal).then(() => signal.throwIfAborted()),
    worker,
  );
  await turn();

  worker.abort();

  await expect(executed).rejects.toBe(worker.signal.reason);
  expect(getEventListeners(worker.signal, "abort")).toEqual([]);
  expect(clock.nextWakeAt).toBeUndefined();
});

it("an activity that ignores its signal holds the worker's signal no longer than its time", async () => {
  const worker = new AbortController();
  const { clock } = begin(300, never, worker);
  await turn();
  clock.advance(300);
  await turn();

  expect(getEventListeners(worker.signal, "abort")).toEqual([]);
});
