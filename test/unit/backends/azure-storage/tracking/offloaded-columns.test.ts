import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { offloadableColumns } from "../../../../../src/backends/azure-storage/codec/history-row.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { edm, readString, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import {
  maxColumnUnits,
  offloadRows,
  restoreRows,
} from "../../../../../src/backends/azure-storage/tracking/history-offload.ts";
import { InstancesTable } from "../../../../../src/backends/azure-storage/tracking/instances-table.ts";
import { LargePayloads } from "../../../../../src/backends/azure-storage/tracking/large-payloads.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

/** Every column that .NET moves to a blob, in both directions. */

function openStorage(row?: TableRow) {
  const blobs = new Map<string, Buffer>();
  const deleted: string[] = [];
  let refused: string | undefined;
  const storage = new StorageClient(async (request) => {
    switch (request.kind) {
      case "blob.put":
        if (request.blob.includes(refused ?? "\0")) return { outcome: "conflict", errorCode: "BlobArchived" };
        blobs.set(request.blob, Buffer.from(request.content));
        return { outcome: "done", value: undefined };
      case "blob.get": {
        const content = blobs.get(request.blob);
        if (content === undefined) return { outcome: "notFound", errorCode: "BlobNotFound" };
        return { outcome: "done", value: content };
      }
      case "blob.delete":
        deleted.push(request.blob);
        return { outcome: "done", value: undefined };
      case "table.get":
        return row === undefined
          ? { outcome: "notFound", errorCode: "ResourceNotFound" }
          : { outcome: "done", value: row };
      default:
        throw new Error(request.kind);
    }
  });
  const payloads = new LargePayloads({ storage, container: "hub-largemessages", blobEndpoint: "http://h/acc" });
  return {
    storage,
    payloads,
    blobs,
    deleted,
    refuse: (part: string) => {
      refused = part;
    },
  };
}

const random = { guid: () => "guid", number: () => 0.5 };
const long = (column: string) => `${column}:${"ü".repeat(maxColumnUnits)}`;

function rowOf(columns: Readonly<Record<string, string>>): TableRow {
  const values = Object.entries(columns).map(([name, text]) => [name, edm.string(text)] as const);
  return { partitionKey: "i", rowKey: "0000000000000007", columns: new Map(values) };
}

it.each(offloadableColumns)("a long %s lies in a blob as .NET names and packs it, and comes back", async (column) => {
  const { payloads, blobs } = openStorage();
  const row = rowOf({ EventType: "TaskFailed", [column]: long(column), Version: "1" });
  const { rows } = await offloadRows([row], payloads, random);
  const name = `i/history-0000000000000007-TaskFailed-80000000-${column}.json.gz`;
  expect(readString(rows[0]!, column)).toBe("");
  expect(readString(rows[0]!, `${column}BlobName`)).toBe(name);
  expect(gunzipSync(blobs.get(name)!).toString("utf8")).toBe(long(column));
  const [restored] = await restoreRows(rows, payloads);
  expect(readString(restored!, column)).toBe(long(column));
});

it("a text as long as a column takes stays there", async () => {
  const { payloads, blobs } = openStorage();
  const row = rowOf({ EventType: "TaskCompleted", Result: "x".repeat(maxColumnUnits) });
  expect((await offloadRows([row], payloads, random)).rows).toEqual([row]);
  expect(blobs.size).toBe(0);
});

it("a text that stands in several rows is one blob", async () => {
  const { payloads, blobs } = openStorage();
  const rows = Array.from({ length: 50 }, (_, index) => ({
    ...rowOf({ EventType: "TaskScheduled", Input: long("Input"), Tags: long(`Tags${index % 2}`) }),
    rowKey: String(index),
  }));
  const offloaded = await offloadRows(rows, payloads, random);
  expect(blobs.size).toBe(3);
  const restored = await restoreRows(offloaded.rows, payloads);
  expect(restored.map((row) => readString(row, "Tags"))).toEqual(rows.map((row) => readString(row, "Tags")));
});

it("nothing stays behind when one of the blobs cannot be written", async () => {
  const { payloads, deleted, refuse } = openStorage();
  refuse("-Output");
  const row = rowOf({ EventType: "TaskCompleted", Result: long("Result"), Output: long("Output") });
  await expect(offloadRows([row], payloads, random)).rejects.toMatchObject({ code: "StorageRejected" });
  await payloads.idle();
  expect(deleted.map((name) => name.split("-").at(-1)).sort()).toEqual(["Output.json.gz", "Result.json.gz"]);
});

it.each(["Input", "Output"] as const)("the %s of an instance is read as a .NET client leaves it", async (column) => {
  const name = `i/history--${column}-0A1B2C3D-${column}.json.gz`;
  const row = { ...rowOf({ Name: "N", [column]: "", [`${column}BlobName`]: name }), rowKey: "" };
  const { storage, payloads, blobs } = openStorage(row);
  blobs.set(name, gzipSync(long(column)));
  const options = { storage, payloads, table: "HubInstances", taskHub: "Hub", clock: new SteppedClock(), random };
  const state = await new InstancesTable(options).read("i", { fetchInput: true });
  expect(state?.[column === "Input" ? "input" : "output"]).toBe(long(column));
});

it("long tags of an instance are read as a .NET client leaves them", async () => {
  const name = "i/history--Tags-0A1B2C3D-Tags.json.gz";
  const row = { ...rowOf({ Name: "N", Tags: "", TagsBlobName: name }), rowKey: "" };
  const { storage, payloads, blobs } = openStorage(row);
  blobs.set(name, gzipSync(JSON.stringify({ a: long("a") })));
  const options = { storage, payloads, table: "HubInstances", taskHub: "Hub", clock: new SteppedClock(), random };
  expect((await new InstancesTable(options).read("i", { fetchInput: false }))?.tags).toEqual({ a: long("a") });
});
