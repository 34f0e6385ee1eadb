import { expect, it } from "vitest";
import { ControlQueue } from "../../../../../src/backends/azure-storage/messaging/control-queue.ts";
import { HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import type { MessageReader } from "../../../../../src/backends/azure-storage/messaging/message-reader.ts";
import { OrchestrationInbox } from "../../../../../src/backends/azure-storage/messaging/orchestration-inbox.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type {
  ReceivedMessage,
  StorageReply,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import type { InstancesTable } from "../../../../../src/backends/azure-storage/tracking/instances-table.ts";
import { silentLog } from "../../../../../src/core/ports.ts";
import { systemRandom } from "../../../../../src/core/system-ports.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const at = new Date(Date.UTC(2026, 0, 1));

/** A queue with so many messages of one instance, and what becomes of them. */
function openQueue(
  messages: number,
  bufferThreshold: number,
  badIds: readonly string[] = [],
  slowId = "",
  dueInMs = 0,
) {
  const clock = new SteppedClock();
  const dueAt = new Date(clock.now() + dueInMs).toISOString();
  const receives: number[] = [];
  const hidden: string[] = [];
  const answers: ((reply: StorageReply) => void)[] = [];
  let left = messages;
  const storage = new StorageClient((request) => {
    if (request.kind === "queue.update") {
      hidden.push(request.messageId);
      return Promise.resolve({ outcome: "done", value: { popReceipt: "later" } });
    }
    if (request.kind !== "queue.receive") throw new Error(`unexpected ${request.kind}`);
    const count = Math.min(left, request.maxMessages);
    const value = Array.from({ length: count }, (): ReceivedMessage => {
      const messageId = String(messages - left--);
      return { messageId, popReceipt: "r", text: "", dequeueCount: 1, insertedOn: at, nextVisibleOn: at };
    });
    receives.push(count);
    return new Promise((resolve) => answers.push(() => resolve({ outcome: "done", value })));
  });
  let finishSlow = () => {};
  const slow = new Promise<void>((resolve) => (finishSlow = resolve));
  const read = async (queue: string, received: ReceivedMessage) => {
    if (received.messageId === slowId) await slow;
    const event = {
      type: "EventRaised",
      eventId: -1,
      timestamp: at,
      name: dueInMs === 0 ? "op" : `op@${dueAt}`,
      input: undefined,
      parentTraceContext: undefined,
    } as const;
    const isBad = badIds.includes(received.messageId);
    const message = {
      event: isBad ? (undefined as never) : event,
      target: { instanceId: "@counter@k", executionId: undefined },
    };
    const sender = { instanceId: "", executionId: "" };
    const data = { activityId: "", message, sequenceNumber: Number(received.messageId), sender, episode: undefined };
    return new HeldMessage(storage, queue, received, data);
  };
  const refused: string[] = [];
  const refuse = async (_: string, { messageId }: ReceivedMessage) => void refused.push(messageId);
  const inbox = new OrchestrationInbox({ maxMessages: bufferThreshold, maxLength: 1_000_000 });
  const controlQueue = new ControlQueue({
    queue: "q",
    taskHub: "hub",
    storage,
    clock,
    random: systemRandom,
    log: silentLog,
    visibilityTimeoutMs: 25_000,
    maxPollingIntervalMs: 30_000,
    cutOff: new AbortController().signal,
    inbox,
    reader: { read, refuse, idle: async () => {}, instanceOfBlob: () => "@counter@k" } as unknown as MessageReader,
    instances: {} as InstancesTable,
    batchSize: 4,
  });
  controlQueue.start();
  const answer = async () => {
    await settled();
    answers.shift()?.({ outcome: "done", value: undefined });
    await settled();
  };
  return { controlQueue, inbox, receives, hidden, refused, answer, clock, finishSlow: () => finishSlow() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function takeIds(inbox: OrchestrationInbox): Promise<readonly string[] | undefined> {
  const wait = new AbortController();
  const taking = inbox.take("entity", wait.signal);
  wait.abort();
  return (await taking)?.map(({ id }) => id);
}

it("delivers together what is backed up", async () => {
  const { controlQueue, inbox, receives, answer } = openQueue(10, 64);

  await answer();
  await answer();
  expect(await takeIds(inbox)).toBeUndefined();
  await answer();

  expect(receives).toEqual([4, 4, 2]);
  expect(await takeIds(inbox)).toHaveLength(10);
  await controlQueue.stop();
});

it("delivers what it has as soon as there is no room for more", async () => {
  const { controlQueue, inbox, answer } = openQueue(10, 8);

  await answer();
  await answer();

  expect(await takeIds(inbox)).toHaveLength(8);
  await controlQueue.stop();
});

it("a message that cannot be taken is refused by its id, and the others are delivered", async () => {
  const { controlQueue, inbox, refused, answer } = openQueue(3, 64, ["1"]);

  await answer();

  expect(refused).toEqual(["1"]);
  expect(await takeIds(inbox)).toEqual(["0", "2"]);
  expect(inbox.messageCount).toBe(2);
  await controlQueue.stop();
});

it("a message that is slow to read delays the others a second, and none of its instance overtakes it", async () => {
  const { controlQueue, inbox, answer, clock, finishSlow } = openQueue(6, 64, [], "1");
  await answer();
  expect(await takeIds(inbox)).toBeUndefined();
  clock.advance(1000);
  await answer();
  // What is already there of its instance waits too, and the queue is polled on.
  expect(inbox.messageCount).toBe(5);
  expect(await takeIds(inbox)).toBeUndefined();
  finishSlow();
  await settled();
  expect(await takeIds(inbox)).toEqual(["0", "1", "2", "3", "4", "5"]);
  await controlQueue.stop();
});

it("delivers in time however much there is", async () => {
  const { controlQueue, inbox, answer } = openQueue(100, 1000);

  for (let receive = 0; receive < 8; receive++) await answer();

  expect(await takeIds(inbox)).toHaveLength(32);
  const stopped = controlQueue.stop();
  await answer();
  await stopped;
});

it("gives back at the stop what was not delivered yet", async () => {
  const { controlQueue, inbox, hidden, answer } = openQueue(12, 64);

  await answer();
  const stopped = controlQueue.stop();
  await answer();
  await stopped;

  expect(hidden).toHaveLength(8);
  expect(inbox.messageCount).toBe(0);
});

it("any number of messages may wait for their time", async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => void warnings.push(warning);
  process.on("warning", warn);
  const { controlQueue, inbox, answer, clock } = openQueue(30, 64, [], "", 1000);

  for (let receive = 0; receive < 8; receive++) await answer();
  expect(await takeIds(inbox)).toBeUndefined();
  clock.advance(1000);
  await answer();

  expect(await takeIds(inbox)).toHaveLength(30);
  await controlQueue.stop();
  process.off("warning", warn);
  expect(warnings).toEqual([]);
});

it("takes what this process sends for itself, but not past what it has put into the queue before", async () => {
  const { controlQueue, inbox, answer, clock, receives } = openQueue(1, 64);
  await answer(); // of a poll at the start
  expect(receives).toEqual([1]);
  const held = inbox.messageCount;
  const own = (id: string) => ({ id, instanceId: "i", message: { event: {} } }) as unknown as HeldMessage;
  expect(controlQueue.reserve()).toBe(true);
  expect(controlQueue.accept(own("own"))).toBe(true);
  expect(inbox.messageCount).toBe(held + 1);

  clock.advance(1000);
  controlQueue.onSent(clock.now());
  expect(controlQueue.reserve()).toBe(false);
  await answer();
  await answer();

  expect(controlQueue.reserve()).toBe(true);
  controlQueue.release();
  await controlQueue.stop();
  expect(controlQueue.reserve()).toBe(false);
});
