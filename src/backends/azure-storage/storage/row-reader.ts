import type { StorageClient } from "./storage-client.ts";
import type { StorageRequestOf } from "./storage-request.ts";
import type { TableRow } from "./table-row.ts";

/** What to look for; the pages are the reader's business. */
type RowQuery = Omit<StorageRequestOf<"table.query">, "kind" | "continuationToken" | "pageSize">;

/**
 * All rows that a query finds, or `undefined` when there is no such table. A page may be empty with others behind it:
 * only a page without a token is the last.
 *
 * @example
 * const rows = await readAllRows(storage, { table, filter: "PartitionKey eq 'i'" });
 */
export async function readAllRows(storage: StorageClient, query: RowQuery): Promise<readonly TableRow[] | undefined> {
  const rows: TableRow[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await storage.perform({ kind: "table.query", ...query, continuationToken });
    if (page.outcome !== "done") return undefined;
    for (const row of page.value.rows) rows.push(row);
    continuationToken = page.value.continuationToken;
  } while (continuationToken !== undefined);
  return rows;
}
