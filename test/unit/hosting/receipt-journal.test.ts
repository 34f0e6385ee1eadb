import { expect, it } from "vitest";
import { linesOf, readJournal } from "../../../src/hosting/receipt-journal.ts";

const update = (visibilityTimeoutMs: number) =>
  ({ kind: "queue.update", queue: "q", messageId: "m", popReceipt: "old", visibilityTimeoutMs }) as const;
const done = <Value>(value: Value) => ({ outcome: "done", value }) as const;
const refused = { outcome: "notFound", errorCode: "MessageNotFound" } as const;
const failed = { outcome: "failed", failure: {} as never } as const;

it("what was received is held", () => {
  const request = { kind: "queue.receive", queue: "q", maxMessages: 32, visibilityTimeoutMs: 25_000 } as const;
  const value = [{ messageId: "a", popReceipt: "1", text: "not written down" }];

  expect(linesOf(request, done(value), undefined)).toEqual([["q", "a", "1"]]);
  expect(linesOf(request, failed, undefined)).toEqual([]);
});

it("notes what this process has sent for itself, and nothing else that it sends", () => {
  const send = { kind: "queue.send", queue: "q", text: "", visibilityDelayMs: 25_000 } as const;
  const sent = done({ messageId: "m", popReceipt: "1" });

  expect(linesOf({ ...send, isHeld: true }, sent, 25_000)).toEqual([["q", "m", "1"]]);
  expect(linesOf(send, sent, 25_000)).toEqual([]);
});

it("a message that is hidden for the usual time is held on, and given up when it is hidden for another", () => {
  const value = { popReceipt: "new" };

  expect(linesOf(update(25_000), done(value), 25_000)).toEqual([["q", "m", "new"]]);
  expect(linesOf(update(2_000), done(value), 25_000)).toEqual([["q", "m"]]);
  expect(linesOf(update(25_000), refused, 25_000)).toEqual([["q", "m"]]);
  expect(linesOf(update(25_000), failed, 25_000)).toEqual([]);
});

it("a message that is deleted, or gone, is not held", () => {
  const request = { kind: "queue.deleteMessage", queue: "q", messageId: "m", popReceipt: "1" } as const;

  expect(linesOf(request, done(undefined), 25_000)).toEqual([["q", "m"]]);
  expect(linesOf(request, refused, 25_000)).toEqual([["q", "m"]]);
  expect(linesOf(request, failed, 25_000)).toEqual([]);
});

it("a journal is read up to where its writer died, and whatever else is in it", () => {
  const text = [
    '["q","a","1"]',
    '["q","b","2"]',
    '["q","a","3"]',
    '["q","b"]',
    "",
    "null",
    '["q"]',
    '["q","c",4]',
    '{"queue":"q"}',
    '["q","d","5',
  ].join("\n");

  expect(readJournal(text)).toEqual([{ queue: "q", messageId: "a", popReceipt: "3" }]);
});
