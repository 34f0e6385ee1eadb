import { describe, expect, it } from "vitest";
import type { MessageData } from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type {
  ReceivedMessage,
  StorageReply,
  StorageRequest,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";

const received = (popReceipt: string, dequeueCount = 1): ReceivedMessage => ({
  messageId: "m",
  popReceipt,
  text: "",
  dequeueCount,
  insertedOn: new Date(0),
  nextVisibleOn: new Date(0),
});

const notFound = { outcome: "notFound", errorCode: "MessageNotFound" } as const;
const mismatch = { outcome: "conflict", errorCode: "PopReceiptMismatch" } as const;
const done: StorageReply = { outcome: "done", value: { popReceipt: "p2" } };

/** A message received with receipt `p1`. `answer` is asked with the receipt of each call. */
function hold(answer: (popReceipt: string, message: HeldMessage) => StorageReply) {
  const receipts: string[] = [];
  let deletions = 0;
  const storage = new StorageClient(async (request: StorageRequest) => {
    const { popReceipt } = request as { popReceipt: string };
    receipts.push(popReceipt);
    return answer(popReceipt, message);
  });
  const message = new HeldMessage(storage, "q", received("p1"), {} as MessageData, () => {
    deletions++;
  });
  return { message, receipts, deletions: () => deletions };
}

describe.each([
  ["404, as the service says it", notFound],
  ["400, as the emulator says it", mismatch],
])("a receipt that is refused with %s", (_, refusal) => {
  it("means that someone else has the message: nothing is deleted, its payload neither", async () => {
    const { message, receipts, deletions } = hold(() => refusal);
    expect(await message.delete()).toBe(false);
    expect(await message.hideFor(1000)).toBe(false);
    expect(receipts).toEqual(["p1", "p1"]);
    expect(deletions()).toBe(0);
  });

  it("is tried once more with a receipt that came meanwhile", async () => {
    const answer = (popReceipt: string, message: HeldMessage) => {
      if (popReceipt === "newer") return done;
      message.adopt(received("newer", 2));
      return refusal;
    };
    const deleted = hold(answer);
    expect(await deleted.message.delete()).toBe(true);
    expect(deleted.receipts).toEqual(["p1", "newer"]);
    expect(deleted.deletions()).toBe(1);
    const hidden = hold(answer);
    expect(await hidden.message.hideFor(1000)).toBe(true);
    expect(hidden.receipts).toEqual(["p1", "newer"]);
  });

  it("is tried no third time", async () => {
    let receipts = 0;
    const held = hold((_, message) => {
      message.adopt(received(`newer${++receipts}`, 2));
      return refusal;
    });
    expect(await held.message.delete()).toBe(false);
    expect(held.receipts).toEqual(["p1", "newer1"]);
    expect(held.deletions()).toBe(0);
  });

  it("after a lost answer of hiding means that it is hidden, unless it came again since", async () => {
    const hidden = hold(() => ({ ...refusal, afterLostAnswer: true }));
    expect(await hidden.message.hideFor(1000)).toBe(true);
    const again = hold((popReceipt, message) => {
      if (popReceipt === "newer") return refusal;
      message.adopt(received("newer", 2));
      return { ...refusal, afterLostAnswer: true };
    });
    expect(await again.message.hideFor(1000)).toBe(false);
  });
});

it("a message that is gone after a lost answer was deleted by that call", async () => {
  const { message, deletions } = hold(() => ({ ...notFound, afterLostAnswer: true }));
  expect(await message.delete()).toBe(true);
  // Whether it was is not certain, and someone who has it by now would miss the payload.
  expect(deletions()).toBe(0);
});

it("a message that came again after the lost answer of its deletion is still there", async () => {
  const held = hold((popReceipt, message) => {
    if (popReceipt === "newer") return done;
    message.adopt(received("newer", 2));
    return { ...notFound, afterLostAnswer: true };
  });
  expect(await held.message.delete()).toBe(true);
  expect(held.receipts).toEqual(["p1", "newer"]);
  expect(held.deletions()).toBe(1);
});

it("a message that someone else has was not deleted, also when an answer was lost", async () => {
  const { message } = hold(() => ({ ...mismatch, afterLostAnswer: true }));
  expect(await message.delete()).toBe(false);
});

it("each call uses the receipt of the one before, whatever order they come in", async () => {
  let count = 1;
  const { message, receipts } = hold(() => ({ outcome: "done", value: { popReceipt: `p${++count}` } }));
  await Promise.all([message.hideFor(1), message.hideFor(2), message.delete()]);
  expect(receipts).toEqual(["p1", "p2", "p3"]);
});

it("what was handed over counts as delivered once more than it was received, once it has been given back", async () => {
  const texts: string[] = [];
  const storage = new StorageClient(async (request: StorageRequest) => {
    if (request.kind === "queue.update" && request.text !== undefined) texts.push(request.text);
    return done;
  });
  const text = '{"A":null}';
  const handedOver = new HeldMessage(storage, "q", { ...received("p1", 0), text }, {} as MessageData);
  expect(handedOver.deliveryCount).toBe(1);

  await handedOver.giveBack(1000);
  const again = new HeldMessage(storage, "q", { ...received("p2", 1), text: texts[0]! }, {} as MessageData);

  expect(texts).toEqual(['{"A":null,"UnfinishedRuns":[],"HandedOver":true}']);
  expect(again.deliveryCount).toBe(2);
  expect(again.unfinishedRuns).toBe(0);
});

it.each([
  ["is new when it comes soon after it was sent", 1, 2, false],
  ["may have run when it was hidden as long as one that was handed over", 1, 25, true],
  ["may have run when it was delivered before", 2, 2, true],
] as const)("a request %s", (_, dequeueCount, waitedSeconds, expected) => {
  const visibleAgain = new Date((waitedSeconds + 25) * 1000);
  const request = { ...received("p1", dequeueCount), nextVisibleOn: visibleAgain };
  const message = new HeldMessage(new StorageClient(async () => done), "q", request, {} as MessageData);

  expect(message.mayHaveRun(25_000)).toBe(expected);
});
