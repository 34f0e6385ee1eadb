import { expect, it } from "vitest";
import { decodeQueueText } from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { hubNames } from "../../../../../src/backends/azure-storage/hub-names.ts";
import type { HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { clientOrigin, MessageSender } from "../../../../../src/backends/azure-storage/messaging/message-sender.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { describeForeignError } from "../../../../../src/backends/azure-storage/storage/storage-failure.ts";
import type { StorageReply } from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { LargePayloads } from "../../../../../src/backends/azure-storage/tracking/large-payloads.ts";
import type { HistoryEvent } from "../../../../../src/core/history-event.ts";
import type { OutgoingMessage } from "../../../../../src/core/task-message.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const done = (value: unknown = undefined): StorageReply => ({ outcome: "done", value });
const turn = () => new Promise((resolve) => setImmediate(resolve));

function portsOf(storage: StorageClient) {
  return {
    storage,
    payloads: new LargePayloads({ storage, container: "c", blobEndpoint: "http://h" }),
    names: hubNames("Hub", 4),
    clock: new SteppedClock(),
    random: { guid: () => "guid", number: () => 0.5 },
    encoding: "utf8",
  } as const;
}

/** A queue in which a send takes a turn or two; `fails` says which. */
function openSender(fails: (event: HistoryEvent) => boolean = () => false) {
  const sent: HistoryEvent[] = [];
  const blobs: string[] = [];
  let [underWay, most, asked, guids] = [0, 0, 0, 0];
  const takenBack: string[] = [];
  const storage = new StorageClient(async (request) => {
    if (request.kind === "queue.deleteMessage") {
      takenBack.push(`${request.messageId} ${request.popReceipt}`);
      return request.messageId === "m7" ? { outcome: "notFound", errorCode: "MessageNotFound" } : done();
    }
    if (request.kind.startsWith("blob.")) {
      blobs.push(`${request.kind} ${(request as { blob?: string }).blob}`);
      return done();
    }
    if (request.kind !== "queue.send") throw new Error(request.kind);
    asked++;
    most = Math.max(most, ++underWay);
    const queued = decodeQueueText(request.text);
    if (queued.kind !== "message") return done({ messageId: "large", popReceipt: "p" });
    const { event } = queued.data.message;
    for (let turns = asked % 3; turns >= 0; turns--) await turn();
    underWay--;
    if (fails(event)) return describeForeignError({ statusCode: 400, code: "InvalidInput" }, "h");
    sent.push(event);
    return done({ messageId: `m${event.eventId}`, popReceipt: `p${event.eventId}` });
  });
  const sender = new MessageSender({
    ...portsOf(storage),
    random: { guid: () => `guid-${++guids}`, number: () => 0.5 },
    onSent: () => undefined,
  });
  return { sender, sent, takenBack, blobs, state: () => ({ underWay, most, asked }) };
}

const header = { eventId: -1, timestamp: new Date(0) };

function activity(eventId: number, input = "[1]"): OutgoingMessage {
  const task = { name: "work", version: undefined, input, parentTraceContext: undefined, tags: undefined };
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

it("a checkpoint that fails takes back what it has sent, and what another has received stays", async () => {
  const { sender, sent, takenBack, blobs } = openSender(({ eventId }) => eventId === 100);
  const large = activity(2000, "x".repeat(100_000));
  const small = Array.from({ length: 1000 }, (_, index) => activity(index));
  const sending = sender.sendAll([large, ...small], clientOrigin, { takesBack: true });
  await expect(sending).rejects.toMatchObject({ code: "StorageRejected" });
  expect(new Set(takenBack)).toEqual(new Set(["large p", ...sent.map(({ eventId }) => `m${eventId} p${eventId}`)])); // S3
  expect(blobs.map((request) => request.split(" ")[0])).toEqual(["blob.put", "blob.delete"]);
});

it("what is sent after a commit stays sent, whatever fails", async () => {
  const { sender, takenBack } = openSender(({ eventId }) => eventId === 100);
  const outgoing = Array.from({ length: 200 }, (_, index) => activity(index));
  await expect(sender.sendAll(outgoing, clientOrigin)).rejects.toMatchObject({ code: "StorageRejected" });
  expect(takenBack).toEqual([]);
});

it("sends share one time budget", async () => {
  const budgets = new Set<unknown>();
  const storage = new StorageClient(async (_, { budget }) => {
    budgets.add(budget);
    return done({ messageId: "m", popReceipt: "p" });
  });
  const sender = new MessageSender({ ...portsOf(storage), onSent: () => undefined });
  const outgoing = Array.from({ length: 100 }, (_, index) => activity(index, "x".repeat(100_000)));
  await sender.sendAll(outgoing, clientOrigin); // S2
  expect(budgets.size).toBe(1);
  expect([...budgets]).toEqual([{ lastDoneAt: expect.any(Number) }]);
});

/** A sender for which this process keeps one place, and what becomes of both. */
function openLocalSender(fails = false) {
  const log: string[] = [];
  const storage = new StorageClient(async (request) => {
    if (request.kind === "queue.deleteMessage") log.push("deleted");
    if (request.kind !== "queue.send") return done();
    log.push(`sent for ${request.visibilityDelayMs}`);
    if (fails) return describeForeignError({ statusCode: 400, code: "InvalidInput" }, "h");
    return done({ messageId: "m", popReceipt: "p", insertedOn: new Date(0), nextVisibleOn: new Date(0) });
  });
  const ports = portsOf(storage);
  let isFree = true;
  const sender = new MessageSender({
    ...ports,
    onSent: () => log.push("told the poller"),
    local: {
      visibilityTimeoutMs: 25_000,
      reader: { hold: (_, { messageId, dequeueCount }) => ({ id: `${messageId} ${dequeueCount}` }) as HeldMessage },
      reserve: () => {
        if (!isFree) return undefined;
        isFree = false;
        return {
          handOver: ({ id }) => void log.push(`handed over ${id}`),
          release: () => void log.push("place released"),
        };
      },
    },
  });
  return { sender, log, clock: ports.clock };
}

it("what has a place in this process is sent hidden, and handed over when the caller says so", async () => {
  const { sender, log } = openLocalSender();

  const sent = await sender.sendAll([activity(1), activity(2)], clientOrigin, { isHandedOver: true });
  expect(log.toSorted()).toEqual(["sent for 0", "sent for 25000", "told the poller"]);
  sender.handOver(sent);

  expect(log.at(-1)).toBe("handed over m 0");
});

it("what is not due yet has no place, however soon it is", async () => {
  const { sender, log, clock } = openLocalSender();
  const soon = { ...raised("i", "go"), deliverAt: new Date(clock.now() + 400) };

  await sender.send(soon, clientOrigin, { isHandedOver: true });

  expect(log[0]).toMatch(/^sent for (?:0|1000)$/);
  expect(log[1]).toBe("told the poller");
});

it("a caller that hands nothing over sends to everybody", async () => {
  const { sender, log } = openLocalSender();
  sender.handOver([await sender.send(activity(1), clientOrigin)]);
  expect(log).toEqual(["sent for 0", "told the poller"]);
});

it("a place is free again when its message is taken back, or could not be sent", async () => {
  const taken = openLocalSender();
  const sent = await taken.sender.sendAll([activity(1)], clientOrigin, { isHandedOver: true });
  await taken.sender.takeBack(sent);
  expect(taken.log).toEqual(["sent for 25000", "place released", "deleted"]);

  const failed = openLocalSender(true);
  await expect(failed.sender.send(activity(1), clientOrigin, { isHandedOver: true })).rejects.toThrow();
  expect(failed.log).toEqual(["sent for 25000", "place released"]);
});
