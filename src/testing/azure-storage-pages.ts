import type {
  StorageReply,
  StorageRequestOf,
  StorageTransport,
} from "../backends/azure-storage/storage/storage-request.ts";
import type { TableRow } from "../backends/azure-storage/storage/table-row.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Where a reading goes on: a token of the transport below, and the last row that was handed out behind it. */
interface Cursor {
  readonly token?: string | undefined;
  readonly after?: readonly [partitionKey: string, rowKey: string] | undefined;
  readonly isAfterEmptyPage?: boolean;
}

export interface PageChances {
  /** Of a page without rows before any other. */
  readonly empty: number;
  /** Of a page that ends before its last row. */
  readonly short: number;
}

type Page = Extract<StorageReply, { readonly outcome: "done" }>;

/** Answers a query in pages as the service may: some empty, some short, all but the last with a token. */
export async function queryInPages(
  request: StorageRequestOf<"table.query">,
  context: Parameters<StorageTransport>[1],
  transport: StorageTransport,
  random: SeededRandom,
  chances: PageChances,
): Promise<StorageReply> {
  const cursor = readToken(request.continuationToken);
  if (cursor.isAfterEmptyPage !== true && random.chance(chances.empty)) {
    return page([], { ...cursor, isAfterEmptyPage: true });
  }
  const reply = await transport({ ...request, continuationToken: cursor.token }, context);
  if (reply.outcome !== "done") return reply;
  const { rows, continuationToken } = (reply as Page).value as {
    rows: readonly TableRow[];
    continuationToken?: string;
  };
  const { after } = cursor;
  const left = after === undefined ? rows : rows.filter((row) => isBehind(row, after));
  const hasKeys = ["PartitionKey", "RowKey"].every((key) => request.select?.includes(key) ?? true);
  if (hasKeys && left.length > 1 && random.chance(chances.short)) {
    const part = left.slice(0, 1 + random.below(left.length - 1));
    const last = part.at(-1)!;
    return page(part, { token: cursor.token, after: [last.partitionKey, last.rowKey] });
  }
  return page(left, continuationToken === undefined ? undefined : { token: continuationToken });
}

/** Lists blobs with an empty page first, now and then. */
export async function listInPages(
  request: StorageRequestOf<"blob.list">,
  context: Parameters<StorageTransport>[1],
  transport: StorageTransport,
  random: SeededRandom,
  { empty }: PageChances,
): Promise<StorageReply> {
  const cursor = readToken(request.continuationToken);
  if (cursor.isAfterEmptyPage !== true && random.chance(empty)) {
    const continuationToken = writeToken({ ...cursor, isAfterEmptyPage: true });
    return { outcome: "done", value: { names: [], continuationToken } };
  }
  const reply = await transport({ ...request, continuationToken: cursor.token }, context);
  if (reply.outcome !== "done") return reply;
  const { names, continuationToken } = (reply as Page).value as {
    names: readonly string[];
    continuationToken?: string;
  };
  return {
    outcome: "done",
    value: { names, continuationToken: continuationToken && writeToken({ token: continuationToken }) },
  };
}

function page(rows: readonly TableRow[], next: Cursor | undefined): StorageReply {
  return { outcome: "done", value: { rows, continuationToken: next && writeToken(next) } };
}

/** Rows are ordered by their keys, compared by units. */
function isBehind({ partitionKey, rowKey }: TableRow, [lastPartition, lastRow]: readonly [string, string]): boolean {
  return partitionKey > lastPartition || (partitionKey === lastPartition && rowKey > lastRow);
}

/** In the form of the SDK's tokens. The half of a token that names a row is absent, which the service may do. */
function writeToken(cursor: Cursor): string {
  return Buffer.from(JSON.stringify({ nextPartitionKey: JSON.stringify(cursor) }), "utf8").toString("base64");
}

function readToken(token: string | undefined): Cursor {
  if (token === undefined) return {};
  const { nextPartitionKey } = JSON.parse(Buffer.from(token, "base64").toString("utf8")) as {
    nextPartitionKey: string;
  };
  return JSON.parse(nextPartitionKey) as Cursor;
}
