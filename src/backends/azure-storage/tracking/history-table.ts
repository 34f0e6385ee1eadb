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
  sentinelRowKey,
  toHistoryRow,
  toSentinelRow,
} from "../codec/history-row.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { readAllRows } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { odataString, type TableRow, type TableWrite } from "../storage/table-row.ts";
import { splitBatches } from "./history-batches.ts";
import { editHistoryRows } from "./history-edit.ts";
import { offloadRows, restoreRows } from "./history-offload.ts";
import { type ConvertRows, readStoredHistory, type StoredHistory } from "./history-reader.ts";
import type { LargePayloads } from "./large-payloads.ts";

export interface HistoryTableOptions extends HistoryRowOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly payloads: LargePayloads;
  readonly clock: Clock;
  readonly random: Random;
}

export interface PreparedHistory {
  readonly partitionKey: string;
  readonly append: HistoryAppend;
  readonly rows: readonly TableRow[];
  readonly blobs: ReadonlyMap<string, string>;
  /** No message of the work item began the execution: it continues one that is being replaced. */
  readonly startedWithoutMessage: boolean;
}

/** `isUnwritten`: surely nothing of it is there; else some batches may be, or all with their answer lost. */
export type HistoryCommit =
  | { readonly outcome: "committed"; readonly version: string }
  | { readonly outcome: "lost"; readonly isUnwritten: boolean }
  /** Storage does not take what it says, and nothing of it is there. */
  | { readonly outcome: "rejected"; readonly error: unknown };

const maxRememberedInstances = 10_000;
/** The sentinel is not as it was expected to be. */
const staleCodes: ReadonlySet<string> = new Set(["UpdateConditionNotSatisfied", "ConditionNotMet"]);
/** Of one instance; what is left behind goes with it. */
const maxRememberedBlobs = 1000;

/**
 * The history table.
 *
 * T1. Every write is conditional on the sentinel's ETag, or on there being no sentinel.
 * T2. Of a checkpoint that took several batches and was not finished, no reader sees a part.
 */
export class HistoryTable {
  readonly #options: HistoryTableOptions;
  /** Names of the blobs of histories that this process has put, by instance; the next execution makes them superfluous. */
  readonly #blobsOf = new Map<string, Set<string>>();
  /**
   * Instances, by partition key, whose next rows may lie where others are: of an earlier execution, or of a checkpoint that
   * was not finished. Rows of all others are inserted, for which the store has less to look for.
   */
  readonly #overwritten = new Set<string>();

  constructor(options: HistoryTableOptions) {
    this.#options = options;
  }

  async load(instanceId: string): Promise<LoadedHistory> {
    const { payloads } = this.#options;
    const toEvents = async (rows: readonly TableRow[]) => (await restoreRows(rows, payloads)).map(fromHistoryRow);
    try {
      const { items, ...stored } = await this.#read(instanceId, toEvents);
      return { events: items, ...stored };
    } catch (error) {
      if (!isDurableError(error, "CorruptData")) throw error;
      // Whoever fails the instance for it has to know where it stands.
      const { items: _, ...stored } = await this.#read(instanceId, async () => []);
      return { events: [], ...stored, problem: error.message };
    }
  }

  /** What `expectedHistoryVersion` would have to be now; `undefined` when there is no history. */
  async readVersion(instanceId: string): Promise<string | undefined> {
    return (await this.#readSentinel(escapeKey(instanceId)))?.etag;
  }

  async #read<T>(instanceId: string, convert: ConvertRows<T>): Promise<StoredHistory<T>> {
    const { storage, table } = this.#options;
    return await readStoredHistory({ storage, table, partitionKey: escapeKey(instanceId) }, convert);
  }

  /** See `TaskHubStore.editHistory`. */
  async edit(instanceId: string, decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>): Promise<void> {
    const { items: rows, historyVersion } = await this.#read(instanceId, async (rows) => rows);
    if (rows.length === 0) throw new DurableError("InstanceNotFound", `'${instanceId}' has no history`);
    const readVersion = () => this.readVersion(instanceId);
    await editHistoryRows({ rows, historyVersion }, decide, { ...this.#options, readVersion });
  }

  /** Keys only, of all executions and the sentinel. */
  async readKeys(instanceId: string): Promise<readonly TableRow[]> {
    const { storage, table } = this.#options;
    const filter = `PartitionKey eq ${odataString(escapeKey(instanceId))}`;
    return (await readAllRows(storage, { table, filter, select: ["PartitionKey", "RowKey"] })) ?? [];
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
    const known = this.#blobsOf.get(partitionKey);
    if (append.firstIndex === 0 && known !== undefined) {
      // By their names: whoever looked for them would find those of the next checkpoint too.
      this.#options.payloads.deleteInBackground([...known]);
      this.#blobsOf.delete(partitionKey);
    }
    if (blobs.size === 0) return;
    const names = this.#blobsOf.get(partitionKey) ?? new Set();
    for (const name of blobs.values()) if (names.size < maxRememberedBlobs) names.add(name);
    if (this.#blobsOf.size >= maxRememberedInstances) this.#blobsOf.clear();
    this.#blobsOf.set(partitionKey, names);
  }

  /** Deletes the blobs of a history that will not be committed. */
  discard({ blobs }: PreparedHistory): void {
    this.#options.payloads.deleteInBackground([...blobs.values()]);
  }

  async commit(prepared: PreparedHistory): Promise<HistoryCommit> {
    const batches = splitBatches(prepared.rows);
    let version = prepared.append.expectedHistoryVersion;
    for (const [index, rows] of batches.entries()) {
      const isLast = index === batches.length - 1;
      const written = await this.#commitBatch(prepared, rows, version, isLast).catch((error: unknown) => {
        if (index > 0 || !isDurableError(error, "StorageRejected")) throw error;
        return { error };
      });
      if (typeof written === "object" && "error" in written) return { outcome: "rejected", error: written.error };
      if (written === "refused" || written === "unknown") {
        return { outcome: "lost", isUnwritten: index === 0 && written === "refused" };
      }
      version = written.etag;
    }
    return { outcome: "committed", version: version! };
  }

  /**
   * Resolves to the sentinel's new ETag; to `refused` when someone else has written meanwhile; to `unknown` when an answer
   * was lost and what stands is not, or not any more, what this call wrote.
   */
  async #commitBatch(
    { partitionKey, append, startedWithoutMessage }: PreparedHistory,
    rows: readonly TableRow[],
    version: string | undefined,
    isLast: boolean,
  ): Promise<{ readonly etag: string } | "refused" | "unknown"> {
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
    const write = (writes: readonly TableWrite[]) => {
      return storage.perform({ kind: "table.batch", table, writes: [...writes, fence] });
    };
    const insert = () => write(rows.map((row) => ({ write: "insert", row })));
    const overwrite = () => write(rows.map((row) => ({ write: "upsert", row, mode: "replace" })));
    if (append.firstIndex === 0 && version !== undefined) this.#rememberOverwritten(partitionKey);
    const first = this.#overwritten.has(partitionKey) ? undefined : await insert();
    const isInTheWay = first?.outcome === "conflict" && !staleCodes.has(first.errorCode);
    if (isInTheWay) this.#rememberOverwritten(partitionKey);
    const reply = first === undefined || isInTheWay ? await overwrite() : first;
    const etag = reply.outcome === "done" ? reply.value.etags.at(-1) : undefined;
    if (etag !== undefined) return { etag };
    const isAnswerLost = reply.outcome !== "done" && reply.afterLostAnswer === true;
    const mayBeOurs = reply.outcome === "done" || isAnswerLost || (isInTheWay && first.afterLostAnswer === true);
    if (!mayBeOurs) return "refused";
    // After a lost answer: the sentinel's time, or its part, tells whether what stands is what this call wrote.
    const stored = await this.#readSentinel(partitionKey);
    if (stored?.etag === undefined) return "unknown";
    const sentinel = fromSentinelRow(stored);
    const isOwn = isLast
      ? checkpointName(sentinel.executionId, sentinel.completedTimestamp) ===
        checkpointName(append.executionId, completedTimestamp)
      : sentinel.part === part;
    return isOwn ? { etag: stored.etag } : "unknown";
  }

  #rememberOverwritten(partitionKey: string): void {
    if (this.#overwritten.size >= maxRememberedInstances) this.#overwritten.clear();
    this.#overwritten.add(partitionKey);
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
