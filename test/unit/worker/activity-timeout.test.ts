import { expect, it } from "vitest";
import type { ActivityOutcome } from "../../../src/core/task-executor.ts";
import { encodeTaskTags } from "../../../src/core/task-tags.ts";
import type { ActivityContext } from "../../../src/worker/activity-context.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

function execute(timeoutMs: number, activity: (input: unknown, context: ActivityContext) => unknown) {
  const registry = new Registry();
  registry.addActivity({ name: "work", activity });
  return new InProcessExecutor({ registries: [registry] }).executeActivity({
    name: "work",
    version: undefined,
    input: undefined,
    instance: { instanceId: "i", executionId: "e" },
    taskId: 0,
    deliveryCount: 1,
    tags: encodeTaskTags(undefined, { attempt: 1, timeoutMs }),
    signal: new AbortController().signal,
  });
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

const timedOut: ActivityOutcome = {
  kind: "failed",
  failureDetails: { errorType: "TaskTimeout", errorMessage: "it did not complete within 5 ms", isNonRetriable: false },
};

it("a result that comes after its time is a timeout, though its answer may overtake the timer", async () => {
  expect(await execute(5, (_, { signal }) => aborted(signal).then(() => "too late"))).toEqual(timedOut);
});

it("an activity that throws because its time is up has timed out", async () => {
  const outcome = await execute(5, async (_, { signal }) => {
    await aborted(signal);
    signal.throwIfAborted();
  });
  expect(outcome).toEqual(timedOut);
});

it("a time limit may be a fraction of milliseconds, in a task that another SDK has scheduled", async () => {
  expect(await execute(10_000.5, () => "in time")).toEqual({ kind: "completed", result: '"in time"' });
});

it("a time limit longer than Node's timers does not abort the activity", async () => {
  const outcome = await execute(2 ** 31 + 5, async (_, { signal }) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return signal.aborted;
  });
  expect(outcome).toEqual({ kind: "completed", result: "false" });
});
