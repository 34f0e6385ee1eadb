import { expect, it } from "vitest";
import {
  encodeQueueText,
  formatMessageData,
  parseMessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import {
  readUnfinishedRuns,
  runOf,
  writeUnfinishedRuns,
} from "../../../../../src/backends/azure-storage/codec/unfinished-runs.ts";
import { taskScheduled } from "../../../../../src/testing/history-builder.ts";

const data = {
  activityId: "0b8f9a52-6a1e-4e7e-9a5c-3f3c0d8a1b03",
  message: {
    // What looks like the note, in the hands of a user.
    event: taskScheduled(0, "work", [',"UnfinishedRuns":["deadbeef"]}']),
    target: { instanceId: ',"UnfinishedRuns":[]}', executionId: "e" },
  },
  sequenceNumber: 1,
  episode: 1,
  sender: { instanceId: "i", executionId: "e" },
};
const json = formatMessageData(data);

it.each(["base64", "utf8"] as const)("a %s message says who has begun it, and stays what it was", (encoding) => {
  const text = encodeQueueText(json, encoding);
  expect(readUnfinishedRuns(text)).toBeUndefined();

  const runs = [runOf("worker-1"), runOf("worker-2")];
  const noted = writeUnfinishedRuns(text, runs);

  expect(readUnfinishedRuns(noted)).toEqual(runs);
  const plain = encoding === "utf8" ? noted : Buffer.from(noted, "base64").toString("utf8");
  expect(parseMessageData(plain)).toEqual(parseMessageData(json));
});

it("a later note takes the place of an earlier one", () => {
  let text = encodeQueueText(json, "base64");
  for (const runs of [[runOf("a")], [runOf("a"), runOf("b")], []]) {
    text = writeUnfinishedRuns(text, runs);
    expect(readUnfinishedRuns(text)).toEqual(runs);
  }
});
