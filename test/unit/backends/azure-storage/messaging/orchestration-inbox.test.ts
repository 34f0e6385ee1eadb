import { expect, it } from "vitest";
import { type HeldDelivery, HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { OrchestrationInbox } from "../../../../../src/backends/azure-storage/messaging/orchestration-inbox.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";

const storage = new StorageClient(async () => ({ outcome: "done", value: undefined }));
const never = new AbortController().signal;
const limits = { maxMessages: 64, maxLength: 1000 };

function message(
  id: string,
  instanceId: string,
  second = 0,
  sequenceNumber = 1,
  popReceipt = "p1",
  input?: string,
): HeldMessage {
  const insertedOn = new Date(second * 1000);
  const received = { messageId: id, popReceipt, text: "", dequeueCount: 1, insertedOn, nextVisibleOn: insertedOn };
  return new HeldMessage(storage, "q", received, {
    activityId: "",
    message: {
      event: {
        type: "EventRaised",
        name: "n",
        input,
        parentTraceContext: undefined,
        eventId: -1,
        timestamp: insertedOn,
      },
      target: { instanceId, executionId: undefined },
    },
    sequenceNumber,
    episode: undefined,
    sender: { instanceId: "", executionId: "" },
  });
}

function put(inbox: OrchestrationInbox, ...messages: HeldMessage[]): void {
  for (const held of messages) {
    inbox.hold(held);
    inbox.deliver(held);
  }
}

const ids = (messages: readonly HeldDelivery[] | undefined) => messages?.map(({ id }) => id);

it("hands out the messages of one instance in the order of their arrival", async () => {
  const inbox = new OrchestrationInbox(limits);
  put(inbox, message("m3", "a", 2, 1), message("m2", "a", 1, 9), message("other", "b"), message("m1", "a", 1, 4));
  expect(ids(await inbox.take("orchestration", never))).toEqual(["m1", "m2", "m3"]);
  expect(ids(await inbox.take("orchestration", never))).toEqual(["other"]);
});

it("hands out together what came together, also to someone who waits", async () => {
  const inbox = new OrchestrationInbox(limits);
  const waiting = [inbox.take("orchestration", never), inbox.take("orchestration", never)];
  const messages = [message("m1", "a", 1, 1), message("other", "b", 1, 2), message("m2", "a", 1, 3)];
  for (const held of messages) inbox.hold(held);

  inbox.deliver(...messages);

  expect((await Promise.all(waiting)).map(ids)).toEqual([["m1", "m2"], ["other"]]);
});

it("lets messages wait while their instance is worked on", async () => {
  const inbox = new OrchestrationInbox(limits);
  put(inbox, message("m1", "a"));
  await inbox.take("orchestration", never);
  put(inbox, message("m2", "a"));
  const stop = new AbortController();
  const taken = inbox.take("orchestration", stop.signal);
  await new Promise((turn) => setImmediate(turn));
  stop.abort();
  expect(await taken).toBeUndefined();
  inbox.unlock("a");
  expect(ids(await inbox.take("orchestration", never))).toEqual(["m2"]);
});

it("tells ids apart by case", async () => {
  const inbox = new OrchestrationInbox(limits);
  put(inbox, message("m1", "a"), message("m2", "A"));
  expect(ids(await inbox.take("orchestration", never))).toEqual(["m1"]);
  expect(ids(await inbox.take("orchestration", never))).toEqual(["m2"]);
});

it("takes a second receipt of a held message over", () => {
  const inbox = new OrchestrationInbox(limits);
  const held = message("m1", "a");
  put(inbox, held);
  expect(inbox.renewReceipt({ ...held.received, popReceipt: "p2", dequeueCount: 2 })).toBe(true);
  expect(held.deliveryCount).toBe(2);
  expect(inbox.messageCount).toBe(1);
  inbox.forget(held);
  expect(inbox.renewReceipt(held.received)).toBe(false);
});

it("wakes one who waits, and gives up what an instance still has on eviction", async () => {
  const inbox = new OrchestrationInbox(limits);
  const taken = inbox.take("orchestration", never);
  put(inbox, message("m1", "a"));
  expect(ids(await taken)).toEqual(["m1"]);
  put(inbox, message("m2", "a"), message("m3", "b"));
  expect(inbox.isBusy((id) => id === "a")).toBe(true);
  expect(ids(inbox.evict((id) => id === "a"))).toEqual(["m2"]);
  expect(inbox.messageCount).toBe(2);
});

it("is full with so many messages, or with so much in them, and not any more once they are gone", () => {
  const inbox = new OrchestrationInbox({ maxMessages: 3, maxLength: 100 });
  const large = message("large", "a", 0, 1, "p1", "x".repeat(100));
  put(inbox, message("m1", "a"));
  expect([inbox.isFull(), inbox.isFull(1), inbox.isFull(2)]).toEqual([false, false, true]);

  put(inbox, large);
  expect(inbox.isFull()).toBe(true);
  inbox.forget(large);
  inbox.forget(large);
  expect(inbox.isFull()).toBe(false);

  put(inbox, message("m2", "b"), message("m3", "c"));
  expect(inbox.isFull()).toBe(true);
});

it("hands out instances of a kind to those who ask for it, in the order of their arrival, whatever waits of the other", async () => {
  const inbox = new OrchestrationInbox(limits);
  put(
    inbox,
    message("e1", "@e@1"),
    message("e2", "@e@2"),
    message("o1", "a"),
    message("e3", "@e@3"),
    message("o2", "b"),
  );

  const orchestrations = [await inbox.take("orchestration", never), await inbox.take("orchestration", never)];
  const entities = [await inbox.take("entity", never), await inbox.take("entity", never)];
  put(inbox, message("e4", "@e@1"));
  entities.push(await inbox.take("entity", never));

  expect(orchestrations.map(ids)).toEqual([["o1"], ["o2"]]);
  expect(entities.map(ids)).toEqual([["e1"], ["e2"], ["e3"]]);
  inbox.unlock("@e@1");
  expect(ids(await inbox.take("entity", never))).toEqual(["e4"]);
});

it("wakes those who wait for a kind by that kind only", async () => {
  const inbox = new OrchestrationInbox(limits);
  const stop = new AbortController();
  const waiting = [inbox.take("entity", stop.signal), inbox.take("orchestration", never)] as const;
  put(inbox, message("o1", "a"), message("o2", "b"));
  stop.abort();

  expect(ids(await waiting[1])).toEqual(["o1"]);
  expect(await waiting[0]).toBeUndefined();
  expect(ids(await inbox.take("orchestration", never))).toEqual(["o2"]);
});

it("gives up on eviction what entities still have", async () => {
  const inbox = new OrchestrationInbox(limits);
  put(inbox, message("e1", "@e@1"), message("e2", "@e@2"));
  await inbox.take("entity", never);
  put(inbox, message("e3", "@e@1"));

  expect(ids(inbox.evict(() => true))).toEqual(["e3", "e2"]);
  expect(inbox.messageCount).toBe(1);
});

it("has room again once an entity runs, and no longer counts what that has until it is given back", async () => {
  let told = 0;
  const inbox = new OrchestrationInbox({ maxMessages: 3, maxLength: 100, onRoom: () => void told++ });
  const [first, second] = [message("e1", "@e@1", 1), message("e2", "@e@1", 2)];
  put(inbox, first, second, message("e3", "@e@2"));
  expect(inbox.isFull()).toBe(true);

  await inbox.take("entity", never);
  expect([told, inbox.isFull(), inbox.isFull(1), inbox.isFull(2), inbox.messageCount]).toEqual([
    1,
    false,
    false,
    true,
    3,
  ]);

  // Received again while the entity runs: the same message, not one more.
  expect(inbox.renewReceipt(first.received)).toBe(true);
  inbox.forget(first);
  inbox.forget(second);
  put(inbox, first, second);
  expect([inbox.isFull(), inbox.messageCount]).toEqual([true, 3]);
  inbox.unlock("@e@1");
  await inbox.take("entity", never);
  await inbox.take("entity", never);
  expect([told, inbox.isFull(2), inbox.isFull(3)]).toEqual([2, false, true]);
});

it("counts what a running orchestration has", async () => {
  let told = 0;
  const inbox = new OrchestrationInbox({ maxMessages: 1, maxLength: 100, onRoom: () => void told++ });
  put(inbox, message("o1", "a"));
  await inbox.take("orchestration", never);

  expect([told, inbox.isFull()]).toEqual([0, true]);
});

it("is full of what running entities have where that is large", async () => {
  let told = 0;
  const inbox = new OrchestrationInbox({ maxMessages: 3, maxLength: 100, onRoom: () => void told++ });
  put(inbox, message("large", "@e@1", 0, 1, "p1", "x".repeat(100)));
  await inbox.take("entity", never);

  expect([told, inbox.isFull()]).toEqual([0, true]);
});
