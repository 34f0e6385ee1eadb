import type { TableRow } from "../storage/table-row.ts";

/** One request takes 100 rows and 4 MiB; one of the rows may be the sentinel. */
const maxBatchRows = 99;
const maxBatchBytes = 3 * 1024 * 1024;

/** In order; at least one batch, which may be empty but for the sentinel. */
export function splitBatches(rows: readonly TableRow[]): readonly (readonly TableRow[])[] {
  const batches: TableRow[][] = [[]];
  let bytes = 0;
  for (const row of rows) {
    const size = estimateBytes(row);
    if (batches.at(-1)!.length >= maxBatchRows || (bytes > 0 && bytes + size > maxBatchBytes)) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(row);
    bytes += size;
  }
  return batches;
}

/** Three bytes for a UTF-16 unit covers UTF-8 and most of what JSON escapes. */
function estimateBytes(row: TableRow): number {
  let size = 1024;
  for (const { value } of row.columns.values()) if (typeof value === "string") size += value.length * 3;
  return size;
}
