import { expect, it } from "vitest";
import type { StorageRequest } from "../../../src/backends/azure-storage/storage/storage-request.ts";
import { type EdmValue, edm, type TableRow } from "../../../src/backends/azure-storage/storage/table-row.ts";
import { violationsOf } from "../../../src/testing/azure-storage-rules.ts";

const row = (columns: Readonly<Record<string, EdmValue>> = {}, keys: Partial<TableRow> = {}): TableRow => ({
  partitionKey: "p",
  rowKey: "r",
  ...keys,
  columns: new Map(Object.entries(columns)),
});
const insert = (...args: Parameters<typeof row>): StorageRequest => ({
  kind: "table.insert",
  table: "HubHistory",
  row: row(...args),
});
const batch = (rows: readonly TableRow[]): StorageRequest => ({
  kind: "table.batch",
  table: "HubHistory",
  writes: rows.map((row) => ({ write: "upsert", mode: "replace", row })),
});
const query = (filter: string): StorageRequest => ({ kind: "table.query", table: "HubInstances", filter });
const send = (text: string, visibilityDelayMs = 0): StorageRequest => ({
  kind: "queue.send",
  queue: "hub-control-00",
  text,
  visibilityDelayMs,
});
const put = (blob: string): StorageRequest => ({
  kind: "blob.put",
  container: "hub-largemessages",
  blob,
  content: Buffer.from(""),
});
const list = (...blockIds: string[]): StorageRequest => ({
  kind: "blob.putBlockList",
  container: "hub-largemessages",
  blob: "b",
  blockIds,
});
const many = (count: number, of: (index: number) => TableRow) => Array.from({ length: count }, (_, index) => of(index));
const comparisons = (count: number) => Array(count).fill("A eq 'b eq c'").join(" or ");

const leaseId = "1312a8a6-0000-0000-0000-000000000000";

it.each<[string, StorageRequest]>([
  ["a row", insert({ A: edm.string("x".repeat(32_768)), B: edm.int32(-1), C: edm.dateTime("2026-01-01T00:00:00Z") })],
  ["long keys", insert({}, { partitionKey: "p".repeat(512), rowKey: "" })],
  ["the first and the last date", insert({ A: date("1601-01-01T00:00:00Z"), B: date("9999-12-31T23:59:59.9999999Z") })],
  ["a hundred rows", batch(many(100, (index) => row({}, { rowKey: `${index}` })))],
  ["a filter of 15 comparisons, whatever texts they hold", query(comparisons(15))],
  ["a long message", send("x".repeat(65_536))],
  ["a message hidden for a week", send("x", 604_800_000)],
  ["a blob", put("instance/message-1.json.gz")],
  ["a blob of blocks", list("MDAx", "MDAy")],
])("the service takes %s", (_, request) => {
  expect(violationsOf(request)).toEqual([]);
});

it.each<[string, StorageRequest, string]>([
  ["blocks with ids of several lengths", list("MDAx", "MDAyMDAy"), "block ids of several lengths"],
  ["a block whose id is no Base64", list("a-b"), "block id a-b"],
  ["a blob of no blocks", list(), "list of 0 blocks"],
  ["a table name with a dash", { kind: "table.create", table: "my-hub" }, "table name my-hub"],
  ["a long key", insert({}, { rowKey: "r".repeat(513) }), "RowKey of 513 units"],
  ["a key with a slash", insert({}, { partitionKey: "a/b" }), "PartitionKey with a forbidden character"],
  ["a key with a control character", insert({}, { rowKey: "\u0085" }), "RowKey with a forbidden character"],
  ["a long text", insert({ A: edm.string("x".repeat(32_769)) }), "A of 32769 units"],
  [
    "a large row",
    insert(
      Object.fromEntries(
        many(20, (index) => row({}, { rowKey: `C${index}` })).map(({ rowKey }) => [
          rowKey,
          edm.string("x".repeat(30_000)),
        ]),
      ),
    ),
    "row of 1200",
  ],
  [
    "many columns",
    insert(Object.fromEntries(Array.from({ length: 253 }, (_, index) => [`C${index}`, edm.int32(1)]))),
    "row of 253 columns",
  ],
  ["a column with a dash", insert({ "a-b": edm.int32(1) }), "column name a-b"],
  ["a date before 1601", insert({ A: date("1600-12-31T23:59:59Z") }), "A of 1600-12-31T23:59:59Z"],
  ["a date beyond 9999", insert({ A: date("+010000-01-01T00:00:00Z") }), "A of +010000"],
  ["a number beyond 32 bits", insert({ A: edm.int32(2 ** 31) }), "A of 2147483648"],
  ["101 rows in a batch", batch(many(101, (index) => row({}, { rowKey: `${index}` }))), "batch of 101 writes"],
  [
    "two partitions in a batch",
    batch([row({}, { partitionKey: "a" }), row({}, { partitionKey: "b", rowKey: "2" })]),
    "several partitions",
  ],
  ["a row twice in a batch", batch([row(), row()]), "one row twice"],
  [
    "a batch over 4 MiB",
    batch(
      many(50, (index) =>
        row({ A: edm.string("é".repeat(30_000)), B: edm.string("é".repeat(16_000)) }, { rowKey: `${index}` }),
      ),
    ),
    "batch of 4",
  ],
  [
    "an update without a tag",
    { kind: "table.update", table: "HubHistory", row: row(), mode: "merge", etag: "" },
    "ETag ",
  ],
  ["16 comparisons", query(comparisons(16)), "filter of 16 comparisons"],
  [
    "a date before 1601 in a filter",
    query("CreatedTime ge datetime'0001-01-01T00:00:00Z'"),
    "date 0001-01-01T00:00:00Z in a filter",
  ],
  ["a queue name with capitals", { kind: "queue.create", queue: "Hub-control" }, "queue name Hub-control"],
  ["a queue name with two dashes", { kind: "queue.create", queue: "hub--control" }, "queue name hub--control"],
  ["a message over 64 KiB", send("x".repeat(65_537)), "message of 65537 bytes"],
  ["a message with a control character", send("\u0001"), "XML cannot hold"],
  ["a message with a lone surrogate", send("\ud800"), "XML cannot hold"],
  ["a message hidden for more than a week", send("x", 604_801_000), "visibility timeout"],
  [
    "33 messages at once",
    { kind: "queue.receive", queue: "queue", maxMessages: 33, visibilityTimeoutMs: 1000 },
    "receive of 33",
  ],
  [
    "a receive that hides nothing",
    { kind: "queue.receive", queue: "queue", maxMessages: 1, visibilityTimeoutMs: 0 },
    "visibility timeout",
  ],
  [
    "a lease without a GUID",
    { kind: "blob.renewLease", container: "hub-leases", blob: "intent/q", leaseId: "me" },
    "lease id me",
  ],
  [
    "a lease of ten seconds",
    { kind: "blob.acquireLease", container: "hub-applease", leaseId, durationSeconds: 10 },
    "lease of 10 seconds",
  ],
  [
    "a change to a lease without a GUID",
    { kind: "blob.changeLease", container: "hub-applease", leaseId, newLeaseId: "" },
    "lease id ",
  ],
  ["a blob name with a control character", put("a\tb"), "blob name"],
  ["a long blob name", put("x".repeat(1025)), "blob name of 1025 units"],
])("the service refuses %s", (_, request, problem) => {
  expect(violationsOf(request)).toEqual([expect.stringContaining(problem)]);
});

it("the service takes leases of containers and of blobs", () => {
  const target = { container: "hub-leases", leaseId };
  expect(violationsOf({ kind: "blob.acquireLease", ...target, durationSeconds: 60 })).toEqual([]);
  expect(violationsOf({ kind: "blob.acquireLease", ...target, blob: "default/q", durationSeconds: 15 })).toEqual([]);
  expect(violationsOf({ kind: "blob.breakLease", container: "hub-leases" })).toEqual([]);
});

/** A date that the codec would not write. */
function date(value: string): EdmValue {
  return { type: "DateTime", value };
}
