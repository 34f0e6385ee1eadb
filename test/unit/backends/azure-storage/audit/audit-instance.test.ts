import { expect, it } from "vitest";
import { auditInstance } from "../../../../../src/backends/azure-storage/audit/audit-instance.ts";
import {
  historyRowKey,
  toHistoryRow,
  toSentinelRow,
} from "../../../../../src/backends/azure-storage/codec/history-row.ts";
import { toInstanceChangeRow } from "../../../../../src/backends/azure-storage/codec/instance-row.ts";
import { edm, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import type { HistoryEvent } from "../../../../../src/core/history-event.ts";
import type { InstanceChange } from "../../../../../src/engine/backend.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  executionStarted,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../../../src/testing/history-builder.ts";
import { ended } from "../../../../../src/testing/work-items.ts";

const execution = { instanceId: "i", executionId: "e" };
const start = executionStarted("Test", execution);
const first: readonly HistoryEvent[] = [episodeStarted(), start, taskScheduled(0, "Work"), episodeCompleted()];
const second: readonly HistoryEvent[] = [episodeStarted(), taskCompleted(0, "done"), ended(), episodeCompleted()];
const sound = [...first, ...second];

function rowsOf(events: readonly HistoryEvent[], sentinel: object = {}): TableRow[] {
  const rows = events.map((event, index) =>
    toHistoryRow(
      event,
      { partitionKey: "i", rowKey: historyRowKey(index), executionId: "e" },
      { storeTaskInputs: false },
    ),
  );
  const fence = {
    executionId: "e",
    isCheckpointComplete: true,
    completedTimestamp: at(9).toISOString(),
    part: undefined,
    startedWithoutMessage: false,
    eventCount: events.length,
    acceptedMessageIds: [],
    ...sentinel,
  };
  return [...rows, toSentinelRow("i", fence)];
}

function rowOf(change: Partial<InstanceChange> = {}, columns: Record<string, string> = {}): TableRow {
  const row = toInstanceChangeRow(
    {
      executionId: "e",
      lastUpdatedTime: at(2),
      customStatus: undefined,
      runtimeStatus: "Completed",
      completedTime: ended().timestamp,
      started: {
        name: "Test",
        version: undefined,
        input: undefined,
        createdTime: start.timestamp,
        tags: undefined,
        generation: undefined,
        scheduledStartTime: undefined,
      },
      ...change,
    },
    { partitionKey: "i", taskHub: "Hub" },
    {},
  );
  const changed = Object.entries(columns).map(([name, value]) => [name, edm.string(value)] as const);
  return { ...row, columns: new Map([...row.columns, ...changed]) };
}

const running = rowOf({ runtimeStatus: "Running", completedTime: undefined });
const rulesOf = (row: TableRow | undefined, history: readonly TableRow[]) =>
  auditInstance({ instanceId: "i", row, history }).findings.map(({ rule }) => rule);

it.each<[string, TableRow | undefined, readonly TableRow[]]>([
  ["has ended", rowOf(), rowsOf(sound)],
  ["runs", running, rowsOf(first)],
  ["is suspended", rowOf({ runtimeStatus: "Suspended", completedTime: undefined }), rowsOf(first)],
  ["has not begun", rowOf({ runtimeStatus: "Pending", completedTime: undefined }), []],
  ["was terminated before it began", rowOf({ runtimeStatus: "Terminated" }), []],
  ["is gone", undefined, []],
  [
    "has rows behind its end, of a checkpoint that was repeated shorter",
    rowOf(),
    [...rowsOf([...sound, episodeStarted()]).slice(0, -1), rowsOf(sound).at(-1)!],
  ],
])("an instance that %s is in order", (_, row, history) => {
  expect(rulesOf(row, history)).toEqual([]);
});

it.each<[string, string, TableRow | undefined, readonly TableRow[]]>([
  [
    "AnswerRepeated",
    "two answers",
    rowOf(),
    rowsOf([...first, ...second.slice(0, 2), taskCompleted(0, "done"), ended()]),
  ],
  ["AnswerRepeated", "two different answers", rowOf(), rowsOf([...first, episodeStarted(), taskFailed(0), ...second])],
  [
    "AnswerRepeated",
    "a timer that fired twice",
    running,
    rowsOf([
      episodeStarted(),
      start,
      timerCreated(0, at(5)),
      episodeCompleted(),
      episodeStarted(),
      timerFired(0, at(5)),
      timerFired(0, at(5)),
      episodeCompleted(),
    ]),
  ],
  ["AnswerUnasked", "an answer to nothing", running, rowsOf([...first, episodeStarted(), taskCompleted(7, "done")])],
  ["EndWrong", "two ends", rowOf(), rowsOf([...sound, ended()])],
  ["EndWrong", "more after its end", rowOf(), rowsOf([...sound, episodeStarted()])],
  ["StartWrong", "two starts", running, rowsOf([...first, start])],
  ["StartWrong", "no start", rowOf({}, { Name: "undefined" }), rowsOf([episodeStarted()])],
  ["HistoryGap", "a row missing", rowOf(), rowsOf(sound).toSpliced(4, 1)],
  [
    "CheckpointUnfinished",
    "half a checkpoint",
    running,
    rowsOf(first, {
      isCheckpointComplete: false,
      completedTimestamp: undefined,
      part: "p",
    }),
  ],
  ["RowMissing", "no row", undefined, rowsOf(sound)],
  ["RowDiffers", "a row that says that it runs", rowOf({ runtimeStatus: "Running" }), rowsOf(sound)],
  ["RowDiffers", "a row that says that it has ended", rowOf(), rowsOf(first)],
  ["RowDiffers", "a row of another execution", rowOf({ executionId: "e0" }), rowsOf(sound)],
  ["RowDiffers", "a row without the time of its end", rowOf({ completedTime: undefined }), rowsOf(sound)],
  [
    "RowDiffers",
    "a row with another time of its creation",
    rowOf({}, { CreatedTime: "2020-01-01T00:00:00Z" }),
    rowsOf(sound),
  ],
  ["RowDiffers", "a row with another name", rowOf({}, { Name: "Other" }), rowsOf(sound)],
  ["HistoryMissing", "a row that says that it runs, and no history", running, []],
])("%s: an instance with %s", (rule, _, row, history) => {
  expect(rulesOf(row, history)).toContain(rule);
});

it("what is asked and not answered is told of an instance that runs", () => {
  const events = [...first.slice(0, 3), timerCreated(1, at(5)), episodeCompleted()];
  const answered = [...events, episodeStarted(), timerFired(1, at(5)), episodeCompleted()];

  const open = auditInstance({ instanceId: "i", row: running, history: rowsOf(answered) }).openQuestions;

  expect(open.map(({ eventId, type }) => [eventId, type])).toEqual([[0, "TaskScheduled"]]);
});
