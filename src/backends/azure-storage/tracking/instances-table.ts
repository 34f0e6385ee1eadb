import { DurableError, isDurableError } from "../../../core/errors.ts";
import type { ExecutionStarted } from "../../../core/history-event.ts";
import type { InstancePage, InstanceQuery, OrchestrationState } from "../../../core/orchestration-state.ts";
import type { Clock, Random } from "../../../core/ports.ts";
import type { InstanceChange } from "../../../engine/backend.ts";
import {
  fromInstanceRow,
  instanceColumnsWithoutInput,
  toInstanceChangeRow,
  toPendingRow,
} from "../codec/instance-row.ts";
import { escapeKey, unescapeKey } from "../codec/key-escaping.ts";
import { parseMessageData } from "../codec/message-data.ts";
import { formatDate } from "../codec/wire-text.ts";
import { mapConcurrently } from "../concurrency.ts";
import type { StartedInstance } from "../messaging/start-deduplication.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { edm, odataString, readString, type TableRow } from "../storage/table-row.ts";
import { historyBlobName, maxColumnUnits } from "./history-offload.ts";
import { instanceFilter } from "./instance-filter.ts";
import type { LargePayloads } from "./large-payloads.ts";

export interface InstancesTableOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly taskHub: string;
  readonly payloads: LargePayloads;
  readonly clock: Clock;
  readonly random: Random;
}

/** A custom status is never moved to a blob; a column holds no more. */
export const maxCustomStatusUnits = 32_768;

const dedupeColumns = ["PartitionKey", "RowKey", "ExecutionId", "RuntimeStatus", "CreatedTime", "Generation"];

/** One row per instance: what status queries see. */
export class InstancesTable {
  readonly #options: InstancesTableOptions;

  constructor(options: InstancesTableOptions) {
    this.#options = options;
  }

  async readRow(instanceId: string, select?: readonly string[]): Promise<TableRow | undefined> {
    const { storage, table } = this.#options;
    const filter = `PartitionKey eq ${odataString(escapeKey(instanceId))} and RowKey eq ''`;
    const reply = await storage.perform({ kind: "table.query", table, filter, select });
    return reply.outcome === "done" ? reply.value.rows[0] : undefined;
  }

  async readStarted(instanceId: string): Promise<StartedInstance | undefined> {
    const row = await this.readRow(instanceId, dedupeColumns);
    return row && fromInstanceRow(row, {});
  }

  async read(instanceId: string, fetchInput: boolean): Promise<OrchestrationState | undefined> {
    const row = await this.readRow(instanceId, fetchInput ? undefined : instanceColumnsWithoutInput);
    return row && (await this.#toState(row));
  }

  async query(query: InstanceQuery): Promise<InstancePage> {
    const { storage, table } = this.#options;
    const filter = instanceFilter(query);
    const page = await storage.perform({
      kind: "table.query",
      table,
      filter,
      select: query.fetchInput === false ? instanceColumnsWithoutInput : undefined,
      pageSize: Math.max(1, Math.min(1000, query.pageSize ?? 100)),
      continuationToken: decodeToken(query.continuationToken),
    });
    if (page.outcome !== "done") return { instances: [], continuationToken: undefined };
    const instances = await mapConcurrently(page.value.rows, 16, (row) => this.#toState(row));
    return { instances, continuationToken: encodeToken(page.value.continuationToken) };
  }

  /** Merges what one episode changed. `blobs` are payloads that its history has already put away. */
  async merge(instanceId: string, change: InstanceChange, blobs: ReadonlyMap<string, string>): Promise<void> {
    const { storage, table, taskHub } = this.#options;
    const partitionKey = escapeKey(instanceId);
    const stored = {
      input: await this.#store(partitionKey, "Input", change.started?.input, blobs),
      output: await this.#store(partitionKey, "Output", change.output, blobs),
    };
    const row = toInstanceChangeRow(change, { partitionKey, taskHub }, stored);
    // Only the start of an execution makes a row: without one the instance has been purged, and stays so.
    if (change.started === undefined)
      await storage.perform({ kind: "table.update", table, row, mode: "merge", etag: "*" });
    else await storage.require({ kind: "table.upsert", table, row, mode: "merge" });
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
    const { storage, table, taskHub, payloads, clock } = this.#options;
    const { instanceId, executionId } = event.orchestrationInstance;
    const partitionKey = escapeKey(instanceId);
    const input =
      messageBlob === undefined
        ? await this.#store(partitionKey, "Input", event.input, new Map())
        : payloads.urlOf(messageBlob);
    const start = { ...event, executionId, createdTime: event.timestamp, lastUpdatedTime: new Date(clock.now()) };
    const row = toPendingRow(start, { partitionKey, taskHub }, { input });
    const etag = replacedRow?.etag ?? "*";
    const reply =
      replacedRow === undefined
        ? await storage.perform({ kind: "table.insert", table, row })
        : await storage.perform({ kind: "table.update", table, row, mode: "replace", etag });
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
    const output = await this.#store(row.partitionKey, "Output", reason, new Map());
    if (output !== undefined) columns.set("Output", edm.string(output));
    const { partitionKey, rowKey, etag = "*" } = row;
    const change = { partitionKey, rowKey, columns };
    const reply = await storage.perform({ kind: "table.update", table, row: change, mode: "merge", etag });
    return reply.outcome === "done" || (reply.outcome === "conflict" && reply.afterLostAnswer === true);
  }

  /** Takes back the end that the row tells of, unless another end has been written since. */
  async markPending(ended: TableRow): Promise<void> {
    const { storage, table, clock } = this.#options;
    const endOf = ({ columns }: TableRow) =>
      `${columns.get("RuntimeStatus")?.value} ${columns.get("CompletedTime")?.value}`;
    let row: TableRow | undefined = ended;
    for (let attempt = 0; attempt < 3 && row !== undefined && endOf(row) === endOf(ended); attempt++) {
      const columns = new Map(row.columns);
      // A merge would leave them.
      for (const column of ["Output", "CompletedTime"]) columns.delete(column);
      columns.set("RuntimeStatus", edm.string("Pending"));
      columns.set("LastUpdatedTime", edm.dateTime(formatDate(new Date(clock.now()))));
      const { etag = "*" } = row;
      const pending = { ...row, columns };
      const reply = await storage.perform({ kind: "table.update", table, row: pending, mode: "replace", etag });
      if (reply.outcome === "done") return;
      row = await this.readRow(unescapeKey(ended.partitionKey));
    }
  }

  async delete(instanceId: string): Promise<void> {
    const { storage, table } = this.#options;
    await storage.perform({ kind: "table.deleteRow", table, partitionKey: escapeKey(instanceId), rowKey: "" });
  }

  /** A large payload is stored as the URL of its blob. */
  async #store(
    partitionKey: string,
    column: "Input" | "Output",
    text: string | undefined,
    blobs: ReadonlyMap<string, string>,
  ): Promise<string | undefined> {
    if (text === undefined || text.length <= maxColumnUnits) return text;
    const { payloads, random } = this.#options;
    const known = blobs.get(text);
    if (known !== undefined) return payloads.urlOf(known);
    const blob = historyBlobName(partitionKey, "", column, column, random);
    await payloads.put(blob, text);
    return payloads.urlOf(blob);
  }

  async #toState(row: TableRow): Promise<OrchestrationState> {
    const [input, output] = await Promise.all([
      this.#restore(readString(row, "Input")),
      this.#restore(readString(row, "Output")),
    ]);
    return fromInstanceRow(row, { input, output });
  }

  async #restore(stored: string | undefined): Promise<string | undefined> {
    const { payloads } = this.#options;
    const blob = stored === undefined ? undefined : payloads.blobOf(stored);
    if (stored === undefined || blob === undefined) return stored;
    try {
      const text = await payloads.get(blob);
      if (!blob.endsWith("ExecutionStarted.json.gz")) return text;
      const content = parseMessageData(text);
      const event = content.kind === "message" ? content.data.message.event : undefined;
      return event?.type === "ExecutionStarted" ? event.input : undefined;
    } catch (error) {
      // A status query must survive a payload that is gone; the URL says what is missing.
      if (isDurableError(error, "CorruptData")) return stored;
      throw error;
    }
  }
}

function encodeToken(token: string | undefined): string | undefined {
  return token === undefined ? undefined : Buffer.from(token, "utf8").toString("base64url");
}

function decodeToken(token: string | undefined): string | undefined {
  if (token === undefined || token === "") return undefined;
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (/^[\x20-\x7e]+$/.test(text) && isTokenJson(text)) return text;
  throw new DurableError("InvalidOption", "continuationToken is not one that an instance query has returned");
}

/** The SDK's token is Base64 of a JSON object. */
function isTokenJson(text: string): boolean {
  try {
    return typeof JSON.parse(Buffer.from(text, "base64").toString("utf8")) === "object";
  } catch {
    return false;
  }
}
