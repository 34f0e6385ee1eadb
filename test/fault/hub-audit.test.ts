import { expect, it } from "vitest";
import { type ExpectedInstance, judgeHub } from "../support/hub-audit.ts";
import type { HubSnapshot, StoredRow } from "../support/hub-snapshot.ts";

/** The auditor sees what it is there to see. */
const beganAt = new Date("2026-11-01T10:00:00.000Z");
const endedAt = new Date("2026-11-01T10:00:01.000Z");

const expected: readonly ExpectedInstance[] = [
  { id: "root", name: "chain", status: "Completed", input: "1", output: "4", customStatus: '"done"' },
];

function historyOf(changes: readonly Partial<StoredRow>[] = []): StoredRow[] {
  const events = [
    { EventType: "OrchestratorStarted" },
    { EventType: "ExecutionStarted", Name: "chain", Input: "1" },
    { EventType: "TaskScheduled", EventId: 0 },
    { EventType: "OrchestratorCompleted" },
    { EventType: "OrchestratorStarted", _Timestamp: endedAt },
    { EventType: "TaskCompleted", TaskScheduledId: 0, _Timestamp: endedAt },
    { EventType: "ExecutionCompleted", OrchestrationStatus: "Completed", Result: "4", _Timestamp: endedAt },
    { EventType: "OrchestratorCompleted", _Timestamp: endedAt },
  ];
  const rows = events.map((event, index): StoredRow => {
    const rowKey = index.toString(16).toUpperCase().padStart(16, "0");
    return { partitionKey: "root", rowKey, ExecutionId: "e1", _Timestamp: beganAt, ...event, ...changes[index] };
  });
  return [...rows, { partitionKey: "root", rowKey: "sentinel", ExecutionId: "e1", IsCheckpointComplete: true }];
}

const soundRow: StoredRow = {
  partitionKey: "root",
  rowKey: "",
  ExecutionId: "e1",
  Name: "chain",
  Input: "1",
  Output: "4",
  RuntimeStatus: "Completed",
  CustomStatus: '"done"',
  CreatedTime: beganAt,
  CompletedTime: endedAt,
};

function hubOf(change: Partial<HubSnapshot> = {}): HubSnapshot {
  return {
    rows: new Map([["root", soundRow]]),
    histories: new Map([["root", historyOf()]]),
    visibleMessages: [],
    messageCounts: new Map(),
    blobs: ["root/message-1-TaskCompleted.json.gz"],
    missingBlobs: [],
    ...change,
  };
}

function withRow(columns: Readonly<Record<string, unknown>>): Partial<HubSnapshot> {
  return { rows: new Map([["root", { ...soundRow, ...columns } as StoredRow]]) };
}

function withHistory(history: readonly StoredRow[]): Partial<HubSnapshot> {
  return { histories: new Map([["root", history]]) };
}

it("finds nothing wrong with a hub in order", () => {
  expect(judgeHub(hubOf(), expected)).toEqual({ violations: [], repeatedAnswers: [] });
});

it.each<[string, Partial<HubSnapshot>, string]>([
  ["no row", { rows: new Map() }, "root: has no row"],
  ["no history", withHistory([]), "root: has no history"],
  ["a row that is behind", withRow({ RuntimeStatus: "Running" }), "root: row: RuntimeStatus is Running, not Completed"],
  ["a row of another execution", withRow({ ExecutionId: "e0" }), "root: row: ExecutionId is e0, not e1"],
  ["a row without its output", withRow({ Output: undefined }), "root: row: Output is undefined, not 4"],
  ["a lost custom status", withRow({ CustomStatus: "null" }), 'root: row: CustomStatus is undefined, not "done"'],
  [
    "a row without the time of its end",
    withRow({ CompletedTime: undefined }),
    "root: row: CompletedTime is undefined, not 2026-11-01T10:00:01.000Z",
  ],
  ["another input", withRow({ Input: "2" }), "root: row: Input is 2, not 1"],
  ["two ends", withHistory(historyOf([{}, {}, {}, {}, {}, { EventType: "ExecutionCompleted" }])), "the number of ends"],
  ["a gap", withHistory(historyOf().toSpliced(2, 1)), "history: row 2 has the key 0000000000000003"],
  ["no end", withHistory(historyOf().toSpliced(6, 1)), "history: the number of ends is 0, not 1"],
  [
    "another instance",
    { rows: new Map([...hubOf().rows, ["stranger", soundRow]]) },
    "stranger: is there, and nobody expects it",
  ],
  [
    "a message left",
    { messageCounts: new Map([["q", 1]]), visibleMessages: ["TimerFired(0) to root"] },
    "1 messages are left, of which can be received: TimerFired(0) to root",
  ],
  ["a message put aside", { blobs: ["quarantine/q/1.json"] }, "put aside: quarantine/q/1.json"],
  ["what a purge has left", { blobs: ["purged/x.json.gz"] }, "purged: is there, and nobody expects it"],
  ["a blob that is gone", { missingBlobs: ["root/x.json.gz"] }, "missing: root/x.json.gz"],
])("sees %s", (_, change, violation) => {
  expect(judgeHub(hubOf(change), expected).violations.join("\n")).toContain(violation);
});

it("counts answers that stand in history twice apart from what is wrong", () => {
  const repeated = historyOf([{}, {}, {}, { EventType: "TaskCompleted", TaskScheduledId: 0 }]);

  expect(judgeHub(hubOf(withHistory(repeated)), expected)).toEqual({
    violations: [],
    repeatedAnswers: ["root: 0 has TaskCompleted and TaskCompleted"],
  });
});
