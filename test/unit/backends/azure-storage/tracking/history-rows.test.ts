import { describe, expect, it } from "vitest";
import {
  checkpointName,
  fromHistoryRow,
  historyRowKey,
  type Sentinel,
  toHistoryRow,
  toSentinelRow,
} from "../../../../../src/backends/azure-storage/codec/history-row.ts";
import { edm, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import { splitBatches } from "../../../../../src/backends/azure-storage/tracking/history-batches.ts";
import { latestExecution } from "../../../../../src/backends/azure-storage/tracking/history-reader.ts";
import type { HistoryEvent } from "../../../../../src/core/history-event.ts";

const timestamp = new Date("2026-06-24T10:00:00.5Z");
const header = { eventId: -1, timestamp };
const failureDetails = {
  errorType: "TypeError",
  errorMessage: "no",
  stackTrace: undefined,
  innerFailure: undefined,
  isNonRetriable: false,
  properties: undefined,
};
const target = { instanceId: "i", executionId: "e" };

const events: HistoryEvent[] = [
  { type: "OrchestratorStarted", ...header },
  {
    type: "ExecutionStarted",
    ...header,
    orchestrationInstance: target,
    parentInstance: {
      name: "P",
      version: undefined,
      orchestrationInstance: { instanceId: "p", executionId: "pe" },
      taskScheduleId: 3,
    },
    name: "N",
    version: undefined,
    input: "1",
    tags: { a: "b" },
    correlation: undefined,
    parentTraceContext: {
      traceParent: "00-1",
      traceState: undefined,
      id: undefined,
      spanId: undefined,
      activityStartTime: timestamp,
    },
    scheduledStartTime: timestamp,
    generation: undefined,
    generateNewTrace: false,
  },
  { type: "TaskCompleted", ...header, taskScheduledId: 0, result: "2026-06-24T10:00:00Z" },
  { type: "TaskFailed", ...header, taskScheduledId: 1, reason: "r", details: undefined, failureDetails },
  { type: "SubOrchestrationInstanceCompleted", ...header, taskScheduledId: 2, result: undefined },
  {
    type: "SubOrchestrationInstanceFailed",
    ...header,
    taskScheduledId: 2,
    reason: "r",
    details: "d",
    failureDetails: undefined,
  },
  { type: "TimerCreated", ...header, eventId: 4, fireAt: timestamp },
  { type: "TimerFired", ...header, timerId: 4, fireAt: timestamp },
  { type: "EventSent", ...header, eventId: 5, instanceId: "x", name: "n", input: "{}" },
  { type: "EventRaised", ...header, name: "n", input: "null", parentTraceContext: undefined },
  { type: "ExecutionTerminated", ...header, input: "why" },
  { type: "ExecutionSuspended", ...header, reason: "why" },
  { type: "ExecutionResumed", ...header, reason: undefined },
  { type: "GenericEvent", ...header, data: "d" },
  { type: "ContinueAsNew", ...header, orchestrationStatus: "ContinuedAsNew", result: "1", failureDetails: undefined },
  { type: "ExecutionCompleted", ...header, eventId: 6, orchestrationStatus: "Failed", result: "r", failureDetails },
  { type: "OrchestratorCompleted", ...header },
];
const key = { partitionKey: "i", rowKey: historyRowKey(10), executionId: "e" };

describe("history rows", () => {
  it.each(events.map((event) => [event.type, event] as const))("keep %s", (_, event) => {
    expect(fromHistoryRow(toHistoryRow(event, key, { storeTaskInputs: false }))).toEqual(event);
  });

  it("keep the inputs of tasks when told to", () => {
    const event: HistoryEvent = {
      type: "TaskScheduled",
      ...header,
      name: "A",
      version: undefined,
      input: "[1]",
      parentTraceContext: undefined,
      tags: undefined,
    };
    expect(toHistoryRow(event, key, { storeTaskInputs: false }).columns.has("Input")).toBe(false);
    expect(fromHistoryRow(toHistoryRow(event, key, { storeTaskInputs: true }))).toEqual(event);
  });

  it("are numbered in upper-case hex", () => {
    expect([0, 10, 255].map(historyRowKey)).toEqual(["0000000000000000", "000000000000000A", "00000000000000FF"]);
  });

  it("write what is absent as the format does, and a text like a date as a text", () => {
    const columns = toHistoryRow(events[2]!, key, { storeTaskInputs: false }).columns;
    expect(columns.get("Result")).toEqual({ type: "String", value: "2026-06-24T10:00:00Z" });
    const failed = toHistoryRow(events[5]!, key, { storeTaskInputs: false }).columns;
    expect(failed.get("FailureDetails")).toEqual({ type: "String", value: "null" });
    const resumed = toHistoryRow(events[12]!, key, { storeTaskInputs: false }).columns;
    expect(resumed.has("Reason")).toBe(false);
  });

  it.each([
    ["an unknown type", [["EventType", edm.string("Later")]]],
    ["an inherited name as type", [["EventType", edm.string("toString")]]],
    [
      "broken JSON",
      [
        ["EventType", edm.string("TaskFailed")],
        ["FailureDetails", edm.string("{")],
      ],
    ],
    ["no name", [["EventType", edm.string("TaskScheduled")]]],
  ] as const)("are corrupt with %s", (_, columns) => {
    const row = { partitionKey: "i", rowKey: "0", columns: new Map(columns) };
    expect(() => fromHistoryRow(row)).toThrow(expect.objectContaining({ code: "CorruptData" }));
  });
});

function rows(...types: [string, string][]): TableRow[] {
  return types.map(([EventType, ExecutionId], index) => ({
    partitionKey: "i",
    rowKey: historyRowKey(index),
    columns: new Map([
      ["EventType", edm.string(EventType)],
      ["ExecutionId", edm.string(ExecutionId)],
    ]),
  }));
}
function sentinel(change: Partial<Sentinel>): TableRow {
  const base = {
    executionId: "e",
    isCheckpointComplete: true,
    completedTimestamp: undefined,
    startedWithoutMessage: false,
    eventCount: undefined,
    acceptedMessageIds: [],
  };
  return { ...toSentinelRow("i", { ...base, ...change }), etag: "v" };
}
const os = (execution = "e"): [string, string] => ["OrchestratorStarted", execution];
const oc = (execution = "e"): [string, string] => ["OrchestratorCompleted", execution];

describe("the latest execution", () => {
  it.each([
    ["is all rows", [...rows(os(), oc()), sentinel({})], 2],
    ["ends where rows of an older one begin", [...rows(os(), oc(), os("old")), sentinel({})], 2],
    ["is empty when a sentinel is all there is", [sentinel({})], 0],
    [
      "lacks what an unfinished checkpoint wrote",
      [...rows(os(), oc(), os()), sentinel({ isCheckpointComplete: false })],
      2,
    ],
    [
      "is empty after an unfinished first checkpoint",
      [...rows(os(), os()), sentinel({ isCheckpointComplete: false })],
      0,
    ],
    [
      "keeps an unfinished first checkpoint that no message would repeat",
      [...rows(os(), os()), sentinel({ isCheckpointComplete: false, startedWithoutMessage: true })],
      2,
    ],
    [
      "lacks what an earlier unfinished checkpoint left behind a complete one",
      [
        ...rows(os(), oc(), os(), os()),
        sentinel({ eventCount: 2, completedTimestamp: "2026-06-24T10:00:00.1230000Z" }),
      ],
      2,
    ],
  ] as const)("%s", (_, all, length) => {
    expect(latestExecution(all)).toMatchObject({ items: { length }, executionId: "e" });
  });

  it("is nothing without a sentinel, which a purge deletes first", () => {
    expect(latestExecution(rows(os(), oc()))).toMatchObject({
      items: [],
      executionId: undefined,
      historyVersion: undefined,
    });
  });

  it("trusts a count only for the checkpoint that it was written with", () => {
    const row = sentinel({ eventCount: 1, completedTimestamp: "2026-06-24T10:00:00.123Z" });
    const columns = new Map(row.columns).set("CheckpointCompletedTimestamp", edm.dateTime("2026-06-24T10:00:09Z"));
    expect(latestExecution([...rows(os(), oc()), { ...row, columns }])).toMatchObject({ items: { length: 2 } });
  });

  it("is unknown when rows and sentinel are of different times", () => {
    expect(latestExecution([...rows(os("new"), oc("new")), sentinel({})])).toBeUndefined();
  });

  it("names a checkpoint alike however its time is written", () => {
    expect(checkpointName("e", "2026-06-24T10:00:00.1200000Z")).toBe(checkpointName("e", "2026-06-24T10:00:00.12Z"));
    expect(checkpointName("e", "2026-06-24T10:00:00.0000000Z")).toBe(checkpointName("e", "2026-06-24T10:00:00Z"));
  });
});

describe("batches", () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [99, [99]],
    [100, [99, 1]],
    [250, [99, 99, 52]],
  ])("of %i rows", (count, sizes) => {
    expect(splitBatches(rows(...Array.from({ length: count }, () => os()))).map(({ length }) => length)).toEqual(sizes);
  });

  it("stay below the size of a request", () => {
    const large = rows(os(), os(), os()).map((row) => ({
      ...row,
      columns: new Map([["Data", edm.string("x".repeat(500_000))]]),
    }));
    expect(splitBatches(large).map(({ length }) => length)).toEqual([2, 1]);
  });
});
