import { mapConcurrently } from "../../../core/map-concurrently.ts";
import type { Random } from "../../../core/ports.ts";
import { offloadableColumns } from "../codec/history-row.ts";
import { type EdmValue, edm, readString, type TableRow } from "../storage/table-row.ts";
import type { LargePayloads } from "./large-payloads.ts";

/** Longer texts move from their column to a blob, in UTF-16 units; a column takes twice as many bytes. */
export const maxColumnUnits = 30_720;

const maxConcurrentBlobs = 16;

export interface OffloadedRows {
  readonly rows: readonly TableRow[];
  /** Blob by the text that it holds. */
  readonly blobs: ReadonlyMap<string, string>;
}

/** The random part keeps racing writers of one row apart. */
export function historyBlobName(
  partitionKey: string,
  rowKey: string,
  eventType: string,
  column: string,
  random: Random,
): string {
  const salt = Math.floor(random.number() * 2 ** 32);
  const hex = salt.toString(16).toUpperCase().padStart(8, "0");
  return `${partitionKey}/history-${rowKey}-${eventType}-${hex}-${column}.json.gz`;
}

/** Puts the long texts of history rows into blobs, each text into one. */
export async function offloadRows(
  rows: readonly TableRow[],
  payloads: LargePayloads,
  random: Random,
): Promise<OffloadedRows> {
  const blobs = new Map<string, string>();
  const lightRows = rows.map((row) => {
    const long = offloadableColumns.filter((column) => (readString(row, column)?.length ?? 0) > maxColumnUnits);
    if (long.length === 0) return row;
    const columns = new Map<string, EdmValue>(row.columns);
    for (const column of long) {
      const text = readString(row, column)!;
      const eventType = readString(row, "EventType") ?? "";
      const blob = blobs.get(text) ?? historyBlobName(row.partitionKey, row.rowKey, eventType, column, random);
      blobs.set(text, blob);
      columns.set(column, edm.string(""));
      columns.set(`${column}BlobName`, edm.string(blob));
    }
    return { ...row, columns };
  });
  try {
    await mapConcurrently([...blobs], maxConcurrentBlobs, ([text, blob]) => payloads.put(blob, text));
  } catch (error) {
    payloads.deleteInBackground([...blobs.values()]);
    throw error;
  }
  return { rows: lightRows, blobs };
}

/** Undoes {@link offloadRows}. @throws DurableError `CorruptData` when a blob is missing */
export async function restoreRows(rows: readonly TableRow[], payloads: LargePayloads): Promise<readonly TableRow[]> {
  return await mapConcurrently(rows, maxConcurrentBlobs, async (row) => {
    const away = offloadableColumns.filter((column) => readString(row, `${column}BlobName`));
    if (away.length === 0) return row;
    const columns = new Map<string, EdmValue>(row.columns);
    for (const column of away)
      columns.set(column, edm.string(await payloads.get(readString(row, `${column}BlobName`)!)));
    return { ...row, columns };
  });
}
