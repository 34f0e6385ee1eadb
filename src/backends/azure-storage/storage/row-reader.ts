import type { StorageClient } from "./storage-client.ts";
import type { StorageRequestOf } from "./storage-request.ts";
import type { TableRow } from "./table-row.ts";

/** What to look for; the pages are the reader's business. */
type RowQuery = Omit<StorageRequestOf<"table.query">, "kind" | "continuationToken" | "pageSize">;

/** A page of what a query finds. */
export interface RowPage {
  readonly rows: readonly TableRow[];
  readonly isLast: boolean;
}

/**
 * What a query finds, page by page; nothing when there is no such table. A page may be empty with others behind it: only
 * a page without a token is the last.
 */
export async function* readRowPages(storage: StorageClient, query: RowQuery): AsyncGenerator<RowPage> {
  let continuationToken: string | undefined;
  do {
    const page = await storage.perform({ kind: "table.query", ...query, continuationToken });
    if (page.outcome !== "done") return;
    continuationToken = page.value.continuationToken;
    yield { rows: page.value.rows, isLast: continuationToken === undefined };
  } while (continuationToken !== undefined);
}

/**
 * All rows that a query finds, or `undefined` when there is no such table.
 *
 * @example
 * const rows = await readAllRows(storage, { table, filter: "PartitionKey eq 'i'" });
 */
export async function readAllRows(storage: StorageClient, query: RowQuery): Promise<readonly TableRow[] | undefined> {
  const rows: TableRow[] = [];
  let isThere = false;
  for await (const page of readRowPages(storage, query)) {
    for (const row of page.rows) rows.push(row);
    isThere = page.isLast;
  }
  return isThere ? rows : undefined;
}
