import { expect, it } from "vitest";
import { HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import type { MessageReader } from "../../../../../src/backends/azure-storage/messaging/message-reader.ts";
import { WorkItemQueue } from "../../../../../src/backends/azure-storage/messaging/work-item-queue.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type { ReceivedMessage } from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { silentLog } from "../../../../../src/core/ports.ts";
import { taskScheduled } from "../../../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

/** A queue with so many requests, and a worker with so many slots. */
function setUp(requests: number, slots: number) {
  const clock = new SteppedClock();
  const asked: number[] = [];
  const hidden: string[] = [];
  let [left, running] = [requests, 0];
  const storage = new StorageClient(async (request) => {
    if (request.kind === "queue.update") {
      hidden.push(`${request.messageId} for ${request.visibilityTimeoutMs}`);
      return { outcome: "done", value: { popReceipt: "later" } };
    }
    if (request.kind !== "queue.receive") throw new Error(`unexpected ${request.kind}`);
    asked.push(request.maxMessages);
    const count = Math.min(left, request.maxMessages);
    const value = Array.from({ length: count }, () => received(String(requests - left--)));
    return { outcome: "done", value };
  });
  const at = new Date(clock.now());
  const received = (messageId: string): ReceivedMessage => {
    return { messageId, popReceipt: "r", text: '{"A":null}', dequeueCount: 1, insertedOn: at, nextVisibleOn: at };
  };
  const hold = (message: ReceivedMessage) => {
    const target = { instanceId: "i", executionId: "e" };
    const sender = { instanceId: "", executionId: "" };
    const data = { activityId: "", message: { event: taskScheduled(0, "Work"), target }, sequenceNumber: 1 };
    return new HeldMessage(storage, "q", message, { ...data, sender, episode: undefined });
  };
  const read = async (_: string, message: ReceivedMessage) => hold(message);
  const queue = new WorkItemQueue({
    queue: "q",
    taskHub: "hub",
    storage,
    clock,
    random: { guid: () => "", number: () => 0.5 },
    log: silentLog,
    visibilityTimeoutMs: 24_000,
    maxPollingIntervalMs: 30_000,
    cutOff: never,
    reader: { read, idle: async () => {} } as unknown as MessageReader,
  });
  queue.start();
  const advance = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await turn();
      clock.advance(Math.max(1, Math.min(clock.nextWakeAt ?? end, end) - clock.now()));
    }
    await turn();
  };
  const fetch = async () => {
    const message = await queue.fetch(never, () => slots - running);
    running++;
    return message!;
  };
  const end = (message: HeldMessage) => {
    running--;
    queue.forget(message);
  };
  return { queue, asked, hidden, clock, advance, fetch, end, sent: (id: string) => hold(received(id)) };
}

it("keeps a place for as many requests of this process as there are free slots", async () => {
  const { queue, fetch, sent } = setUp(0, 2);
  const waiting = fetch();
  await turn();

  expect([queue.reserve(), queue.reserve(), queue.reserve()]).toEqual([true, true, false]);
  expect(queue.accept(sent("own"))).toBe(true);

  expect((await waiting).id).toBe("own");
  await queue.stop();
});

it("takes nothing more for itself once it stops", async () => {
  const { queue, fetch, sent } = setUp(0, 2);
  void fetch();
  await turn();
  expect(queue.reserve()).toBe(true);

  await queue.stop();

  expect(queue.accept(sent("own"))).toBe(false);
  expect(queue.reserve()).toBe(false);
});

it("receives only what is wanted as long as it is not known how long an activity takes", async () => {
  const { queue, asked, fetch, advance } = setUp(50, 4);

  await fetch();
  await advance(100);

  expect(asked[0]).toBe(4);
  await queue.stop();
});

it("receives ahead while activities are short and there are more", async () => {
  const { queue, asked, fetch, end, advance } = setUp(200, 4);
  for (let index = 0; index < 40; index++) {
    end(await fetch());
    await advance(2);
  }

  expect(Math.max(...asked)).toBe(32);
  expect(asked.length).toBeLessThan(8);
  await queue.stop();
});

it("gives back what it has received ahead when activities get long", async () => {
  const { queue, asked, hidden, fetch, end, advance } = setUp(200, 1);
  for (let index = 0; index < 10; index++) {
    end(await fetch());
    await advance(2);
  }
  await fetch(); // and this one does not end
  const [receives] = [asked.length];

  await advance(8000);

  expect(hidden.length).toBeGreaterThan(4);
  expect(hidden.every((call) => call.endsWith(" for 0"))).toBe(true);
  expect(asked.length).toBe(receives);
  await queue.stop();
});

it("receives what it has put into the queue as soon as there is room, however long its pause is", async () => {
  const { queue, asked, fetch, end, advance, clock } = setUp(0, 1);
  const waiting = fetch();
  await advance(60_000);
  const before = asked.length;
  // All slots and places are taken: this goes to the queue.
  queue.reserve();
  queue.onSent(clock.now());
  await advance(10);
  const own = queue.accept.bind(queue);
  expect(asked.length).toBe(before);

  own({ id: "own" } as HeldMessage);
  end(await waiting);
  void fetch();
  await advance(10);

  expect(asked.length).toBe(before + 1);
  await queue.stop();
});
