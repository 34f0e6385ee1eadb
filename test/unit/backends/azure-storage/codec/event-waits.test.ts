import { describe, expect, it } from "vitest";
import { fromInstanceRow, toInstanceChangeRow } from "../../../../../src/backends/azure-storage/codec/instance-row.ts";
import { edm, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import type { EventWaits } from "../../../../../src/core/event-waits.ts";

const at = new Date("2026-05-01T10:00:00.123Z");

function rowOf(eventWaits: EventWaits | undefined): TableRow {
  const change = { executionId: "e 1", lastUpdatedTime: at, customStatus: undefined, eventWaits };
  return toInstanceChangeRow(change, { partitionKey: "i", taskHub: "hub" }, {});
}

function withColumn(row: TableRow, name: string, value: ReturnType<typeof edm.string>): TableRow {
  return { ...row, columns: new Map(row.columns).set(name, value) };
}

const waits: EventWaits = {
  awaited: [{ name: "Approval 1", since: at, count: 2 }],
  kept: [{ name: "Other", since: at, count: 1 }],
};

describe("the column of awaited events", () => {
  it("is read as it was written, and is not there where nothing is to be told", () => {
    expect(fromInstanceRow(rowOf(waits), {}).waitNote).toEqual({ events: waits, unwantedTasks: [] });
    expect([...rowOf(undefined).columns.keys()]).toEqual([
      "ExecutionId",
      "LastUpdatedTime",
      "TaskHubName",
      "CustomStatus",
    ]);
    expect(fromInstanceRow(rowOf(undefined), {})).not.toHaveProperty("waitNote");
  });

  it.each([
    ["LastUpdatedTime", edm.dateTime("2026-05-01T10:00:00.124Z")],
    ["ExecutionId", edm.string("e 2")],
    ["EventWaits", edm.string("e 1 1777629600123 {")],
    ["EventWaits", edm.string('e 1 1777629600123 {"awaited":{},"kept":[1,["a"],["a","b","c"]]}')],
    ["EventWaits", edm.string("")],
  ])("says nothing after a change by a worker that does not know it (%s)", (column, value) => {
    const note = fromInstanceRow(withColumn(rowOf(waits), column, value), {}).waitNote;

    expect(note?.events ?? { awaited: [], kept: [] }).toEqual({ awaited: [], kept: [] });
  });

  it("fits into a column, whatever the names are", () => {
    for (const name of ["\u0000".repeat(1000), "é".repeat(1000), "\ud83d", '"'.repeat(300), "a"]) {
      const many = Array.from({ length: 1000 }, () => ({ name, since: at, count: 1 }));
      const row = rowOf({ awaited: many, kept: many });

      expect(String(row.columns.get("EventWaits")?.value).length).toBeLessThan(20_000);
      expect(fromInstanceRow(row, {}).waitNote?.events?.awaited.length).toBeGreaterThan(5);
    }
  });
});
