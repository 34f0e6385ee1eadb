import { expect, it } from "vitest";
import {
  historyRowKey,
  type Sentinel,
  sentinelRowKey,
  toSentinelRow,
} from "../../../../../src/backends/azure-storage/codec/history-row.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { edm, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import { readStoredHistory } from "../../../../../src/backends/azure-storage/tracking/history-reader.ts";

/** Rows of one instance: so many of each execution, in their order, under keys that go on. */
function rowsOf(executions: Readonly<Record<string, number>>, eventType = "EventRaised"): TableRow[] {
  const rows: TableRow[] = [];
  for (const [executionId, count] of Object.entries(executions)) {
    for (let index = 0; index < count; index++) {
      const columns = new Map([
        ["ExecutionId", edm.string(executionId)],
        ["EventType", edm.string(eventType)],
      ]);
      rows.push({ partitionKey: "i", rowKey: historyRowKey(rows.length), columns });
    }
  }
  return rows;
}

function sentinelOf(change: Partial<Sentinel>, etag = "v1"): TableRow {
  const sentinel = { isCheckpointComplete: true, completedTimestamp: "2026-06-24T10:00:00.1234567Z", ...change };
  const row = toSentinelRow("i", {
    executionId: "e",
    eventCount: undefined,
    startedWithoutMessage: false,
    acceptedMessageIds: [],
    ...sentinel,
  });
  return { ...row, etag };
}

/** A table with pages of a thousand rows. */
function openTable(rows: TableRow[], sentinel: TableRow) {
  const asked: string[] = [];
  let stored = sentinel;
  const storage = new StorageClient(async (request) => {
    asked.push(request.kind);
    if (request.kind === "table.get") return { outcome: "done", value: stored };
    if (request.kind !== "table.query") throw new Error(request.kind);
    const start = Number(request.continuationToken ?? 0);
    const all = [...rows, stored];
    const isLast = start + 1000 >= all.length;
    const continuationToken = isLast ? undefined : String(start + 1000);
    return { outcome: "done", value: { rows: all.slice(start, start + 1000), continuationToken } };
  });
  const converted: number[] = [];
  const read = () =>
    readStoredHistory({ storage, table: "T", partitionKey: "i" }, async (page) => {
      converted.push(page.length);
      return page.map(({ rowKey }) => rowKey);
    });
  return {
    read,
    asked,
    converted,
    replace: (row: TableRow) => {
      stored = row;
    },
  };
}

it("a long history is converted page by page, and never held as rows", async () => {
  const { read, asked, converted } = openTable(rowsOf({ e: 100_000 }), sentinelOf({ eventCount: 100_000 }));
  const { items, executionId, historyVersion } = await read();
  expect(items).toHaveLength(100_000);
  expect(items.at(-1)).toBe(historyRowKey(99_999));
  expect({ executionId, historyVersion }).toEqual({ executionId: "e", historyVersion: "v1" });
  expect(Math.max(...converted)).toBe(1000);
  // One for each page, and the sentinel before and after.
  expect(asked.length).toBe(101 + 2);
});

it("a history of one page is one request", async () => {
  const { read, asked } = openTable(rowsOf({ e: 999 }), sentinelOf({ eventCount: 999 }));
  expect((await read()).items).toHaveLength(999);
  expect(asked).toEqual(["table.query"]);
});

it("what a longer execution has left behind is not read", async () => {
  const { read, asked } = openTable(rowsOf({ e: 1500, old: 50_000 }), sentinelOf({ eventCount: 1500 }));
  expect((await read()).items).toHaveLength(1500);
  expect(asked.filter((kind) => kind === "table.query")).toHaveLength(2);
});

it.each([
  ["behind a count", rowsOf({ e: 3000 }), sentinelOf({ eventCount: 2400, isCheckpointComplete: true }), 2400],
  ["without a count", rowsOf({ e: 3000 }), sentinelOf({}), 3000],
  [
    "of an unfinished checkpoint of another kind of worker",
    [...rowsOf({ e: 1200 }, "OrchestratorCompleted"), ...rowsOf({ e: 1800 }).slice(1200)],
    sentinelOf({ isCheckpointComplete: false }),
    1200,
  ],
])("the rows that count are read: %s", async (_, rows, sentinel, count) => {
  expect((await openTable(rows, sentinel).read()).items).toHaveLength(count); // T2
});

it("is read again when it was replaced meanwhile", async () => {
  const table = openTable(rowsOf({ e: 2500 }), sentinelOf({ eventCount: 2500 }));
  const pushed = table.asked.push.bind(table.asked);
  let pages = 0;
  table.asked.push = (kind) => {
    if (kind === "table.query" && ++pages === 2) table.replace(sentinelOf({ eventCount: 2400 }, "v2"));
    return pushed(kind);
  };
  const { items, historyVersion } = await table.read();
  expect({ length: items.length, historyVersion }).toEqual({ length: 2400, historyVersion: "v2" });
  expect(table.asked.filter((kind) => kind === "table.query").length).toBeGreaterThan(3);
});

it("rows without a sentinel are nobody's history", async () => {
  const rows = rowsOf({ e: 2500 });
  const storage = new StorageClient(async (request) => {
    if (request.kind !== "table.query") return { outcome: "notFound", errorCode: "ResourceNotFound" };
    const start = Number(request.continuationToken ?? 0);
    const continuationToken = start + 1000 >= rows.length ? undefined : String(start + 1000);
    return { outcome: "done", value: { rows: rows.slice(start, start + 1000), continuationToken } };
  });
  const place = { storage, table: "T", partitionKey: "i" };
  const stored = await readStoredHistory(place, async (page) => page);
  expect(stored).toMatchObject({ items: [], historyVersion: undefined });
  expect(rows.some(({ rowKey }) => rowKey === sentinelRowKey)).toBe(false);
});
