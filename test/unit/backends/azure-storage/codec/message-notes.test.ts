import { expect, it } from "vitest";
import {
  encodeQueueText,
  formatMessageData,
  parseMessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import {
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

  for (const lastHeartbeat of details) {
    const notes = { unfinishedRuns: [runOf("worker-1"), runOf("worker-2")], lastHeartbeat };
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
      text = writeMessageNotes(text, { unfinishedRuns, lastHeartbeat });
      expect(readMessageNotes(text)).toEqual({ unfinishedRuns, lastHeartbeat });
    }
  }
});

it("notes without a heartbeat are those of a version that knew none", () => {
  const noted = writeMessageNotes(json, { unfinishedRuns: [runOf("a")], lastHeartbeat: undefined });

  expect(noted.endsWith(`,"UnfinishedRuns":["${runOf("a")}"]}`)).toBe(true);
});
