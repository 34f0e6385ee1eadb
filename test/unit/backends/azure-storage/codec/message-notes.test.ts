import { expect, it } from "vitest";
import {
  encodeQueueText,
  formatMessageData,
  parseMessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import {
  notesOfOthers,
  readMessageNotes,
  runOf,
  writeMessageNotes,
} from "../../../../../src/backends/azure-storage/codec/message-notes.ts";
import { taskScheduled } from "../../../../../src/testing/history-builder.ts";

const data = {
  activityId: "0b8f9a52-6a1e-4e7e-9a5c-3f3c0d8a1b03",
  message: {
    // What looks like the notes, in the hands of a user.
    event: taskScheduled(0, "work", [',"UnfinishedRuns":["deadbeef"],"LastHeartbeat":"1"}']),
    target: { instanceId: ',"UnfinishedRuns":[]}', executionId: "e" },
  },
  sequenceNumber: 1,
  episode: 1,
  sender: { instanceId: "i", executionId: "e" },
};
const json = formatMessageData(data);
const details = [
  undefined,
  "7",
  '"half"',
  JSON.stringify({ text: 'quotes " and \\ and \n and ü and 🎈', list: ["]}", '"}', ',"UnfinishedRuns":[]}'] }),
];

it.each(["base64", "utf8"] as const)("a %s message says who has begun it, and stays what it was", (encoding) => {
  const text = encodeQueueText(json, encoding);
  expect(readMessageNotes(text)).toBeUndefined();

  for (const [index, lastHeartbeat] of details.entries()) {
    const wasHandedOver = index % 2 === 1;
    const notes = { unfinishedRuns: [runOf("worker-1"), runOf("worker-2")], lastHeartbeat, wasHandedOver };
    const noted = writeMessageNotes(text, notes);

    expect(readMessageNotes(noted)).toEqual(notes);
    const plain = encoding === "utf8" ? noted : Buffer.from(noted, "base64").toString("utf8");
    expect(parseMessageData(plain)).toEqual(parseMessageData(json));
  }
});

it("later notes take the place of earlier ones", () => {
  let text = encodeQueueText(json, "base64");
  for (const unfinishedRuns of [[runOf("a")], [runOf("a"), runOf("b")], []]) {
    for (const lastHeartbeat of details) {
      const notes = { unfinishedRuns, lastHeartbeat, wasHandedOver: lastHeartbeat === "7" };
      text = writeMessageNotes(text, notes);
      expect(readMessageNotes(text)).toEqual(notes);
    }
  }
});

it("notes without a heartbeat are those of a version that knew none", () => {
  const notes = { unfinishedRuns: [runOf("a")], lastHeartbeat: undefined, wasHandedOver: false };
  const noted = writeMessageNotes(json, notes);

  expect(noted.endsWith(`,"UnfinishedRuns":["${runOf("a")}"]}`)).toBe(true);
});

it.each(["base64", "utf8"] as const)(
  "a %s message that is received first has the notes of whom it was handed to",
  (encoding) => {
    const text = encodeQueueText(json, encoding);
    const none = { unfinishedRuns: [], lastHeartbeat: undefined, wasHandedOver: false };
    const handedOver = { unfinishedRuns: [], lastHeartbeat: "7", wasHandedOver: true };

    expect(notesOfOthers({ text, dequeueCount: 1 }, "")).toEqual(none);
    expect(notesOfOthers({ text: writeMessageNotes(text, handedOver), dequeueCount: 1 }, "")).toEqual(handedOver);
    // Of a second delivery without a note nothing is known but that there was a first.
    expect(notesOfOthers({ text, dequeueCount: 2 }, "").unfinishedRuns).toHaveLength(1);
  },
);
