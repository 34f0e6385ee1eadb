import { describe, expect, it } from "vitest";
import {
  fromHistoryRow,
  sentinelRowKey,
  toHistoryRow,
} from "../../../../src/backends/azure-storage/codec/history-row.ts";
import { fromInstanceRow, toInstanceChangeRow } from "../../../../src/backends/azure-storage/codec/instance-row.ts";
import {
  decodeQueueText,
  encodeQueueText,
  formatLargeMessageWrapper,
  formatMessageData,
} from "../../../../src/backends/azure-storage/codec/message-data.ts";
import type { EdmValue, TableRow } from "../../../../src/backends/azure-storage/storage/table-row.ts";
import { HistorySummary } from "../../../../src/engine/history-summary.ts";
import { describeInstance } from "../../../../src/engine/instance-change.ts";
import {
  recordingCount,
  recordings,
  type Snapshot,
  snapshots,
  wholeText,
  withoutLaterColumns,
} from "../../../support/recordings.ts";

// What the genuine library has written: read, and written again as this package writes it.

const messages = recordings.flatMap(({ file, settings, messages: recorded }) =>
  recorded.flatMap(({ raw }, index) => {
    const text = wholeText(raw);
    const encoding = settings["encoding"] === "Base64" ? ("base64" as const) : ("utf8" as const);
    return text === undefined ? [] : [{ title: `${file} ${index}`, text, encoding }];
  }),
);

/** Ours are precise to the millisecond. */
const inMilliseconds = (text: string) =>
  text.replace(/(\d\d:\d\d:\d\d)(\.\d+)?(?=Z?\\*")/g, (_, time: string, fraction = "") => {
    return time + fraction.slice(0, 4).replace(/\.?0*$/, "");
  });

it("all recordings are here", () => {
  expect(recordingCount).toBe(54);
  expect(recordings).toHaveLength(50);
  expect(messages.length).toBeGreaterThan(240);
  expect(snapshots.length).toBeGreaterThan(70);
});

/**
 * Three things are not written as they were read. The sender of an entity's first batch has no execution: `null` there, the
 * empty text here. A start by an entity has no context there, an empty one here. U+FFFE has no form in XML: the service
 * refuses the message of the recording, and takes ours, which escapes it.
 */
const withoutQuirks = (json: string) =>
  inMilliseconds(json)
    .replace(/("Sender":\{"InstanceId":"@[^"]*","ExecutionId":)""/, "$1null")
    .replace(/("OrchestrationExecutionContext":)\{.*?\}\}(?=.*"Sender":\{"InstanceId":"@)/, "$1null")
    .replaceAll("\\ufffe", "\ufffe");

describe("messages", () => {
  it.each(messages)("$title is written as it was read", ({ text, encoding }) => {
    const queued = decodeQueueText(text);
    const json =
      queued.kind === "message" ? formatMessageData(queued.data) : formatLargeMessageWrapper(queued.blobName);
    const recorded = encoding === "base64" ? Buffer.from(text, "base64").toString("utf8") : text;

    expect(withoutQuirks(json)).toBe(withoutQuirks(recorded));
    // No digit is lost where there was none below the millisecond.
    if (!/\d\.\d{4}/.test(recorded) && withoutQuirks(json) === json) expect(encodeQueueText(json, encoding)).toBe(text);
  });
});

describe("rows of histories", () => {
  it.each(snapshots.filter(({ history }) => history.length > 0))("$title", ({ recording, history }) => {
    const storeTaskInputs = recording.file.startsWith("params-");
    for (const row of history) {
      // A rewind edits rows as they are stored: they are never written anew.
      if (columnsOf(row)["Reason"]?.startsWith("Rewound: ")) continue;
      const key = { ...row, executionId: columnsOf(row)["ExecutionId"]! };
      const written = toHistoryRow(fromHistoryRow(row), key, { storeTaskInputs });
      expect(comparable(written), row.rowKey).toEqual(comparable(row));
    }
  });
});

describe("rows of instances", () => {
  it.each(snapshots.filter(({ instance }) => instance !== undefined))("$title", (snapshot) => {
    const row = snapshot.instance!;
    const state = fromInstanceRow(row, {});
    const history = HistorySummary.of(snapshot.history.map(fromHistoryRow));
    const parent = history.started?.parentInstance?.orchestrationInstance.instanceId;

    expect(state.name).not.toBe("");
    expect(state.parentInstanceId).toBe(parent);
    if (history.started === undefined || isAhead(snapshot, history)) return;
    const { customStatus } = state;
    const change = describeInstance(state.executionId!, history, { customStatus, keepsCustomStatus: false });
    const { generation } = state;
    const started = change.started && { ...change.started, generation: change.started.generation ?? generation };
    const blobs = { input: stored(change.started?.input), output: stored(change.output) };
    const target = { partitionKey: row.partitionKey, taskHub: columnsOf(row)["TaskHubName"]! };
    const written = toInstanceChangeRow({ ...change, started }, target, blobs);
    // Times of the write, and what a merge leaves as it is.
    const ignored = ["LastUpdatedTime", "CompletedTime", "InputBlobName", "OutputBlobName", "ScheduledStartTime"];
    // Where a payload is in a blob, the text of the row says where.
    for (const column of ["Input", "Output"]) if (columnsOf(row)[column]?.startsWith("http")) ignored.push(column);
    // .NET leaves it out of the row of a child, which merges it.
    const columns = (each: TableRow) => {
      const kept = Object.entries(comparable(each)).filter(([name]) => !ignored.includes(name));
      return { Generation: 'Int32 "0"', ...Object.fromEntries(kept) };
    };
    expect(columns(written)).toEqual(columns(row));
  });
});

const stored = (text: string | undefined) => (text === undefined ? undefined : { text, blobName: undefined });

/** The row is of a later execution, or of a rewind that its history does not show yet. */
function isAhead({ instance, title }: Snapshot, { started }: HistorySummary): boolean {
  if (title.endsWith("just-rewound")) return true;
  return columnsOf(instance!)["ExecutionId"] !== started!.orchestrationInstance.executionId;
}

function columnsOf({ columns }: TableRow): Partial<Record<string, string>> {
  return Object.fromEntries([...columns].map(([name, { value }]) => [name, String(value)]));
}

/** In one order, times in milliseconds, and without whether the event was played, which nobody reads. */
function comparable(row: TableRow): Record<string, string> {
  const texts = [...row.columns].flatMap(([name, { type, value }]: [string, EdmValue]): [string, string][] => {
    if (name === "IsPlayed") return [];
    return [[name, inMilliseconds(`${type} "${value}"`)]];
  });
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

it("rows that lack the columns of later versions are read, and nothing stands for what they lack", () => {
  for (const { instance, history } of snapshots) {
    for (const row of history) {
      const event = fromHistoryRow(withoutLaterColumns(row));
      expect(event.type).toBe(fromHistoryRow(row).type);
      if (event.type === "ExecutionStarted") expect([event.tags, event.generation]).toEqual([undefined, undefined]);
      if (event.type === "TaskFailed") expect([event.reason !== "", event.failureDetails]).toEqual([true, undefined]);
    }
    if (instance === undefined) continue;
    const { name, tags, generation, parentInstanceId, completedTime } = fromInstanceRow(
      withoutLaterColumns(instance),
      {},
    );
    expect(name).toBe(fromInstanceRow(instance, {}).name);
    expect([tags, generation, parentInstanceId, completedTime]).toEqual([undefined, 0, undefined, undefined]);
  }
});

it("every row of a history has its place in it", () => {
  for (const { history, title } of snapshots) {
    for (const [index, { rowKey }] of history.entries()) {
      expect(rowKey, title).toBe(index.toString(16).toUpperCase().padStart(16, "0"));
      expect(rowKey).not.toBe(sentinelRowKey);
    }
  }
});
