import { expect, it } from "vitest";
import { fromEntity, toEntity } from "../../../../../src/backends/azure-storage/storage/table-entity.ts";
import { edm, readDate } from "../../../../../src/backends/azure-storage/storage/table-row.ts";

it("a selected column that the row lacks is absent, in whichever form the service answers it", () => {
  const { columns } = fromEntity({
    partitionKey: "p",
    rowKey: "r",
    Output: null,
    CustomStatus: { type: "String", value: null },
    CompletedTime: { type: "DateTime" },
    Name: { type: "String", value: "null" },
  });
  expect([...columns]).toEqual([["Name", { type: "String", value: "null" }]]);
});

it.each([
  ["0001-01-01T00:00:00Z", "1601-01-01T00:00:00.000Z"],
  ["1600-12-31T23:59:59.9999999Z", "1601-01-01T00:00:00.000Z"],
  ["-271821-04-20T00:00:00Z", "1601-01-01T00:00:00.000Z"],
  ["1601-01-01T00:00:00Z", "1601-01-01T00:00:00Z"],
  ["2026-06-24T10:00:00.1234567Z", "2026-06-24T10:00:00.1234567Z"],
  ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"],
  ["+010000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"],
])("the date %s is written as %s, which a table can hold", (date, written) => {
  expect(edm.dateTime(date)).toEqual({ type: "DateTime", value: written });
});

it("keys, tag and metadata are no columns", () => {
  const row = fromEntity({ "odata.metadata": "m", partitionKey: "p", rowKey: "r", etag: "e", timestamp: "t" });
  expect(row).toEqual({ partitionKey: "p", rowKey: "r", etag: "e", columns: new Map() });
});

it("columns keep their types both ways, numbers and booleans from the texts that the SDK makes of them", () => {
  const columns = new Map([
    ["A", edm.string("")],
    ["B", edm.int32(-7)],
    ["C", edm.boolean(false)],
    ["D", edm.dateTime("2026-01-01T00:00:00.1234567Z")],
  ]);
  expect(fromEntity(toEntity({ partitionKey: "p", rowKey: "", columns })).columns).toEqual(columns);
  const texts = { B: { type: "Int32", value: "-7" }, C: { type: "Boolean", value: "true" } };
  expect([...fromEntity(texts).columns.values()]).toEqual([edm.int32(-7), edm.boolean(true)]);
});

it.each([
  ["2026-11-26T10:23:08.0591285", "2026-11-26T10:23:08.059Z"],
  ["2026-11-26T10:23:08.0591285Z", "2026-11-26T10:23:08.059Z"],
  ["2026-11-26T10:23:08", "2026-11-26T10:23:08.000Z"],
  ["2026-11-26T12:23:08+02:00", "2026-11-26T10:23:08.000Z"],
])("the time %s is read in UTC, wherever that is", (text, read) => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "Asia/Tokyo";
  try {
    const row = { partitionKey: "p", rowKey: "", columns: new Map([["At", edm.string(text)]]) };
    expect(readDate(row, "At")?.toISOString()).toBe(read);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});
