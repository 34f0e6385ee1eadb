import { DurableError, isDurableError } from "../../../core/errors.ts";
import type { HistoryEvent } from "../../../core/history-event.ts";
import type { Clock, Random } from "../../../core/ports.ts";
import type { HistoryAppend, HistoryEdit, LoadedHistory } from "../../../engine/backend.ts";
import {
  checkpointName,
  fromHistoryRow,
  fromSentinelRow,
  type HistoryRowOptions,
  historyRowKey,
  type Sentinel,
  sentinelRowKey,
  toHistoryRow,
  toSentinelRow,
} from "../codec/history-row.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { readAllRows } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { odataString, readString, type TableRow, type TableWrite } from "../storage/table-row.ts";
import { splitBatches } from "./history-batches.ts";
import { editHistoryRows } from "./history-edit.ts";
import { offloadRows, restoreRows } from "./history-offload.ts";
import type { LargePayloads } from "./large-payloads.ts";

export interface HistoryTableOptions extends HistoryRowOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly payloads: LargePayloads;
  readonly clock: Clock;
  readonly random: Random;
}

/** Rows of the latest execution as they are stored, and what fences them. */
export interface StoredHistory {
  readonly rows: readonly TableRow[];
  readonly executionId: string | undefined;
  readonly historyVersion: string | undefined;
  readonly acceptedMessageIds: readonly string[];
}

export interface PreparedHistory {
  readonly partitionKey: string;
  readonly append: HistoryAppend;
  readonly rows: readonly TableRow[];
  readonly blobs: ReadonlyMap<string, string>;
  /** No message of the work item began the execution: it continues one that is being replaced. */
  readonly startedWithoutMessage: boolean;
}

export type HistoryCommit = { readonly outcome: "committed"; readonly version: string } | { readonly outcome: "lost" };

const maxRememberedInstances = 10_000;

/**
 * The history table.
 *
 * T1. Every write is conditional on the sentinel's ETag, or on there being no sentinel.
 * T2. Of a checkpoint that took several batches and was not finished, no reader sees a part.
 */
export class HistoryTable {
  readonly #options: HistoryTableOptions;
  /** Instances whose history this process has put into blobs; their next executions make those superfluous. */
  readonly #withBlobs = new Set<string>();

  constructor(options: HistoryTableOptions) {
    this.#options = options;
  }

  async load(instanceId: string): Promise<LoadedHistory> {
    const { rows, ...stored } = await this.readRows(instanceId);
    try {
      const restored = await restoreRows(rows, this.#options.payloads);
      return { events: restored.map(fromHistoryRow), ...stored };
    } catch (error) {
      if (!isDurableError(error, "CorruptData")) throw error;
      return { events: [], ...stored, problem: error.message };
    }
  }

  /** What `expectedHistoryVersion` would have to be now; `undefined` when there is no history. */
  async readVersion(instanceId: string): Promise<string | undefined> {
    return (await this.#readSentinel(escapeKey(instanceId)))?.etag;
  }

  async readRows(instanceId: string): Promise<StoredHistory> {
    let stored = latestExecution(await this.#query(instanceId));
    // Pages read before and after someone replaced the history do not fit together. Soon they will.
    for (let attempt = 1; stored === undefined && attempt <= 3; attempt++) {
      stored = latestExecution(await this.#query(instanceId));
    }
    return stored ?? noHistory;
  }

  /** See `TaskHubStore.editHistory`. */
  async edit(instanceId: string, decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>): Promise<void> {
    const stored = await this.readRows(instanceId);
    if (stored.rows.length === 0) throw new DurableError("InstanceNotFound", `'${instanceId}' has no history`);
    const readVersion = () => this.readVersion(instanceId);
    await editHistoryRows(stored, decide, { ...this.#options, readVersion });
  }

  /** Keys only, of all executions and the sentinel. */
  async readKeys(instanceId: string): Promise<readonly TableRow[]> {
    return await this.#query(instanceId, ["PartitionKey", "RowKey"]);
  }

  async #query(instanceId: string, select?: readonly string[]): Promise<readonly TableRow[]> {
    const { storage, table } = this.#options;
    const filter = `PartitionKey eq ${odataString(escapeKey(instanceId))}`;
    return (await readAllRows(storage, { table, filter, select })) ?? [];
  }

  /** Makes the rows and puts their large texts into blobs. Nothing is visible to readers yet. */
  async prepare(instanceId: string, append: HistoryAppend, startedWithoutMessage: boolean): Promise<PreparedHistory> {
    const { payloads, random } = this.#options;
    const partitionKey = escapeKey(instanceId);
    const { executionId, firstIndex } = append;
    const heavyRows = append.events.map((event, index) =>
      toHistoryRow(event, { partitionKey, rowKey: historyRowKey(firstIndex + index), executionId }, this.#options),
    );
    const { rows, blobs } = await offloadRows(heavyRows, payloads, random);
    return { partitionKey, append, rows, blobs, startedWithoutMessage };
  }

  /**
   * Deletes the blobs of the executions that a committed one has replaced, so that an eternal orchestration with large
   * payloads does not fill the container. To be called once the instance's row does not refer to them any more.
   */
  deleteSuperseded({ partitionKey, append, blobs }: PreparedHistory): void {
    const hadBlobs = this.#withBlobs.has(partitionKey);
    if (append.firstIndex === 0 && hadBlobs) {
      this.#options.payloads.deleteOthersInBackground(`${partitionKey}/history-`, new Set(blobs.values()));
      this.#withBlobs.delete(partitionKey);
    }
    if (blobs.size === 0) return;
    if (this.#withBlobs.size >= maxRememberedInstances) this.#withBlobs.clear();
    this.#withBlobs.add(partitionKey);
  }

  async commit(prepared: PreparedHistory): Promise<HistoryCommit> {
    const batches = splitBatches(prepared.rows);
    let version = prepared.append.expectedHistoryVersion;
    for (const [index, rows] of batches.entries()) {
      const etag = await this.#commitBatch(prepared, rows, version, index === batches.length - 1);
      if (etag === undefined) return { outcome: "lost" };
      version = etag;
    }
    return { outcome: "committed", version: version! };
  }

  /** Resolves to the sentinel's new ETag, or to `undefined` when someone else has written meanwhile. */
  async #commitBatch(
    { partitionKey, append, startedWithoutMessage }: PreparedHistory,
    rows: readonly TableRow[],
    version: string | undefined,
    isLast: boolean,
  ): Promise<string | undefined> {
    const { storage, table, random } = this.#options;
    const completedTimestamp = isLast ? this.#checkpointTime() : undefined;
    const part = isLast ? undefined : random.guid();
    const row = toSentinelRow(partitionKey, {
      executionId: append.executionId,
      isCheckpointComplete: isLast,
      completedTimestamp,
      part,
      startedWithoutMessage: startedWithoutMessage && append.firstIndex === 0,
      eventCount: append.firstIndex + append.events.length,
      acceptedMessageIds: append.acceptedMessageIds ?? [],
    });
    // T1
    const fence: TableWrite =
      version === undefined ? { write: "insert", row } : { write: "update", row, mode: "merge", etag: version };
    const upserts = rows.map((row): TableWrite => ({ write: "upsert", row, mode: "replace" }));
    const reply = await storage.perform({ kind: "table.batch", table, writes: [...upserts, fence] });
    const etag = reply.outcome === "done" ? reply.value.etags.at(-1) : undefined;
    if (etag !== undefined) return etag;
    const mayBeOurs = reply.outcome === "done" || reply.afterLostAnswer === true;
    if (!mayBeOurs) return undefined;
    // After a lost answer: the sentinel's time, or its part, tells whether what stands is what this call wrote.
    const stored = await this.#readSentinel(partitionKey);
    if (stored === undefined) return undefined;
    const sentinel = fromSentinelRow(stored);
    const isOwn = isLast
      ? checkpointName(sentinel.executionId, sentinel.completedTimestamp) ===
        checkpointName(append.executionId, completedTimestamp)
      : sentinel.part === part;
    return isOwn ? stored.etag : undefined;
  }

  async #readSentinel(partitionKey: string): Promise<TableRow | undefined> {
    const { storage, table } = this.#options;
    const reply = await storage.perform({ kind: "table.get", table, partitionKey, rowKey: sentinelRowKey });
    return reply.outcome === "done" ? reply.value : undefined;
  }

  #checkpointTime(): string {
    const { clock, random } = this.#options;
    const digits = String(Math.floor(random.number() * 9999) + 1).padStart(4, "0");
    return new Date(clock.now()).toISOString().replace("Z", `${digits}Z`);
  }
}

const noHistory: StoredHistory = {
  rows: [],
  executionId: undefined,
  historyVersion: undefined,
  acceptedMessageIds: [],
};

/**
 * Rows of the execution that the sentinel names: from the first on, until one belongs to another execution. Rows without
 * a sentinel are what a purge has not deleted yet, or never will. `undefined` when the rows and the sentinel are of
 * different times.
 */
export function latestExecution(all: readonly TableRow[]): StoredHistory | undefined {
  const sentinelRow = all.find((row) => row.rowKey === sentinelRowKey);
  if (sentinelRow === undefined) return noHistory;
  const eventRows = all.filter((row) => row.rowKey !== sentinelRowKey);
  const sentinel = fromSentinelRow(sentinelRow);
  if (sentinel.eventCount === 0) return { ...noHistory, historyVersion: sentinelRow.etag };
  const executionId = sentinel.executionId || executionOf(eventRows[0]);
  const end = eventRows.findIndex((row) => executionOf(row) !== executionId);
  const rows = end < 0 ? eventRows : eventRows.slice(0, end);
  if (end === 0) return undefined;
  return {
    rows: completeRows(rows, sentinel),
    executionId,
    historyVersion: sentinelRow.etag,
    acceptedMessageIds: sentinel.acceptedMessageIds,
  };
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
