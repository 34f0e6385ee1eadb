import { DurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import { mapConcurrently } from "../../core/map-concurrently.ts";
import type { InstancePage, InstanceQuery, OrchestrationState } from "../../core/orchestration-state.ts";
import type { Quarantine } from "../../core/quarantine.ts";
import type { OutgoingMessage } from "../../core/task-message.ts";
import type { HistoryEdit, NewInstance, TaskHubStore } from "../../engine/backend.ts";
import { nextCreationStep } from "../../engine/creation-race.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { sentinelRowKey } from "./codec/history-row.ts";
import { readCreation } from "./codec/instance-row.ts";
import { escapeKey } from "./codec/key-escaping.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import { clientOrigin } from "./messaging/message-sender.ts";
import type { TableRow } from "./storage/table-row.ts";

/** A row to replace may be updated by its execution meanwhile. */
const maxCreationAttempts = 5;
const maxPurgePasses = 10;
const maxBatchRows = 100;
const maxConcurrentBatches = 10;

/** A client's side of the hub. */
export class AzureStorageStore implements TaskHubStore {
  readonly taskHub: string;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.taskHub = options.names.taskHub;
    this.#options = options;
    this.#parts = parts;
  }

  get quarantine(): Quarantine {
    return this.#parts.quarantine;
  }

  async createTaskHub(): Promise<void> {
    await this.#parts.resources.createWhenDeleted();
  }

  async deleteTaskHub(): Promise<void> {
    await this.#parts.resources.delete();
  }

  async createInstance(start: NewInstance): Promise<void> {
    const { resources, instances, sender } = this.#parts;
    await resources.createWhenDeleted();
    const { orchestrationInstance, scheduledStartTime } = start.event;
    const { instanceId } = orchestrationInstance;
    // The row to replace must be the one that the caller decided on, and its ETag was not part of what they saw.
    let row = start.replaces && (await instances.readRow(instanceId));
    nextCreationStep(start, row && readCreation(row));
    const message = { event: start.event, target: orchestrationInstance };
    const sent = await sender.send({ message, deliverAt: scheduledStartTime }, clientOrigin);
    // Whoever loses has sent a start without a row, which the receivers discard.
    for (let attempt = 0; attempt < maxCreationAttempts; attempt++) {
      if (await instances.writePending(start.event, row, sent.blobName)) return;
      row = await instances.readRow(instanceId);
      if (nextCreationStep(start, row && readCreation(row)) === "written") return;
    }
    throw new DurableError("StorageUnavailable", `the row of '${instanceId}' changes all the time; start it again`);
  }

  async sendMessage(outgoing: OutgoingMessage): Promise<void> {
    await this.#parts.resources.create();
    await this.#parts.sender.send(outgoing, clientOrigin);
  }

  async getInstance(
    instanceId: string,
    options?: { readonly fetchInput?: boolean },
  ): Promise<OrchestrationState | undefined> {
    await this.#parts.resources.create();
    return await this.#parts.instances.read(instanceId, options?.fetchInput ?? true);
  }

  async queryInstances(query: InstanceQuery): Promise<InstancePage> {
    await this.#parts.resources.create();
    return await this.#parts.instances.query(query);
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    await this.#parts.resources.create();
    const { events } = await this.#parts.history.load(instanceId);
    return events.length === 0 ? undefined : events;
  }

  async terminatePending(instanceId: string, executionId: string, reason: string | undefined, at: Date): Promise<void> {
    await this.#parts.resources.create();
    const { instances } = this.#parts;
    for (let attempt = 0; attempt < 3; attempt++) {
      const row = await instances.readRow(instanceId);
      const isPending = row?.columns.get("RuntimeStatus")?.value === "Pending";
      if (row === undefined || !isPending || row.columns.get("ExecutionId")?.value !== executionId) return;
      if (await instances.markTerminated(row, reason, at)) return;
    }
  }

  async editHistory(
    instanceId: string,
    decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>,
  ): Promise<void> {
    await this.#parts.resources.create();
    await this.#parts.history.edit(instanceId, decide);
  }

  async markPending(ended: OrchestrationState): Promise<void> {
    await this.#parts.resources.create();
    await this.#parts.instances.markPending(ended);
  }

  async purgeInstance(instanceId: string): Promise<boolean> {
    await this.#parts.resources.create();
    const { history, instances, payloads } = this.#parts;
    const [row, keys] = await Promise.all([
      instances.readRow(instanceId, ["PartitionKey", "RowKey"]),
      history.readKeys(instanceId),
    ]);
    if (row === undefined && keys.length === 0) return false;
    // Messages' blobs lie under the id as it is, those of the history under the escaped one.
    const folders = new Set([instanceId, escapeKey(instanceId)]);
    await Promise.all([...[...folders].map((folder) => payloads.deleteFolder(folder)), this.#deleteHistory(keys)]);
    await instances.delete(instanceId);
    // A checkpoint may have been under way, or a start that was delivered again: while there is a row it is accepted.
    for (let pass = 1; pass < maxPurgePasses; pass++) {
      const left = await history.readKeys(instanceId);
      if (left.length === 0) break;
      await this.#deleteHistory(left);
      await instances.delete(instanceId);
    }
    return true;
  }

  /** The sentinel goes first: without it no worker can commit to this history any more. */
  async #deleteHistory(keys: readonly TableRow[]): Promise<void> {
    await this.#deleteRow(keys.find(({ rowKey }) => rowKey === sentinelRowKey));
    await this.#deleteRows(keys.filter(({ rowKey }) => rowKey !== sentinelRowKey));
  }

  async #deleteRow(row: TableRow | undefined): Promise<void> {
    if (row === undefined) return;
    const { partitionKey, rowKey } = row;
    const table = this.#options.names.historyTable;
    await this.#parts.storage.perform({ kind: "table.deleteRow", table, partitionKey, rowKey });
  }

  async #deleteRows(keys: readonly TableRow[]): Promise<void> {
    const { storage } = this.#parts;
    const table = this.#options.names.historyTable;
    const batches: TableRow[][] = [];
    for (let start = 0; start < keys.length; start += maxBatchRows)
      batches.push(keys.slice(start, start + maxBatchRows));
    await mapConcurrently(batches, maxConcurrentBatches, async (rows) => {
      const writes = rows.map(({ partitionKey, rowKey }) => {
        return { write: "delete" as const, row: { partitionKey, rowKey, columns: new Map() } };
      });
      const reply = await storage.perform({ kind: "table.batch", table, writes });
      if (reply.outcome === "done") return;
      // Someone deletes them too; what is left goes one by one.
      for (const { partitionKey, rowKey } of rows) {
        await storage.perform({ kind: "table.deleteRow", table, partitionKey, rowKey });
      }
    });
  }
}
