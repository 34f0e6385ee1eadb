import { DurableError } from "../../../core/errors.ts";
import type { ExecutionStarted } from "../../../core/history-event.ts";
import type {
  InstanceConditions,
  InstancePage,
  InstanceQuery,
  LargePart,
  OrchestrationState,
} from "../../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../../core/orchestration-status.ts";
import type { Clock, Random } from "../../../core/ports.ts";
import type { FetchOptions, InstanceChange } from "../../../engine/backend.ts";
import { parentInstanceIdOf } from "../../../engine/instance-change.ts";
import { nextInstanceWrite } from "../../../engine/next-instance-write.ts";
import type { InstanceProgress } from "../../../engine/wanted-activities.ts";
import {
  fromInstanceRow,
  instanceColumns,
  progressColumns,
  readProgress,
  toInstanceChangeRow,
  toPendingRow,
} from "../codec/instance-row.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { formatDate } from "../codec/wire-text.ts";
import type { StartedInstance } from "../messaging/start-deduplication.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { edm, readString, type TableRow } from "../storage/table-row.ts";
import { InstancePayloads, type StoredColumn } from "./instance-payloads.ts";
import { countInstanceRows, queryInstanceRows } from "./instance-search.ts";
import {
  isOnlyLater,
  type KnownRow,
  KnownRows,
  nextKnownRow,
  planRowWrite,
  type RowWrite,
  toKnownRow,
} from "./known-rows.ts";
import type { LargePayloads } from "./large-payloads.ts";
import { RowChanges } from "./row-changes.ts";

export interface InstancesTableOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly taskHub: string;
  readonly payloads: LargePayloads;
  readonly clock: Clock;
  readonly random: Random;
}

export interface InstanceWriteContext {
  /** Payloads that the history has already put away, by their text. */
  readonly blobs: ReadonlyMap<string, string>;
  /** The history began a new execution in this checkpoint. */
  readonly isNewExecution: boolean;
  /**
   * Tells whether the history that says so is still the stored one. When it is not, whoever wrote the later one writes the
   * row too.
   */
  readonly isLatest: () => Promise<boolean>;
  /** A client made the row before the execution began. @defaultValue false */
  readonly hadRow?: boolean | undefined;
  /**
   * Takes what may be written some seconds later, because nothing but a time would be new.
   *
   * @defaultValue it is written at once
   */
  readonly later?: ((write: () => Promise<unknown>) => void) | undefined;
}

/** A custom status is never moved to a blob; a column holds no more. */
export const maxCustomStatusUnits = 32_768;

const maxWriteAttempts = 8;

const dedupeColumns = ["PartitionKey", "RowKey", "ExecutionId", "RuntimeStatus", "CreatedTime", "Generation"];

const columnOfPart: Readonly<Record<LargePart, StoredColumn>> = { input: "Input", output: "Output", tags: "Tags" };
const largeParts = ["input", "output", "tags"] as const satisfies readonly LargePart[];

/** One row per instance: what status queries see. */
export class InstancesTable {
  readonly #options: InstancesTableOptions;
  readonly #payloads: InstancePayloads;
  readonly #known = new KnownRows();
  /** Told of every row that {@link write} has written. */
  readonly changes: RowChanges;

  constructor(options: InstancesTableOptions) {
    this.#options = options;
    this.changes = new RowChanges(options.clock);
    this.#payloads = new InstancePayloads(options.payloads, options.random);
  }

  /** `true` when this process has seen the row last before the end of its execution. */
  isKnownOpen(instanceId: string): boolean {
    const known = this.#known.get(instanceId);
    return known !== undefined && !isTerminalStatus(known.runtimeStatus);
  }

  async readRow(instanceId: string, select?: readonly string[]): Promise<TableRow | undefined> {
    const { storage, table } = this.#options;
    const partitionKey = escapeKey(instanceId);
    const reply = await storage.perform({ kind: "table.get", table, partitionKey, rowKey: "", select });
    return reply.outcome === "done" ? reply.value : undefined;
  }

  /** What the receiver of a start message has to know; the next write need not read the row again. */
  async readStarted(instanceId: string): Promise<StartedInstance | undefined> {
    const row = await this.readRow(instanceId, dedupeColumns);
    if (row === undefined) return undefined;
    this.#known.set(instanceId, toKnownRow(row));
    return fromInstanceRow(row, {});
  }

  async readProgress(instanceId: string): Promise<InstanceProgress | undefined> {
    const row = await this.readRow(instanceId, progressColumns);
    return row && readProgress(row);
  }

  async read(instanceId: string, fetch: FetchOptions): Promise<OrchestrationState | undefined> {
    const row = await this.readRow(instanceId, instanceColumns(fetch));
    return row && (await this.#toState(row));
  }

  /** @throws DurableError `InvalidOption` for a token of another hub, or of none */
  query(query: InstanceQuery): Promise<InstancePage> {
    return queryInstanceRows(query, {
      ...this.#options,
      partsOf: (row) => this.#partsOf(row),
      toState: (row, notLoaded) => this.#toState(row, notLoaded),
    });
  }

  count(conditions: InstanceConditions): Promise<number> {
    return countInstanceRows(conditions, this.#options);
  }

  /**
   * Brings the row to what history says, by the rule of `nextInstanceWrite`. One request while this process alone writes
   * the row; a row that it does not know is read first, and a row that somebody else has changed is read again.
   *
   * @returns `false` when the instance was purged while its first episode ran
   * @throws DurableError when the row could not be written
   */
  async write(instanceId: string, change: InstanceChange, context: InstanceWriteContext): Promise<boolean> {
    const { blobs, isNewExecution, isLatest, hadRow = false, later } = context;
    const partitionKey = escapeKey(instanceId);
    let known = this.#known.get(instanceId);
    // What is known may be overtaken: before nothing is written on its word, the row is read. What begins without a row
    // that is known, a sub-orchestration, usually has none.
    let isFresh = known === undefined && isNewExecution && !hadRow;
    for (let attempt = 0; attempt < maxWriteAttempts; attempt++) {
      if (!isFresh && (known === undefined || nextInstanceWrite(change, known) === "none")) {
        known = await this.#readKnown(instanceId);
        isFresh = true;
        // A purged instance stays purged.
        if (known === undefined && hadRow) return false;
        if (known === undefined && !(await isLatest())) return true;
      }
      const write = nextInstanceWrite(change, known);
      if (write === "none") return true;
      if (later !== undefined && isOnlyLater(write, change, known)) {
        later(() => this.write(instanceId, change, { ...context, later: undefined }));
        return true;
      }
      const etag = await this.#tryWrite(partitionKey, planRowWrite(write, change, known), known, blobs);
      if (etag !== undefined) {
        this.#known.set(instanceId, nextKnownRow(change, known, etag));
        this.changes.notify(instanceId, () => this.#endedBy(partitionKey, change));
        return true;
      }
      this.#known.delete(instanceId);
      known = undefined;
      isFresh = false;
      if (!(await isLatest())) return true;
    }
    throw changesAllTheTime(instanceId);
  }

  /** What a look at the row would bring after an end that was just written; `undefined` when it says not all of that. */
  #endedBy(partitionKey: string, change: InstanceChange): OrchestrationState | undefined {
    const { started, runtimeStatus, output } = change;
    if (runtimeStatus === undefined || !isTerminalStatus(runtimeStatus)) return undefined;
    // A later generation has in its row what an earlier one has left there.
    if (started === undefined || change.keepsCustomStatus === true || started.generation) return undefined;
    const row = toInstanceChangeRow(change, { partitionKey, taskHub: this.#options.taskHub }, {});
    return fromInstanceRow(row, { input: started.input, output });
  }

  /** Resolves to the row's new ETag, or to `undefined` when the row is not as it was known. */
  async #tryWrite(
    partitionKey: string,
    { change, mode }: RowWrite,
    known: KnownRow | undefined,
    blobs: ReadonlyMap<string, string>,
  ): Promise<string | undefined> {
    const { storage, table, taskHub } = this.#options;
    const row = toInstanceChangeRow(
      change,
      { partitionKey, taskHub },
      {
        input: await this.#payloads.store(partitionKey, "Input", change.started?.input, blobs),
        output: await this.#payloads.store(partitionKey, "Output", change.output, blobs),
      },
    );
    const reply =
      known === undefined
        ? await storage.perform({ kind: "table.insert", table, row })
        : await storage.perform({ kind: "table.update", table, row, mode, etag: known.etag });
    return reply.outcome === "done" ? reply.value.etag : undefined;
  }

  async #readKnown(instanceId: string): Promise<KnownRow | undefined> {
    const row = await this.readRow(instanceId, [...dedupeColumns, "CompletedTime", "Output"]);
    return row && toKnownRow(row);
  }

  /**
   * Writes the row of a new instance, in place of `replacedRow` if there is one. Resolves to `false` when another row has
   * come there since, which may be ours if an answer was lost.
   *
   * @param messageBlob holds the start message, when it was too large for the queue
   */
  async writePending(
    event: ExecutionStarted,
    replacedRow: TableRow | undefined,
    messageBlob: string | undefined,
  ): Promise<boolean> {
    const { storage, table, taskHub, clock } = this.#options;
    const { instanceId, executionId } = event.orchestrationInstance;
    const partitionKey = escapeKey(instanceId);
    const input =
      messageBlob === undefined
        ? await this.#payloads.store(partitionKey, "Input", event.input, new Map())
        : this.#payloads.refer(messageBlob);
    const times = { createdTime: event.timestamp, lastUpdatedTime: new Date(clock.now()) };
    const start = { ...event, ...times, executionId, parentInstanceId: parentInstanceIdOf(event) };
    const row = toPendingRow(start, { partitionKey, taskHub }, { input });
    const etag = replacedRow?.etag ?? "*";
    const reply =
      replacedRow === undefined
        ? await storage.perform({ kind: "table.insert", table, row })
        : await storage.perform({ kind: "table.update", table, row, mode: "replace", etag });
    if (reply.outcome === "done") this.#known.set(instanceId, toKnownRow({ ...row, etag: reply.value.etag }));
    return reply.outcome === "done";
  }

  /** Resolves to `false` when the row has changed since it was read. */
  async markTerminated(row: TableRow, reason: string | undefined, at: Date): Promise<boolean> {
    const { storage, table } = this.#options;
    const columns = new Map([
      ["RuntimeStatus", edm.string("Terminated")],
      ["LastUpdatedTime", edm.dateTime(formatDate(at))],
      ["CompletedTime", edm.dateTime(formatDate(at))],
    ]);
    const output = await this.#payloads.store(row.partitionKey, "Output", reason, new Map());
    if (output !== undefined) columns.set("Output", edm.string(output.text));
    if (output?.blobName !== undefined) columns.set("OutputBlobName", edm.string(output.blobName));
    const { partitionKey, rowKey, etag = "*" } = row;
    const change = { partitionKey, rowKey, columns };
    const reply = await storage.perform({ kind: "table.update", table, row: change, mode: "merge", etag });
    return reply.outcome === "done" || (reply.outcome === "conflict" && reply.afterLostAnswer === true);
  }

  /** Takes back the end that the row tells of, unless another end has been written since. */
  async markPending({ instanceId, runtimeStatus, completedTime }: OrchestrationState): Promise<void> {
    const { storage, table, clock } = this.#options;
    for (let attempt = 0; attempt < maxWriteAttempts; attempt++) {
      const row = await this.readRow(instanceId);
      if (row === undefined) return;
      const now = fromInstanceRow(row, {});
      if (now.runtimeStatus !== runtimeStatus || now.completedTime?.getTime() !== completedTime?.getTime()) return;
      const columns = new Map(row.columns);
      // A merge would leave them.
      for (const column of ["Output", "OutputBlobName", "CompletedTime"]) columns.delete(column);
      columns.set("RuntimeStatus", edm.string("Pending"));
      columns.set("LastUpdatedTime", edm.dateTime(formatDate(new Date(clock.now()))));
      const { etag = "*" } = row;
      const pending = { ...row, columns };
      const reply = await storage.perform({ kind: "table.update", table, row: pending, mode: "replace", etag });
      if (reply.outcome === "done") return;
    }
    throw changesAllTheTime(instanceId);
  }

  /** Resolves to `false` when the row is another one than that of `etag` by now. */
  async delete(instanceId: string, etag?: string): Promise<boolean> {
    const { storage, table } = this.#options;
    this.#known.delete(instanceId);
    const partitionKey = escapeKey(instanceId);
    const reply = await storage.perform({ kind: "table.deleteRow", table, partitionKey, rowKey: "", etag });
    return reply.outcome !== "conflict";
  }

  /** What of a row lies in blobs. */
  #partsOf(row: TableRow): readonly LargePart[] {
    const { instanceId } = fromInstanceRow(row, {});
    return largeParts.filter((part) => this.#payloads.liesApart(instanceId, row, columnOfPart[part]));
  }

  /** @param notLoaded of what lies in blobs the parts that are left there */
  async #toState(row: TableRow, notLoaded: readonly LargePart[] = []): Promise<OrchestrationState> {
    const { instanceId } = fromInstanceRow(row, {});
    const read = async (part: LargePart) =>
      notLoaded.includes(part) ? undefined : await this.#payloads.restore(instanceId, row, columnOfPart[part]);
    const [input, output, tags] = await Promise.all([
      read("input"),
      read("output"),
      readString(row, "TagsBlobName") ? read("tags") : undefined,
    ]);
    const columns = tags === undefined ? row.columns : new Map(row.columns).set("Tags", edm.string(tags));
    const state = fromInstanceRow({ ...row, columns }, { input, output });
    return notLoaded.length === 0 ? state : { ...state, notLoaded };
  }
}

function changesAllTheTime(instanceId: string): DurableError {
  return new DurableError("StorageUnavailable", `the row of '${instanceId}' changes all the time; try again`);
}
