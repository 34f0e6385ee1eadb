import { isDurableError } from "../../../core/errors.ts";
import { matchesConditions } from "../../../core/instance-conditions.ts";
import type {
  InstanceConditions,
  InstancePage,
  InstanceQuery,
  LargePart,
  OrchestrationState,
} from "../../../core/orchestration-state.ts";
import {
  defaultPageSize,
  foreignToken,
  formatPageToken,
  PageBudget,
  type PagePlace,
} from "../../../engine/instance-page.ts";
import { fromInstanceRow, instanceColumns } from "../codec/instance-row.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { StorageRequestOf, StorageValue } from "../storage/storage-request.ts";
import type { TableRow } from "../storage/table-row.ts";
import { readPlace } from "./continuation-token.ts";
import { instanceFilter, needsLook } from "./instance-filter.ts";

export interface InstanceRows {
  readonly storage: StorageClient;
  readonly table: string;
  readonly taskHub: string;
}

export interface InstanceReader extends InstanceRows {
  /** What a row only refers to. */
  readonly partsOf: (row: TableRow) => readonly LargePart[];
  /** Reads the texts too that a row only refers to, but for those that are not to be loaded. */
  readonly toState: (row: TableRow, notLoaded: readonly LargePart[]) => Promise<OrchestrationState>;
}

const maxPageSize = 1000;
/** Rows with their payloads in one answer: a row may have 192 KB. */
const maxHeavyRows = 100;
/** A page may take that many requests, when they find little. */
const maxRequests = 10;
/** Rows whose payloads are read at the same time, when they are small. */
const maxConcurrentReads = 8;

/**
 * One page of instances.
 *
 * Q1. A page ends behind an instance, wherever the pages of the service end: its token names the last key that was looked
 *     at. Only when nothing was found at all it repeats what the service said.
 * Q2. As many payloads are read ahead as the page has room for, by those that are in it: of large ones none is read in
 *     vain but the one that did not fit.
 * Q3. What lies apart is read where it was asked for, and for a bounded number of instances; it is named where it was not.
 */
export async function queryInstanceRows(query: InstanceQuery, reader: InstanceReader): Promise<InstancePage> {
  const limit = Math.max(1, Math.min(maxPageSize, query.pageSize ?? defaultPageSize));
  const select = instanceColumns(query);
  const isHeavy = query.fetchInput !== false || query.fetchOutput !== false;
  const begin = readPlace(reader.taskHub, query.continuationToken, query);
  const filter = instanceFilter(query, begin.after);
  // A token of the service belongs to a size of pages too.
  const pageSize = Math.min(needsLook(query) ? maxPageSize : limit, isHeavy ? maxHeavyRows : maxPageSize);
  const budget = new PageBudget(query.maxPageBytes);
  const instances: OrchestrationState[] = [];
  let last: string | undefined;
  let next = begin.next;
  for (let request = 1; ; request++) {
    const page = await readPage({ filter, select, pageSize, continuationToken: next }, reader, begin);
    if (page === undefined) return { instances, continuationToken: undefined };
    const rows = page.rows.filter((row) => matchesConditions(fromInstanceRow(row, {}), query));
    // Q2
    for await (const read of inOrder(rows, query, reader, budget)) {
      const isFull = read === undefined || instances.length === limit || !budget.take(read.state);
      if (isFull) return pageOf(instances, { after: last! }, reader, query);
      instances.push(read.state);
      last = read.row.partitionKey; // Q1
    }
    next = page.continuationToken;
    if (next === undefined) return { instances, continuationToken: undefined };
    last = page.rows.at(-1)?.partitionKey ?? last;
    if (instances.length < limit && request < maxRequests) continue;
    return pageOf(instances, last === undefined ? { ...begin, next } : { after: last }, reader, query);
  }
}

function pageOf(
  instances: readonly OrchestrationState[],
  place: PagePlace,
  { taskHub }: InstanceRows,
  query: InstanceQuery,
): InstancePage {
  return { instances, continuationToken: formatPageToken(taskHub, place, query) };
}

/** How many instances meet the conditions. Reads keys, and what the conditions ask for. */
export async function countInstanceRows(conditions: InstanceConditions, rows: InstanceRows): Promise<number> {
  const looks = needsLook(conditions);
  const select = ["PartitionKey", "RowKey", ...(looks ? ["Name", "Tags"] : [])];
  const { name, tags } = conditions;
  const filter = instanceFilter(conditions);
  let count = 0;
  let continuationToken: string | undefined;
  do {
    const page = await readPage({ filter, select, pageSize: maxPageSize, continuationToken }, rows, {});
    if (page === undefined) break;
    const isMeant = (row: TableRow) =>
      matchesConditions(fromInstanceRow(row, {}), { name, tags, includeEntities: true });
    count += looks ? page.rows.filter(isMeant).length : page.rows.length;
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return count;
}

/** `undefined` when there is no such table. */
async function readPage(
  query: Omit<StorageRequestOf<"table.query">, "kind" | "table">,
  { storage, table }: InstanceRows,
  begin: PagePlace,
): Promise<StorageValue<"table.query"> | undefined> {
  try {
    const page = await storage.perform({ kind: "table.query", table, ...query });
    return page.outcome === "done" ? page.value : undefined;
  } catch (error) {
    // The service knows its own tokens only.
    const isTheirs = query.continuationToken !== undefined && query.continuationToken === begin.next;
    if (isTheirs && isDurableError(error, "StorageRejected"))
      throw foreignToken("is not one that a query has returned");
    throw error;
  }
}

interface ReadRow {
  readonly row: TableRow;
  readonly state: OrchestrationState;
}

/**
 * Reads some rows at a time, and hands them over in their order. Whoever stops listening has no more of them read.
 * `undefined` comes last where the page has no room for another read.
 */
async function* inOrder(
  rows: readonly TableRow[],
  query: InstanceQuery,
  { partsOf, toState }: InstanceReader,
  budget: PageBudget,
): AsyncGenerator<ReadRow | undefined, void, undefined> {
  const reading: Promise<OrchestrationState>[] = [];
  for (const [index, row] of rows.entries()) {
    const ahead = Math.max(1, Math.min(maxConcurrentReads, budget.room));
    while (reading.length < rows.length && reading.length < index + ahead) {
      const next = rows[reading.length]!;
      const parts = partsOf(next);
      const notLoaded = parts.filter((part) => !isAskedFor(part, query));
      if (!budget.mayRead(parts.length - notLoaded.length)) break; // Q3
      const state = toState(next, notLoaded);
      // A failure counts when its turn comes.
      state.catch(() => {});
      reading.push(state);
    }
    if (index === reading.length) return yield undefined;
    yield { row, state: await reading[index]! };
  }
}

/** Tags come with either of the payloads. */
function isAskedFor(part: LargePart, { fetchInput = true, fetchOutput = true }: InstanceQuery): boolean {
  if (part === "tags") return fetchInput === true || fetchOutput === true;
  return (part === "input" ? fetchInput : fetchOutput) === true;
}
