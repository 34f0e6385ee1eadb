import { expect, it } from "vitest";
import { decodeQueueText } from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { hubNames } from "../../../../../src/backends/azure-storage/hub-names.ts";
import { clientOrigin, MessageSender } from "../../../../../src/backends/azure-storage/messaging/message-sender.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { describeForeignError } from "../../../../../src/backends/azure-storage/storage/storage-failure.ts";
import { LargePayloads } from "../../../../../src/backends/azure-storage/tracking/large-payloads.ts";
import type { HistoryEvent } from "../../../../../src/core/history-event.ts";
import type { OutgoingMessage } from "../../../../../src/core/task-message.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A queue in which a send takes a turn or two; `fails` says which. */
function openSender(fails: (event: HistoryEvent) => boolean = () => false) {
  const sent: HistoryEvent[] = [];
  let [underWay, most, asked, guids] = [0, 0, 0, 0];
  const storage = new StorageClient(async (request) => {
    if (request.kind !== "queue.send") throw new Error(request.kind);
    asked++;
    most = Math.max(most, ++underWay);
    const queued = decodeQueueText(request.text);
    if (queued.kind !== "message") throw new Error(queued.kind);
    const { event } = queued.data.message;
    for (let turns = asked % 3; turns >= 0; turns--) await turn();
    underWay--;
    if (fails(event)) return describeForeignError({ statusCode: 400, code: "InvalidInput" }, "h");
    sent.push(event);
    return { outcome: "done", value: { messageId: "m", popReceipt: "p" } };
  });
  const sender = new MessageSender({
    storage,
    payloads: new LargePayloads({ storage, container: "c", blobEndpoint: "http://h" }),
    names: hubNames("Hub", 4),
    clock: new SteppedClock(),
    random: { guid: () => `guid-${++guids}`, number: () => 0.5 },
    encoding: "utf8",
    onSent: () => undefined,
  });
  return { sender, sent, state: () => ({ underWay, most, asked }) };
}

const header = { eventId: -1, timestamp: new Date(0) };

function activity(eventId: number): OutgoingMessage {
  const task = { name: "work", version: undefined, input: "[1]", parentTraceContext: undefined, tags: undefined };
  const event: HistoryEvent = { ...header, ...task, type: "TaskScheduled", eventId };
  return { message: { event, target: { instanceId: "i", executionId: "e" } } };
}

function raised(instanceId: string, name: string): OutgoingMessage {
  const event: HistoryEvent = { ...header, type: "EventRaised", name, input: undefined, parentTraceContext: undefined };
  return { message: { event, target: { instanceId, executionId: undefined } } };
}

it("a checkpoint sends a large fan-out in parts of 64, and all of it", async () => {
  const { sender, sent, state } = openSender();
  await sender.sendAll(
    Array.from({ length: 1000 }, (_, index) => activity(index)),
    clientOrigin,
  );
  expect(state()).toEqual({ underWay: 0, most: 64, asked: 1000 });
  expect(new Set(sent.map(({ eventId }) => eventId)).size).toBe(1000);
});

it("what one receiver would notice the order of is sent in order, however much there is", async () => {
  const { sender, sent } = openSender();
  const receivers = Array.from({ length: 150 }, (_, index) => `r${index}`);
  const names = ["1", "2", "3", "4"];
  await sender.sendAll(
    names.flatMap((name) => receivers.map((receiver) => raised(receiver, `${receiver}:${name}`))),
    clientOrigin,
  );
  const order = new Map<string, string[]>();
  for (const event of sent) {
    const [receiver, name] = (event as { name: string }).name.split(":") as [string, string];
    order.set(receiver, [...(order.get(receiver) ?? []), name]);
  }
  expect([...order.values()]).toEqual(receivers.map(() => names));
});

it("a send that fails ends the others: nothing begins after it, and nothing is under way when it is told", async () => {
  const { sender, state } = openSender(({ eventId }) => eventId === 100);
  const sending = sender.sendAll(
    Array.from({ length: 1000 }, (_, index) => activity(index)),
    clientOrigin,
  );
  await expect(sending).rejects.toMatchObject({ code: "StorageRejected" });
  expect(state().underWay).toBe(0);
  expect(state().asked).toBeLessThan(100 + 2 * 64);
});
