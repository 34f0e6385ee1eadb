import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { DurableError } from "../../../src/core/errors.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { silentLog } from "../../../src/core/ports.ts";
import type { Episode, EpisodeResult, TaskExecutor } from "../../../src/core/task-executor.ts";
import type { OrchestrationCheckpoint, OrchestrationWorkItem } from "../../../src/engine/backend.ts";
import { InstanceProcessor } from "../../../src/engine/instance-processor.ts";
import { rewindInstance } from "../../../src/engine/rewind.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskCompleted,
  taskFailed,
} from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { checkpoint } from "../../../src/testing/work-items.ts";

const target = { instanceId: "i", executionId: "e" };
const started = executionStarted("Test", target);
const decided: EpisodeResult = { actions: [], customStatus: '"set"' };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const fetchOrchestration = async (hub: MemoryTaskHub) =>
  (await hub.fetchOrchestrationWorkItem(new AbortController().signal))!;

/** A hub with one instance, a processor on it, and an executor that is scripted. */
async function setUp(execute: (episode: Episode, session: number) => Promise<EpisodeResult>) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const checkpoints: OrchestrationCheckpoint[] = [];
  const complete = hub.completeOrchestrationWorkItem.bind(hub);
  hub.completeOrchestrationWorkItem = (made) => {
    checkpoints.push(made);
    return complete(made);
  };
  let sessions = 0;
  const executor: TaskExecutor = {
    openSession: () => {
      const session = ++sessions;
      return { execute: (episode) => execute(episode, session), close() {} };
    },
    executeActivity: async () => ({ kind: "completed", result: undefined }),
    executeEntityBatch: () => Promise.reject(new Error("unexpected")),
  };
  const limits = { maxSessions: 10, maxSessionBytes: 1e9, maxSessionIdleMs: 1e9, maxEntityOperations: 100 };
  const processor = new InstanceProcessor({
    backend: hub,
    store: hub,
    executor,
    clock,
    log: silentLog,
    ...limits,
  });
  await hub.createInstance({ event: started, replaces: undefined });
  const raise = async (name: string) => {
    await hub.sendMessage({ message: { event: eventRaised(name), target } });
    await processor.process(await fetchOrchestration(hub));
  };
  return { clock, hub, processor, checkpoints, raise };
}

it("runs an episode again on a session made from the whole history when the live one is lost", async () => {
  const seen: string[] = [];
  const { hub, processor, raise } = await setUp(async ({ pastEvents, newEvents }, session) => {
    seen.push(`${session}: ${pastEvents.length} past, ${newEvents.length} new`);
    if (session === 1 && pastEvents.length > 0) throw new DurableError("SessionLost", "the worker went away");
    return decided;
  });
  await processor.process(await fetchOrchestration(hub));
  await raise("go");

  expect(seen).toEqual(["1: 0 past, 2 new", "1: 1 past, 2 new", "2: 3 past, 2 new"]);
  expect((await hub.getHistory("i"))?.map(({ type }) => type).filter((type) => type === "EventRaised")).toHaveLength(1);
});

it("gives a work item back when its session is lost again and again", async () => {
  const { clock, hub, processor } = await setUp(async () => {
    throw new DurableError("SessionLost", "no worker is there");
  });
  const workItem = await fetchOrchestration(hub);
  await processor.process(workItem);
  clock.advance(10_000);

  expect((await fetchOrchestration(hub)).messages[0]).toMatchObject({ deliveryCount: 2 });
});

it("writes nothing and sends nothing once its lock is lost", async () => {
  let resume = () => {};
  const { clock, hub, processor, checkpoints } = await setUp(async () => {
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
    return decided;
  });
  const processing = processor.process(await fetchOrchestration(hub));
  await turn();
  clock.advance(120_000);
  await turn();
  resume();
  await processing;

  expect(checkpoints).toEqual([]);
  // The lock that was lost does not keep it from anybody.
  expect((await fetchOrchestration(hub)).messages[0]).toMatchObject({ deliveryCount: 2 });
});

async function commitWithoutRow(hub: MemoryTaskHub, workItem: OrchestrationWorkItem, events: readonly HistoryEvent[]) {
  const { history } = checkpoint(workItem, "e", events);
  await hub.completeOrchestrationWorkItem({
    workItem,
    history,
    outgoing: [],
    instance: undefined,
    settled: [],
    deferred: workItem.messages,
  });
}

const completed: HistoryEvent = {
  type: "ExecutionCompleted",
  eventId: 0,
  timestamp: at(3),
  orchestrationStatus: "Completed",
  result: '"out"',
  failureDetails: undefined,
};

it.each<[string, readonly HistoryEvent[], object]>([
  ["still runs", [episodeStarted(), started, episodeCompleted()], { runtimeStatus: "Running" }],
  [
    "has ended",
    [episodeStarted(), started, completed, episodeCompleted()],
    { runtimeStatus: "Completed", output: '"out"', completedTime: at(3) },
  ],
])(
  "a repeated message brings the row right that a crash left behind, of an instance that %s",
  async (_, events, row) => {
    const { clock, hub, processor } = await setUp(async ({ newEvents }) => {
      expect(newEvents).toEqual([]);
      return decided;
    });
    await commitWithoutRow(hub, await fetchOrchestration(hub), events);
    expect(await hub.getInstance("i")).toMatchObject({ runtimeStatus: "Pending" });

    clock.advance(10_000);
    await processor.process(await fetchOrchestration(hub));

    expect(await hub.getInstance("i")).toMatchObject({ ...row, executionId: "e", customStatus: '"set"' });
    expect(await hub.getHistory("i")).toEqual(events);
  },
);

it("an answer that comes twice is taken once, and an event whose deletion failed as well", async () => {
  const { hub, processor, raise } = await setUp(async ({ newEvents }) => {
    const isFirst = newEvents.some(({ type }) => type === "ExecutionStarted");
    const ask = {
      kind: "ScheduleTask",
      id: 0,
      name: "a",
      version: undefined,
      input: undefined,
      tags: undefined,
    } as const;
    return { actions: isFirst ? [ask] : [], customStatus: undefined };
  });
  await processor.process(await fetchOrchestration(hub));
  const answer = { message: { event: taskCompleted(0), target } };
  await hub.sendMessage(answer);
  await hub.sendMessage(answer);
  await processor.process(await fetchOrchestration(hub));
  await hub.sendMessage(answer);
  await raise("go");

  const types = (await hub.getHistory("i"))!.map(({ type }) => type);
  expect(types.filter((type) => type === "TaskCompleted")).toHaveLength(1);
  expect(types.filter((type) => type === "EventRaised")).toHaveLength(1);
});

const ask = { kind: "ScheduleTask", id: 0, name: "a", version: undefined, input: undefined, tags: undefined } as const;

it("reads the history again before it puts a message off on the word of a session that was overtaken", async () => {
  const execute = async ({ newEvents }: Episode): Promise<EpisodeResult> => {
    const isAsked = newEvents.some(({ type }) => type === "EventRaised");
    return { actions: isAsked ? [ask] : [], customStatus: undefined };
  };
  const { hub, processor, clock } = await setUp(execute);
  await processor.process(await fetchOrchestration(hub));
  const another = new InstanceProcessor({
    backend: hub,
    store: hub,
    executor: {
      openSession: () => ({ execute, close() {} }),
      executeActivity: async () => completedActivity,
      executeEntityBatch: () => Promise.reject(new Error("unexpected")),
    },
    clock,
    log: silentLog,
    maxSessions: 10,
    maxSessionBytes: 1e9,
    maxSessionIdleMs: 1e9,
    maxEntityOperations: 100,
  });
  await hub.sendMessage({ message: { event: eventRaised("ask"), target } });
  await another.process(await fetchOrchestration(hub));

  await hub.sendMessage({ message: { event: taskCompleted(0), target } });
  await processor.process(await fetchOrchestration(hub));

  expect((await hub.getHistory("i"))?.at(-2)).toMatchObject({ type: "TaskCompleted" });
});

const completedActivity = { kind: "completed", result: undefined } as const;

it("lets go of messages that have no effect", async () => {
  const { clock, hub, processor } = await setUp(async () => decided);
  await processor.process(await fetchOrchestration(hub));
  await hub.sendMessage({ message: { event: eventRaised("go"), target: { ...target, executionId: "another" } } });

  await processor.process(await fetchOrchestration(hub));
  clock.advance(3_600_000);

  const limit = new AbortController();
  const fetching = hub.fetchOrchestrationWorkItem(limit.signal);
  await turn();
  limit.abort();
  expect(await fetching).toBeUndefined();
});

it("processes the work items of one instance one after the other", async () => {
  let underWay = 0;
  const seen: number[] = [];
  const { hub, processor } = await setUp(async () => {
    seen.push(++underWay);
    await turn();
    underWay--;
    return decided;
  });
  const first = await fetchOrchestration(hub);
  await hub.sendMessage({ message: { event: eventRaised("go"), target } });
  hub.expireLocks();
  const second = await fetchOrchestration(hub);

  await Promise.all([processor.process(first), processor.process(second)]);

  expect(seen.every((count) => count === 1)).toBe(true);
  expect(seen.length).toBeGreaterThan(1);
});

it("never rejects, whatever the backend does", async () => {
  const { hub, processor } = await setUp(async () => decided);
  const workItem = await fetchOrchestration(hub);
  const reject = async () => {
    throw new Error("connection reset");
  };
  Object.assign(hub, { loadHistory: reject, abandonOrchestrationWorkItem: reject });

  await expect(processor.process(workItem)).resolves.toBeUndefined();
});

it("an old failure that comes again after a rewind is no answer to the question that is asked again", async () => {
  const ask = {
    kind: "ScheduleTask",
    id: 0,
    name: "a",
    version: undefined,
    input: undefined,
    tags: undefined,
  } as const;
  const fail = {
    kind: "CompleteOrchestration",
    id: 1,
    status: "Failed",
    result: undefined,
    failureDetails: { errorType: "Error", errorMessage: "failed", isNonRetriable: false },
    carryoverEvents: [],
    newVersion: undefined,
  } as const;
  const { clock, hub, processor } = await setUp(async ({ newEvents }) => {
    const isFailure = newEvents.some(({ type }) => type === "TaskFailed");
    return { actions: isFailure ? [fail] : [ask], customStatus: undefined };
  });
  await processor.process(await fetchOrchestration(hub));
  await hub.sendMessage({ message: { event: taskFailed(0), target } });
  const ending = await fetchOrchestration(hub);
  const complete = hub.completeOrchestrationWorkItem;
  // The worker dies before it deletes the message.
  hub.completeOrchestrationWorkItem = (made) => complete({ ...made, settled: [], deferred: made.settled });
  await processor.process(ending);
  hub.completeOrchestrationWorkItem = complete;

  await rewindInstance("i", "mended", { store: hub, clock });
  await processor.process(await fetchOrchestration(hub));
  clock.advance(10_000);
  await processor.process(await fetchOrchestration(hub));

  expect(await hub.getInstance("i")).toMatchObject({ runtimeStatus: "Running" });
  expect((await hub.getHistory("i"))!.filter(({ type }) => type === "TaskFailed")).toEqual([]);
});
