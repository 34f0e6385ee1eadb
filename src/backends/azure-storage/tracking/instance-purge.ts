import { isEntityInstanceId } from "../../../core/entity-id.ts";
import { mapConcurrently } from "../../../core/map-concurrently.ts";
import { isTerminalStatus } from "../../../core/orchestration-status.ts";
import { sentinelRowKey, toPurgedSentinelRow } from "../codec/history-row.ts";
import { fromInstanceRow } from "../codec/instance-row.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { TableRow, TableWrite } from "../storage/table-row.ts";
import type { HistoryTable } from "./history-table.ts";
import type { InstancesTable } from "./instances-table.ts";
import { isBlobFolder, type LargePayloads } from "./large-payloads.ts";

export interface PurgedTables {
  readonly storage: StorageClient;
  readonly historyTable: string;
  readonly history: Pick<HistoryTable, "readKeys">;
  readonly instances: Pick<InstancesTable, "readRow" | "delete">;
  readonly payloads: Pick<LargePayloads, "listFolder" | "delete">;
}

/** A worker may write to what is being purged; each pass begins with what is there then. */
const maxPasses = 20;
/** A batch has 100 writes at most, one of which is the sentinel. */
const maxBatchRows = 99;
const maxConcurrentBatches = 10;

/**
 * Deletes all that the tables and the container hold of one instance.
 *
 * U1. The first batch of history that is deleted takes the sentinel along, on the condition of its ETag: no worker can
 *     commit to this history any more. Each further batch is conditional on the one before, so that nothing is deleted of
 *     an execution that began meanwhile.
 * U2. The row goes last, if it is still the one that was read: while it is there, a purge that broke off can be repeated.
 * U3. Only blobs are deleted that were there before the row was read: a later start has its own.
 *
 * @param onlyEnded leaves alone what has not ended
 * @returns `false` when nothing was deleted
 */
export async function purgeInstanceRows(
  instanceId: string,
  onlyEnded: boolean,
  tables: PurgedTables,
): Promise<boolean> {
  const { history, instances, payloads } = tables;
  let hasDeleted = false;
  for (let pass = 1; pass <= maxPasses; pass++) {
    const [blobs, keys] = await Promise.all([listBlobs(instanceId, payloads), history.readKeys(instanceId)]);
    const row = await instances.readRow(instanceId, ["PartitionKey", "RowKey", "RuntimeStatus"]); // U3
    if (row === undefined && keys.length === 0) return hasDeleted;
    if (row !== undefined && onlyEnded && !isTerminalStatus(fromInstanceRow(row, {}).runtimeStatus)) return hasDeleted;
    if (!(await deleteHistory(keys, tables))) continue;
    await payloads.delete(blobs);
    if (row !== undefined && !(await instances.delete(instanceId, row.etag))) continue; // U2
    hasDeleted = true;
    // A checkpoint may have been under way, or a start that was delivered again: while there is a row it is accepted.
    if ((await history.readKeys(instanceId)).length === 0) return true;
  }
  return hasDeleted;
}

/**
 * Messages' blobs lie under the id as it is, those of the history under the escaped one, which may be the id of a
 * neighbour: of "a/b" it is "a^0b".
 */
async function listBlobs(instanceId: string, payloads: PurgedTables["payloads"]): Promise<readonly string[]> {
  const escaped = escapeKey(instanceId);
  if (escaped === instanceId) return await payloads.listFolder(instanceId);
  const [plain, ofHistory] = await Promise.all([instanceId, escaped].map((folder) => payloads.listFolder(folder)));
  // Messages for an entity whose id no blob can have lie under the escaped one too.
  const ownsFolder = isEntityInstanceId(instanceId) && !isBlobFolder(instanceId);
  return [
    ...plain!.filter((name) => isMessageBlob(name, instanceId)),
    ...ofHistory!.filter((name) => ownsFolder || !isMessageBlob(name, escaped)),
  ];
}

function isMessageBlob(name: string, folder: string): boolean {
  return name.startsWith(`${folder}/message-`);
}

/** Resolves to `false` when someone else has written to the history meanwhile. */
async function deleteHistory(keys: readonly TableRow[], tables: PurgedTables): Promise<boolean> {
  const { storage, historyTable: table } = tables;
  const sentinel = keys.find(({ rowKey }) => rowKey === sentinelRowKey);
  const batches = batchesOf(keys.filter((row) => row !== sentinel));
  if (sentinel === undefined) {
    await deleteUnfenced(batches, tables);
    return true;
  }
  const { partitionKey, rowKey } = sentinel;
  let etag = sentinel.etag ?? "*";
  for (const rows of batches) {
    const fence: TableWrite = { write: "update", mode: "replace", row: toPurgedSentinelRow(partitionKey), etag };
    const reply = await storage.perform({ kind: "table.batch", table, writes: [...rows.map(deletionOf), fence] }); // U1
    if (reply.outcome !== "done") return false;
    etag = reply.value.etags.at(-1) ?? "*";
  }
  const reply = await storage.perform({ kind: "table.deleteRow", table, partitionKey, rowKey, etag });
  return reply.outcome !== "conflict";
}

/** Rows without a sentinel are what an earlier purge, or that of another kind of worker, has left. */
async function deleteUnfenced(
  batches: readonly (readonly TableRow[])[],
  { storage, historyTable: table }: PurgedTables,
): Promise<void> {
  await mapConcurrently(batches, maxConcurrentBatches, async (rows) => {
    const reply = await storage.perform({ kind: "table.batch", table, writes: rows.map(deletionOf) });
    if (reply.outcome === "done") return;
    // Someone deletes them too; what is left goes one by one.
    for (const { partitionKey, rowKey } of rows) {
      await storage.perform({ kind: "table.deleteRow", table, partitionKey, rowKey });
    }
  });
}

function batchesOf(rows: readonly TableRow[]): readonly (readonly TableRow[])[] {
  const batches: TableRow[][] = [];
  for (let start = 0; start < rows.length; start += maxBatchRows) batches.push(rows.slice(start, start + maxBatchRows));
  return batches;
}

function deletionOf({ partitionKey, rowKey }: TableRow): TableWrite {
  return { write: "delete", row: { partitionKey, rowKey, columns: new Map() } };
}
