import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import type { ActivityInvocation, ActivityOutcome } from "../../../src/core/task-executor.ts";
import { ActivityProcessor } from "../../../src/engine/activity-processor.ts";
import type { ActivityWorkItem, Backend } from "../../../src/engine/backend.ts";
import { taskScheduled } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const target = { instanceId: "i", executionId: "e" };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A hub with one request, a processor on it, and an executor that is scripted. */
async function setUp(run: (invocation: ActivityInvocation) => Promise<ActivityOutcome>, decorate?: object) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const backend = Object.assign(Object.create(hub) as Backend, boundTo(hub), decorate);
  const processor = new ActivityProcessor({
    backend,
    executor: {
      openSession: () => {
        throw new Error("there are no orchestrations");
      },
      executeActivity: run,
      executeEntityBatch: () => Promise.reject(new Error("unexpected")),
    },
    clock,
    log: silentLog,
    maxUnfinishedRuns: 10,
  });
  await hub.sendMessage({ message: { event: taskScheduled(0, "work"), target } });
  const advance = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      await turn();
    }
  };
  const fetch = async () => {
    const limit = new AbortController();
    const fetching = hub.fetchActivityWorkItem(limit.signal);
    await turn();
    limit.abort();
    return await fetching;
  };
  return { clock, hub, processor, advance, fetch };
}

function boundTo(hub: MemoryTaskHub) {
  return {
    renewActivityWorkItem: (item: ActivityWorkItem) => hub.renewActivityWorkItem(item),
    completeActivityWorkItem: (...args: Parameters<Backend["completeActivityWorkItem"]>) =>
      hub.completeActivityWorkItem(...args),
    abandonActivityWorkItem: (item: ActivityWorkItem) => hub.abandonActivityWorkItem(item),
  };
}

const completed: ActivityOutcome = { kind: "completed", result: '"done"' };

/** A run that ends when it is told to, or as its signal says. */
function openRun() {
  const run = { end: () => {}, isAborted: false };
  const execute = ({ signal }: ActivityInvocation) =>
    new Promise<ActivityOutcome>((resolve, reject) => {
      run.end = () => resolve(completed);
      signal.addEventListener("abort", () => {
        run.isAborted = true;
        reject(Object.assign(new Error("aborted"), { name: "AbortError" }));
      });
    });
  return { run, execute };
}

it("keeps the request while the activity runs, however long, and answers then", async () => {
  const { run, execute } = openRun();
  const { hub, processor, advance, fetch } = await setUp(execute);
  const processing = processor.process((await fetch())!);

  await advance(300);
  const meanwhile = await fetch();
  run.end();
  await processing;
  const { messages } = (await hub.fetchOrchestrationWorkItem(new AbortController().signal))!;

  expect(meanwhile).toBeUndefined();
  expect(messages.map(({ message }) => message.event)).toMatchObject([
    { type: "TaskCompleted", taskScheduledId: 0, result: '"done"' },
  ]);
  await advance(300);
  expect(await fetch()).toBeUndefined();
});

it("renews nothing any more once the activity has ended", async () => {
  let renewals = 0;
  const renewActivityWorkItem = async () => void renewals++;
  const { processor, advance, fetch } = await setUp(async () => completed, { renewActivityWorkItem });

  await processor.process((await fetch())!);
  await advance(300);

  expect(renewals).toBe(0);
});

it("gives the request back when a run ends without an answer, and that run does not count", async () => {
  const { processor, advance, fetch } = await setUp(async () => {
    throw new Error("the worker went away");
  });

  for (let round = 0; round < 12; round++) {
    const workItem = (await fetch())!;
    expect(workItem.unfinishedRuns).toBe(0);
    await processor.process(workItem);
    await advance(600);
  }

  expect((await fetch())?.delivered.deliveryCount).toBe(13);
});

it("gives the request back when the answer cannot be sent", async () => {
  const completeActivityWorkItem = async () => {
    throw new Error("connection reset");
  };
  const { processor, advance, fetch } = await setUp(async () => completed, { completeActivityWorkItem });

  await processor.process((await fetch())!);
  await advance(5);

  expect(await fetch()).toMatchObject({ delivered: { deliveryCount: 2 }, unfinishedRuns: 0 });
});

it("stops the activity when its lock is lost, and leaves the request to whoever has it", async () => {
  const { run, execute } = openRun();
  const { hub, processor, advance, fetch } = await setUp(execute);
  const workItem = (await fetch())!;
  const processing = processor.process(workItem);
  await turn();

  hub.expireLocks();
  const successor = (await fetch())!;
  await advance(25);
  await processing;

  expect(run.isAborted).toBe(true);
  await hub.renewActivityWorkItem(successor);
  await advance(30);
  expect(await fetch()).toBeUndefined();
});

it("sends no answer of a run whose lock was lost meanwhile", async () => {
  let end = () => {};
  const { hub, processor, advance, fetch } = await setUp(
    () => new Promise((resolve) => (end = () => resolve(completed))),
  );
  const processing = processor.process((await fetch())!);
  await turn();
  hub.expireLocks();
  await fetch();
  await advance(25);

  end();
  await processing;

  const limit = new AbortController();
  const answered = hub.fetchOrchestrationWorkItem(limit.signal);
  await turn();
  limit.abort();
  expect(await answered).toBeUndefined();
});

it("hands back what still runs when it is closed, and that does not count", async () => {
  const { run, execute } = openRun();
  const { processor, advance, fetch } = await setUp(execute);
  const processing = processor.process((await fetch())!);
  await turn();

  processor.close();
  await processing;
  await advance(5);

  expect(run.isAborted).toBe(true);
  expect(await fetch()).toMatchObject({ delivered: { deliveryCount: 2 }, unfinishedRuns: 0 });
});

it("never rejects, whatever the backend does", async () => {
  const reject = async () => {
    throw new Error("connection reset");
  };
  const calls = { completeActivityWorkItem: reject, abandonActivityWorkItem: reject, renewActivityWorkItem: reject };
  const { processor, fetch } = await setUp(async () => completed, calls);

  await expect(processor.process((await fetch())!)).resolves.toBeUndefined();
});
