import { expect, it } from "vitest";
import { readAllRows } from "../../../../../src/backends/azure-storage/storage/row-reader.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type {
  StorageReply,
  StorageRequest,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import type { TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";

const row = (rowKey: string): TableRow => ({ partitionKey: "", rowKey, columns: new Map() });

/** Answers queries page by page, with a token behind each page but the last, and all else with `done`. */
function paged(pages: readonly (readonly TableRow[])[]) {
  const requests: StorageRequest[] = [];
  const storage = new StorageClient(async (request): Promise<StorageReply> => {
    requests.push(request);
    if (request.kind !== "table.query") return { outcome: "done", value: undefined };
    const index = Number(request.continuationToken ?? 0);
    const continuationToken = index + 1 < pages.length ? String(index + 1) : undefined;
    return { outcome: "done", value: { rows: pages[index], continuationToken } };
  });
  return { storage, requests };
}

it("pages without rows do not end a reading", async () => {
  const { storage, requests } = paged([[], [row("a")], [], [], [row("b"), row("c")], []]);
  const rows = await readAllRows(storage, { table: "T", filter: "f", select: ["RowKey"] });
  expect(rows?.map(({ rowKey }) => rowKey)).toEqual(["a", "b", "c"]);
  expect(requests).toHaveLength(6);
  for (const request of requests) expect(request).toMatchObject({ table: "T", filter: "f", select: ["RowKey"] });
});

it("a table that does not exist has no rows to tell of", async () => {
  const storage = new StorageClient(async () => ({ outcome: "notFound", errorCode: "TableNotFound" }));
  expect(await readAllRows(storage, { table: "T" })).toBeUndefined();
});
