import { DurableError } from "../../../core/errors.ts";
import type { HistoryEvent } from "../../../core/history-event.ts";
import type { HistoryEdit } from "../../../engine/backend.ts";
import { fromHistoryRow, sentinelRowKey } from "../codec/history-row.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { edm, readString, type TableRow, type TableWrite } from "../storage/table-row.ts";
import { splitBatches } from "./history-batches.ts";
import { restoreRows } from "./history-offload.ts";
import type { LargePayloads } from "./large-payloads.ts";

/** The rows that an edit changes, in their new form with the ETag of the old one. */
export function editRows(rows: readonly TableRow[], { undone, reopened }: HistoryEdit): readonly TableRow[] {
  const [generic, marked] = [new Set(undone), new Set(reopened)];
  return rows.flatMap((row, place) => {
    const note = ["Reason", `Rewound: ${typeOf(row)}`] as const;
    if (generic.has(place)) return [withColumns(row, [["EventType", "GenericEvent"], note])];
    return marked.has(place) ? [withColumns(row, [note])] : [];
  });
}

export interface HistoryEditOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly payloads: LargePayloads;
  /** Reads the sentinel's ETag. */
  readonly readVersion: () => Promise<string | undefined>;
}

/**
 * Changes rows of a history that was just read, at the sentinel's ETag: nobody has written anything since.
 *
 * Batches go one after the other, the end of the execution last: while it stands, the edit can be made again.
 *
 * @throws DurableError `WorkItemLockLost` when the history has changed since
 */
export async function editHistoryRows(
  { rows, historyVersion }: { readonly rows: readonly TableRow[]; readonly historyVersion: string | undefined },
  decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>,
  { storage, table, payloads, readVersion }: HistoryEditOptions,
): Promise<void> {
  const edit = await decide((await restoreRows(rows, payloads)).map(fromHistoryRow));
  let etag = historyVersion;
  for (const batch of splitBatches(editRows(rows, edit))) {
    const [first] = batch;
    if (first === undefined) return;
    const writes = batch.map((row): TableWrite => {
      return { write: "update", mode: "replace", row, etag: row.etag ?? "*" };
    });
    const sentinel = { partitionKey: first.partitionKey, rowKey: sentinelRowKey, columns: new Map() };
    const fence: TableWrite = { write: "update", mode: "merge", row: sentinel, etag: etag ?? "*" };
    const reply = await storage.perform({ kind: "table.batch", table, writes: [...writes, fence] });
    if (reply.outcome !== "done" && reply.afterLostAnswer !== true) {
      throw new DurableError("WorkItemLockLost", "the history changed while it was being rewound; try again");
    }
    etag = (reply.outcome === "done" ? reply.value.etags.at(-1) : undefined) ?? (await readVersion());
  }
}

function withColumns(row: TableRow, texts: readonly (readonly [string, string])[]): TableRow {
  const columns = new Map(row.columns);
  for (const [column, text] of texts) columns.set(column, edm.string(text));
  return { ...row, columns };
}

function typeOf(row: TableRow): string {
  return readString(row, "EventType") ?? "";
}
