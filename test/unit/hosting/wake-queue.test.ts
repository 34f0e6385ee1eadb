import { beforeEach, expect, it } from "vitest";
import type { StorageReply, StorageRequest } from "../../../src/backends/azure-storage/storage/storage-request.ts";
import { createEventLog } from "../../../src/core/event-log.ts";
import { WakeQueue } from "../../../src/hosting/wake-queue.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const dayMs = 24 * 60 * 60_000;
const control = "shop-control-02";

let clock: SteppedClock;
let lines: string[];
/** What came after what the engine asked for itself. */
let asked: StorageRequest[];
let answer: (request: StorageRequest) => Promise<StorageReply>;

beforeEach(() => {
  clock = new SteppedClock();
  lines = [];
  asked = [];
  answer = async () => ({ outcome: "done", value: undefined });
});

function open() {
  const wakeQueue = new WakeQueue({
    taskHub: "Shop",
    queueName: "shop-wake",
    maxPollingIntervalMs: 30_000,
    clock,
    events: createEventLog({ log: (level, name, text) => lines.push(`${level} ${name} ${text}`) }),
  });
  const transport = wakeQueue.watch(async (request) => {
    if ("queue" in request && request.queue === "shop-wake") {
      asked.push(request);
      return await answer(request);
    }
    return { outcome: "done", value: request.kind === "queue.receive" ? received : undefined };
  });
  let received: readonly unknown[] = [];
  return {
    wakeQueue,
    send: (visibilityDelayMs: number, queue = control) =>
      transport({ kind: "queue.send", queue, text: "payload", visibilityDelayMs }, {}),
    receive: (count = 0, queue = control) => {
      received = new Array(count).fill({});
      return transport({ kind: "queue.receive", queue, maxMessages: 32, visibilityTimeoutMs: 25_000 }, {});
    },
    hide: (visibilityTimeoutMs: number, queue = control) =>
      transport({ kind: "queue.update", queue, messageId: "m", popReceipt: "r", visibilityTimeoutMs }, {}),
    settle: async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    },
  };
}

const delays = () => asked.flatMap((request) => (request.kind === "queue.send" ? [request.visibilityDelayMs] : []));
const failed = { outcome: "failed", failure: { message: "the account is away" } as never } as const;

it("a delayed message has a wake message that becomes visible with it, in Base64 and without payload", async () => {
  const { send, settle } = open();
  await send(90_000);
  await settle();

  expect(asked).toEqual([
    { kind: "queue.create", queue: "shop-wake" },
    { kind: "queue.send", queue: "shop-wake", text: "d2FrZQ==", visibilityDelayMs: 90_000 },
  ]);
});

it("messages that are due in the same half minute have one between them, and the queue is made once", async () => {
  const { send, settle } = open();
  for (const delay of [60_000, 61_000, 89_000, 90_000, 3_600_000]) await send(delay);
  clock.advance(1_000);
  await send(60_000);
  await settle();

  expect(delays()).toEqual([60_000, 90_000, 3_600_000]);
  expect(asked.filter(({ kind }) => kind === "queue.create")).toHaveLength(1);
});

it("each half minute has a message of its own", async () => {
  const { send, settle } = open();
  for (let minute = 0; minute < 10; minute++) {
    await send(60_000);
    clock.advance(60_000);
  }
  await settle();

  expect(delays()).toHaveLength(10);
});

it("is hidden for a week at most", async () => {
  const { send, settle } = open();
  await send(8 * dayMs);
  await settle();

  expect(delays()).toEqual([7 * dayMs]);
});

it("a message that is put back has one too, and one that is held on has none", async () => {
  const { receive, hide, settle } = open();
  await receive(1);
  await hide(25_000);
  await hide(0);
  await hide(6 * dayMs);
  await hide(240_000, "shop-workitems");
  await settle();

  expect(delays()).toEqual([6 * dayMs, 240_000]);
});

it("only messages of the hub count", async () => {
  const { send, settle } = open();
  await send(60_000, "shop2-control-00");
  await send(60_000, "orders");
  await settle();

  expect(asked).toEqual([]);
});

it("what is sent to an orchestration while no partition is held wakes a process at once", async () => {
  const { send, receive, settle } = open();
  await send(0);
  await send(0);
  await settle();
  expect(delays()).toEqual([0]);

  clock.advance(30_000);
  await receive();
  await send(0);
  clock.advance(59_000);
  await send(0);
  await settle();
  expect(delays()).toEqual([0]);

  clock.advance(1_000);
  await send(0, "shop-workitems");
  await settle();
  expect(delays()).toEqual([0]);

  await send(0);
  await settle();
  expect(delays()).toEqual([0, 0]);
});

it("who stops with work left leaves one message, for when he is gone", async () => {
  const { receive, hide, wakeQueue } = open();
  await receive(1);
  clock.advance(600_000);
  await wakeQueue.handOver();
  expect(delays()).toEqual([]);

  await hide(0);
  await wakeQueue.handOver();
  await wakeQueue.handOver();
  expect(delays()).toEqual([5_000]);
});

it("who stops while a timer is about to fire leaves a message too, since he may take that of the timer", async () => {
  const { send, wakeQueue } = open();
  await send(2_000);
  await wakeQueue.handOver();

  expect(delays()).toEqual([2_000, 5_000]);
});

it("who stops idle leaves nothing, so that an app is not woken for ever", async () => {
  const { send, receive, wakeQueue } = open();
  await receive(3);
  await send(0);
  await send(dayMs);
  clock.advance(30_000);
  await receive(0);
  await wakeQueue.handOver();

  expect(delays()).toEqual([dayMs]);
});

it("the engine neither waits for a wake message nor fails for one, and the log has one line of it", async () => {
  const { send, settle } = open();
  answer = () => new Promise(() => {});
  expect(await send(60_000)).toEqual({ outcome: "done", value: undefined });

  const other = open();
  for (const trouble of [async () => failed, () => Promise.reject(new Error("refused on reading"))]) {
    answer = trouble;
    expect(await other.send(60_000)).toEqual({ outcome: "done", value: undefined });
    await settle();
    await other.wakeQueue.create();
    await other.wakeQueue.handOver();
  }
  expect(lines).toEqual(["warn WakeNotSent a message that wakes the app could not be sent: the account is away"]);
});

it("a message that could not be sent is made up for by the next of its half minute", async () => {
  const { send, settle } = open();
  answer = async ({ kind }) => (kind === "queue.send" ? failed : { outcome: "done", value: undefined });
  await send(60_000);
  await settle();
  answer = async () => ({ outcome: "done", value: undefined });
  await send(61_000);
  await send(62_000);
  await settle();

  expect(delays()).toEqual([60_000, 61_000]);
});

it("a request without an answer is broken off", async () => {
  const wakeQueue = new WakeQueue({
    taskHub: "Shop",
    queueName: "shop-wake",
    maxPollingIntervalMs: 30_000,
    clock,
    events: createEventLog({ log: (_level, name) => lines.push(name) }),
  });
  wakeQueue.watch(
    (_request, { signal }) => new Promise((resolve) => signal!.addEventListener("abort", () => resolve(failed))),
  );
  const created = wakeQueue.create();
  clock.advance(10_000);
  await created;

  expect(lines).toEqual(["WakeNotSent"]);
});

it("a queue that somebody has deleted is made again", async () => {
  const { send, settle } = open();
  await send(60_000);
  await settle();
  let isGone = true;
  answer = async ({ kind }) => {
    if (kind === "queue.create") isGone = false;
    if (isGone) return { outcome: "notFound", errorCode: "QueueNotFound" };
    return { outcome: "done", value: undefined };
  };
  await send(120_000);
  await settle();

  expect(asked.map(({ kind }) => kind)).toEqual([
    "queue.create",
    "queue.send",
    "queue.send",
    "queue.create",
    "queue.send",
  ]);
  expect(lines).toEqual([]);
});
