import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import type { ActivityWorkItem, Backend, OrchestrationWorkItem } from "../../../src/engine/backend.ts";
import { eventRaised, executionStarted, taskCompleted, taskScheduled } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import {
  type BackendFault,
  type FaultyOperation,
  lockLost,
  withBackendFaults,
} from "../../../src/testing/with-backend-faults.ts";
import { checkpoint } from "../../../src/testing/work-items.ts";

const target = { instanceId: "i", executionId: "e" };
const started = executionStarted("Test", target);
const reset = new Error("connection reset");
const isLost = { code: "WorkItemLockLost" };

/** A hub with one instance and one request for an activity, behind a backend whose next call of an operation is faulty. */
async function setUp(operation: FaultyOperation, fault: BackendFault) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const backend = withBackendFaults(hub, [{ operation, call: 1, ...fault }]);
  await hub.createInstance({ event: started, replaces: undefined });
  await hub.sendMessage({ message: { event: taskScheduled(0, "Work"), target } });
  const { signal } = new AbortController();
  const orchestration = (await backend.fetchOrchestrationWorkItem(signal))!;
  const activity = (await backend.fetchActivityWorkItem(signal))!;
  return { clock, hub, backend, orchestration, activity };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;

/** What comes again within the time, of what was fetched before. */
async function comesAgain({ clock, hub }: SetUp, ms: number): Promise<string[]> {
  clock.advance(ms);
  const { signal } = new AbortController();
  const came: string[] = [];
  void hub.fetchOrchestrationWorkItem(signal).then(() => came.push("orchestration"));
  void hub.fetchActivityWorkItem(signal).then((item) => came.push(`activity after ${item?.unfinishedRuns} runs`));
  await new Promise((resolve) => setImmediate(resolve));
  return came;
}

const answer = { event: taskCompleted(0, "ok"), target };
const made = (workItem: OrchestrationWorkItem) => ({
  ...checkpoint(workItem, "e", [started]),
  outgoing: [{ message: { event: eventRaised("sent"), target: { instanceId: "other", executionId: undefined } } }],
});

const calls = {
  loadHistory: (backend, { orchestration }) => backend.loadHistory(orchestration),
  renewOrchestrationWorkItem: (backend, { orchestration }) => backend.renewOrchestrationWorkItem(orchestration),
  completeOrchestrationWorkItem: (backend, { orchestration }) =>
    backend.completeOrchestrationWorkItem(made(orchestration)),
  renewActivityWorkItem: (backend, { activity }) => backend.renewActivityWorkItem(activity),
  completeActivityWorkItem: (backend, { activity }) => backend.completeActivityWorkItem(activity, answer),
} satisfies Partial<
  Record<
    FaultyOperation,
    (backend: Backend, items: { orchestration: OrchestrationWorkItem; activity: ActivityWorkItem }) => Promise<unknown>
  >
>;

it.each(
  Object.entries(calls).flatMap(([operation, call]) =>
    (["before", "after"] as const).map((when) => [operation as keyof typeof calls, when, call] as const),
  ),
)("a work item that is lost at %s (%s) is settled, and nothing was done for it", async (operation, when, call) => {
  const test = await setUp(operation, { when, error: lockLost() });
  const { hub, backend, orchestration, activity } = test;

  await expect(call(backend, test)).rejects.toMatchObject(isLost);

  expect(await hub.getHistory("i")).toBeUndefined();
  if (operation.includes("Activity")) {
    await expect(backend.renewActivityWorkItem(activity)).rejects.toMatchObject(isLost);
    await expect(backend.completeActivityWorkItem(activity, answer)).rejects.toMatchObject(isLost);
    expect(await comesAgain(test, 3000)).toEqual(["activity after 0 runs"]);
  } else {
    await expect(backend.renewOrchestrationWorkItem(orchestration)).rejects.toMatchObject(isLost);
    await expect(backend.completeOrchestrationWorkItem(made(orchestration))).rejects.toMatchObject(isLost);
    expect(await comesAgain(test, 3000)).toEqual(["orchestration"]);
  }
});

it("a lost checkpoint may have sent its messages, and no more", async () => {
  const test = await setUp("completeOrchestrationWorkItem", { when: "messagesSent", error: lockLost() });

  await expect(calls.completeOrchestrationWorkItem(test.backend, test)).rejects.toMatchObject(isLost);

  expect(await test.hub.getHistory("i")).toBeUndefined();
  expect(await test.hub.getInstance("i")).toMatchObject({ runtimeStatus: "Pending" });
  const sent = await test.hub.fetchOrchestrationWorkItem(new AbortController().signal);
  expect(sent?.instanceId).toBe("other");
});

it.each([
  ["before", undefined, ["orchestration"]],
  ["after", 1, []],
  ["messagesSent", undefined, ["orchestration"]],
  ["historyWritten", 1, ["orchestration"]],
] as const)("a checkpoint that fails %s leaves what its name says", async (when, length, again) => {
  const test = await setUp("completeOrchestrationWorkItem", { when, error: reset });

  await expect(calls.completeOrchestrationWorkItem(test.backend, test)).rejects.toBe(reset);
  await test.backend.abandonOrchestrationWorkItem(test.orchestration);

  expect((await test.hub.getHistory("i"))?.length).toBe(length);
  const sent = when !== "before";
  if (sent) await test.hub.fetchOrchestrationWorkItem(new AbortController().signal);
  expect(await comesAgain(test, 3000)).toEqual(again);
});

it.each([
  ["before", ["activity after 0 runs"]],
  ["after", []],
] as const)("an answer that fails %s was sent or not", async (when, again) => {
  const test = await setUp("completeActivityWorkItem", { when, error: reset });

  await expect(calls.completeActivityWorkItem(test.backend, test)).rejects.toBe(reset);
  await test.backend.abandonActivityWorkItem(test.activity);
  await test.hub.abandonOrchestrationWorkItem(test.orchestration);

  const came = await comesAgain(test, 3000);
  expect(came.filter((what) => what !== "orchestration")).toEqual(again);
});

it("giving back never rejects: what the backend is not told of comes again when its lock runs out", async () => {
  const test = await setUp("abandonActivityWorkItem", { when: "before", error: reset });
  const begin = test.clock.now();

  await test.backend.abandonActivityWorkItem(test.activity);

  await expect(test.backend.renewActivityWorkItem(test.activity)).rejects.toMatchObject(isLost);
  await expect(test.backend.completeActivityWorkItem(test.activity, answer)).rejects.toMatchObject(isLost);
  await test.backend.abandonActivityWorkItem(test.activity);
  const came: number[] = [];
  void test.hub.fetchActivityWorkItem(new AbortController().signal).then(() => came.push(test.clock.now() - begin));
  for (let second = 0; second < 70; second++) {
    test.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(came).toEqual([60_000]);
});

it("a call that fails where nothing is settled can be made again", async () => {
  const test = await setUp("renewOrchestrationWorkItem", { when: "after", error: reset });

  await expect(test.backend.renewOrchestrationWorkItem(test.orchestration)).rejects.toBe(reset);
  await test.backend.renewOrchestrationWorkItem(test.orchestration);
  await test.backend.completeOrchestrationWorkItem(made(test.orchestration));

  expect(await test.hub.getHistory("i")).toEqual([started]);
});

it("tells the backend how many activities are wanted", async () => {
  const demands: (number | undefined)[] = [];
  const backend = {
    fetchActivityWorkItem: async (_signal: AbortSignal, demand?: () => number) => {
      demands.push(demand?.());
      return undefined;
    },
  } as unknown as Backend;

  await withBackendFaults(backend, []).fetchActivityWorkItem(new AbortController().signal, () => 7);

  expect(demands).toEqual([7]);
});
