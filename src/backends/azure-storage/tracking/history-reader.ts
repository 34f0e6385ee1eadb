import { fromSentinelRow, type Sentinel, sentinelRowKey } from "../codec/history-row.ts";
import { readRowPages } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { odataString, readString, type TableRow } from "../storage/table-row.ts";

/** The latest execution as it is stored, and what fences it. */
export interface StoredHistory<T> {
  /** One for each row. */
  readonly items: readonly T[];
  readonly executionId: string | undefined;
  readonly historyVersion: string | undefined;
  readonly acceptedMessageIds: readonly string[];
}

export interface HistoryPlace {
  readonly storage: StorageClient;
  readonly table: string;
  readonly partitionKey: string;
}

/** What becomes of some rows, in their order. */
export type ConvertRows<T> = (rows: readonly TableRow[]) => Promise<readonly T[]>;

/**
 * Reads the latest execution of an instance. A history of several pages is converted page by page, and what an earlier
 * execution has left behind it is not read: memory and time go by what the execution has, whatever the rows weigh.
 */
export async function readStoredHistory<T>(place: HistoryPlace, convert: ConvertRows<T>): Promise<StoredHistory<T>> {
  // Pages read before and after someone replaced the history do not fit together. Soon they will.
  for (let attempt = 1; attempt <= 4; attempt++) {
    const stored = await tryRead(place, convert);
    if (stored !== undefined) return stored;
  }
  return noHistory;
}

async function tryRead<T>(place: HistoryPlace, convert: ConvertRows<T>): Promise<StoredHistory<T> | undefined> {
  const { storage, table, partitionKey } = place;
  const filter = `PartitionKey eq ${odataString(partitionKey)}`;
  const pages = readRowPages(storage, { table, filter });
  const { value: first } = await pages.next();
  if (first === undefined) return noHistory;
  if (first.isLast) return await convertRows(first.rows, convert);
  // The sentinel is the last row of all.
  const sentinelRow = await readSentinelRow(place);
  if (sentinelRow === undefined) return noHistory;
  const sentinel = fromSentinelRow(sentinelRow);
  if (sentinel.eventCount === undefined && !sentinel.isCheckpointComplete) {
    // How much of it is complete shows at its end.
    const rows = [...first.rows];
    for await (const page of pages) for (const row of page.rows) rows.push(row);
    return await convertRows(rows, convert);
  }
  const reader = new ExecutionReader(sentinel);
  const items: T[] = [];
  let rows = reader.take(first.rows);
  for (;;) {
    for (const item of await convert(rows)) items.push(item);
    if (reader.isAtEnd) break;
    const { value: next } = await pages.next();
    if (next === undefined) break;
    rows = reader.take(next.rows);
  }
  // Nobody has written meanwhile, or what was read belongs together by chance at best.
  const isSame = reader.isWhole && (await readSentinelRow(place))?.etag === sentinelRow.etag;
  return isSame ? { items, ...fenceOf(sentinelRow, sentinel, reader.executionId) } : undefined;
}

/** Takes the rows of one execution out of all that come, in their order. */
class ExecutionReader {
  readonly #sentinel: Sentinel;
  #count = 0;
  executionId: string | undefined;
  isAtEnd = false;

  constructor(sentinel: Sentinel) {
    this.#sentinel = sentinel;
    this.executionId = sentinel.executionId || undefined;
  }

  /** There was a row of it, as there always is behind a sentinel. */
  get isWhole(): boolean {
    return this.#count > 0 || this.#sentinel.eventCount === 0;
  }

  take(page: readonly TableRow[]): readonly TableRow[] {
    const limit = this.#sentinel.eventCount ?? Number.POSITIVE_INFINITY;
    const taken: TableRow[] = [];
    for (const row of page) {
      this.executionId ??= executionOf(row);
      this.isAtEnd = row.rowKey === sentinelRowKey || executionOf(row) !== this.executionId || this.#count >= limit;
      if (this.isAtEnd) break;
      taken.push(row);
      this.#count++;
    }
    return taken;
  }
}

async function convertRows<T>(
  all: readonly TableRow[],
  convert: ConvertRows<T>,
): Promise<StoredHistory<T> | undefined> {
  const stored = latestExecution(all);
  return stored && { ...stored, items: await convert(stored.items) };
}

async function readSentinelRow({ storage, table, partitionKey }: HistoryPlace): Promise<TableRow | undefined> {
  const reply = await storage.perform({ kind: "table.get", table, partitionKey, rowKey: sentinelRowKey });
  return reply.outcome === "done" ? reply.value : undefined;
}

const noHistory: StoredHistory<never> = {
  items: [],
  executionId: undefined,
  historyVersion: undefined,
  acceptedMessageIds: [],
};

/**
 * Rows of the execution that the sentinel names: from the first on, until one belongs to another execution. Rows without
 * a sentinel are what a purge has not deleted yet, or never will. `undefined` when the rows and the sentinel are of
 * different times.
 */
export function latestExecution(all: readonly TableRow[]): StoredHistory<TableRow> | undefined {
  const sentinelRow = all.find((row) => row.rowKey === sentinelRowKey);
  if (sentinelRow === undefined) return noHistory;
  const eventRows = all.filter((row) => row.rowKey !== sentinelRowKey);
  const sentinel = fromSentinelRow(sentinelRow);
  if (sentinel.eventCount === 0) return { ...noHistory, historyVersion: sentinelRow.etag };
  const executionId = sentinel.executionId || executionOf(eventRows[0]);
  const end = eventRows.findIndex((row) => executionOf(row) !== executionId);
  const rows = end < 0 ? eventRows : eventRows.slice(0, end);
  if (end === 0) return undefined;
  return { items: completeRows(rows, sentinel), ...fenceOf(sentinelRow, sentinel, executionId) };
}

function fenceOf(
  sentinelRow: TableRow,
  { acceptedMessageIds }: Sentinel,
  executionId: string | undefined,
): Omit<StoredHistory<never>, "items"> {
  return { executionId, historyVersion: sentinelRow.etag, acceptedMessageIds };
}

/** An unfinished first checkpoint is dropped whole: the message that began the execution comes again. */
function completeRows(rows: readonly TableRow[], sentinel: Sentinel): readonly TableRow[] {
  const { eventCount, isCheckpointComplete, startedWithoutMessage } = sentinel;
  if (eventCount !== undefined) return rows.slice(0, eventCount); // T2
  if (isCheckpointComplete) return rows;
  const last = rows.findLastIndex((row) => readString(row, "EventType") === "OrchestratorCompleted");
  return last < 0 && startedWithoutMessage ? rows : rows.slice(0, last + 1);
}

function executionOf(row: TableRow | undefined): string | undefined {
  return row && readString(row, "ExecutionId");
}
