import type { Clock } from "../../../core/ports.ts";
import { type AzureStorageOptions, resolveAzureStorageOptions } from "../azure-storage-options.ts";
import { offloadableColumns, sentinelRowKey } from "../codec/history-row.ts";
import { escapeKey, unescapeKey } from "../codec/key-escaping.ts";
import type { HubNames } from "../hub-names.ts";
import { createTaskHubParts } from "../hub-parts.ts";
import { readAllRows } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { odataString, readString, type TableRow } from "../storage/table-row.ts";
import { auditInstance, type InstanceAudit, type StoredInstance } from "./audit-instance.ts";
import type { HubFinding } from "./hub-finding.ts";

export interface HubAudit {
  /** Instances with a row or a history, entities among them. */
  readonly instances: number;
  /** Those that have not ended, entities among them. */
  readonly running: number;
  /** By queue, hidden and scheduled messages too, about. */
  readonly messages: ReadonlyMap<string, number>;
  readonly findings: readonly HubFinding[];
}

export interface HubAuditOptions {
  /**
   * What is wrong with an instance counts when it is still so after this long and its history has not changed meanwhile,
   * in milliseconds: checkpoints are under way in a hub that works. @defaultValue 15,000
   */
  readonly graceMs?: number;
}

/** Where blobs of messages lie that nobody could run. */
const quarantineFolder = "quarantine";
const pageSize = 1000;

/**
 * Looks for what must not be in a task hub: reads all tables, queues and blobs, and writes nothing. It knows the format and
 * not what the instances are for, so that it can judge any hub, at rest or at work, also one that .NET works on.
 */
export class HubAuditor {
  readonly #storage: StorageClient;
  readonly #names: HubNames;
  readonly #clock: Clock;

  constructor(options: AzureStorageOptions) {
    const resolved = resolveAzureStorageOptions(options);
    this.#storage = createTaskHubParts(resolved).storage;
    this.#names = resolved.names;
    this.#clock = resolved.clock;
  }

  /** @throws DurableError `StorageUnavailable`, `StorageRejected` */
  async audit({ graceMs = 15_000 }: HubAuditOptions = {}): Promise<HubAudit> {
    // Before what they bring about: a message that goes while this reads has done its work by then.
    const messages = await this.countMessages();
    const rows = await this.#readInstanceRows();
    const audits = new Map<string, InstanceAudit>();
    const referred = new Map<string, string>();
    const known = new Set(rows.keys());
    for (const row of rows.values()) noteBlobs(row, referred);
    for await (const { key, history } of this.#readHistories()) {
      known.add(key);
      for (const row of history) noteBlobs(row, referred);
      audits.set(key, auditInstance(toInstance(key, rows.get(key), history)));
    }
    for (const [key, row] of rows) if (!audits.has(key)) audits.set(key, auditInstance(toInstance(key, row, [])));
    const blobs = await this.#auditBlobs(known, referred);
    const suspects = [...audits].filter(([, { findings }]) => findings.length > 0).map(([key]) => key);
    const confirmed = await this.#confirm(suspects, graceMs);
    const atRest = isEmpty(messages) && isEmpty(await this.countMessages());
    const lost = atRest ? this.#findLostWork(audits) : [];
    return {
      instances: audits.size,
      running: [...audits.values()].filter(({ hasEnded }) => !hasEnded).length,
      messages,
      findings: [...confirmed, ...lost, ...blobs],
    };
  }

  /** By queue, hidden and scheduled messages too, about. */
  async countMessages(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const queue of [...this.#names.controlQueues, this.#names.workItemQueue]) {
      const reply = await this.#storage.perform({ kind: "queue.count", queue });
      if (reply.outcome === "done") counts.set(queue, reply.value.messages);
    }
    return counts;
  }

  async #readInstanceRows(): Promise<ReadonlyMap<string, TableRow>> {
    const select = [...instanceColumns];
    const rows = await readAllRows(this.#storage, { table: this.#names.instancesTable, select });
    return new Map((rows ?? []).map((row) => [row.partitionKey, row]));
  }

  /** Instance by instance, so that no more than one history is in memory. */
  async *#readHistories(): AsyncGenerator<{ readonly key: string; readonly history: readonly TableRow[] }> {
    const table = this.#names.historyTable;
    let history: TableRow[] = [];
    let continuationToken: string | undefined;
    do {
      const select = [...historyColumns];
      const page = await this.#storage.perform({ kind: "table.query", table, select, pageSize, continuationToken });
      if (page.outcome !== "done") return;
      for (const row of page.value.rows) {
        const key = history[0]?.partitionKey;
        if (key !== undefined && key !== row.partitionKey) {
          yield { key, history };
          history = [];
        }
        history.push(row);
      }
      continuationToken = page.value.continuationToken;
    } while (continuationToken !== undefined);
    const key = history[0]?.partitionKey;
    if (key !== undefined) yield { key, history };
  }

  /** What is still wrong after a while, with those whose history has not moved meanwhile. */
  async #confirm(keys: readonly string[], graceMs: number): Promise<readonly HubFinding[]> {
    if (keys.length === 0) return [];
    const before = new Map<string, string | undefined>();
    for (const key of keys) before.set(key, versionOf((await this.#readInstance(key)).history));
    await this.#clock.sleep(graceMs);
    const findings: HubFinding[] = [];
    for (const key of keys) {
      const instance = await this.#readInstance(key);
      if (versionOf(instance.history) === before.get(key)) findings.push(...auditInstance(instance).findings);
    }
    return findings;
  }

  async #readInstance(key: string): Promise<StoredInstance> {
    const filter = `PartitionKey eq ${odataString(key)}`;
    const [history, rows] = await Promise.all([
      readAllRows(this.#storage, { table: this.#names.historyTable, filter, select: [...historyColumns] }),
      readAllRows(this.#storage, { table: this.#names.instancesTable, filter, select: [...instanceColumns] }),
    ]);
    return toInstance(key, rows?.[0], history ?? []);
  }

  /** With no message in any queue, nothing answers what is still asked but a child that runs. */
  #findLostWork(audits: ReadonlyMap<string, InstanceAudit>): readonly HubFinding[] {
    const hasEnded = (id: string | undefined) => (id === undefined ? true : audits.get(escapeKey(id))?.hasEnded);
    const findings: HubFinding[] = [];
    for (const [key, { openQuestions }] of audits) {
      for (const { eventId, type, childId, isDetached } of openQuestions) {
        if (isDetached) continue;
        if (type === "SubOrchestrationInstanceCreated" && hasEnded(childId) === false) continue;
        const text = `${type} ${eventId} has no answer, and no message is left that could bring one`;
        findings.push({ subject: unescapeKey(key), rule: "WorkLost", text });
      }
    }
    return findings;
  }

  async #auditBlobs(known: ReadonlySet<string>, referred: ReadonlyMap<string, string>): Promise<readonly HubFinding[]> {
    const container = this.#names.largeMessagesContainer;
    const missing = new Map(referred);
    const findings: HubFinding[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await this.#storage.perform({ kind: "blob.list", container, prefix: "", continuationToken });
      if (page.outcome !== "done") break;
      for (const name of page.value.names) {
        missing.delete(name);
        const folder = name.slice(0, Math.max(0, name.indexOf("/")));
        if (folder === quarantineFolder) {
          findings.push({ subject: name, rule: "MessageQuarantined", text: "nobody could run it" });
        } else if (!known.has(folder) && !known.has(escapeKey(folder))) {
          findings.push({ subject: folder, rule: "BlobForsaken", text: `${name} belongs to no instance` });
        }
      }
      continuationToken = page.value.continuationToken;
    } while (continuationToken !== undefined);
    // One that was replaced while this was read is in the rows no more.
    for (const [blob, key] of missing) {
      const now = new Map<string, string>();
      const { row, history } = await this.#readInstance(key);
      for (const each of [...history, ...(row === undefined ? [] : [row])]) noteBlobs(each, now);
      if (!now.has(blob)) continue;
      findings.push({ subject: unescapeKey(key), rule: "BlobMissing", text: `${blob} is not there` });
    }
    return findings;
  }
}

const keyColumns = ["PartitionKey", "RowKey"];
const blobColumns = offloadableColumns.map((column) => `${column}BlobName`);
const instanceColumns: readonly string[] = [
  ...keyColumns,
  ...["ExecutionId", "Name", "RuntimeStatus", "CreatedTime", "LastUpdatedTime", "CompletedTime"],
  ...["InputBlobName", "OutputBlobName"],
];
const historyColumns: readonly string[] = [
  ...keyColumns,
  ...["ExecutionId", "EventType", "EventId", "TaskScheduledId", "TimerId", "InstanceId", "Tags", "Name", "_Timestamp"],
  ...["OrchestrationStatus", "IsCheckpointComplete", "CheckpointCompletedTimestamp", "CheckpointPart"],
  ...["EventCount", "EventCountOf", "StartedWithoutMessage"],
  ...blobColumns,
];

function toInstance(key: string, row: TableRow | undefined, history: readonly TableRow[]): StoredInstance {
  return { instanceId: unescapeKey(key), row, history };
}

function isEmpty(messages: ReadonlyMap<string, number>): boolean {
  return [...messages.values()].every((count) => count === 0);
}

function versionOf(history: readonly TableRow[]): string | undefined {
  return history.find(({ rowKey }) => rowKey === sentinelRowKey)?.etag;
}

/** Blobs that a row refers to, with the key of their instance. */
function noteBlobs(row: TableRow, referred: Map<string, string>): void {
  for (const column of blobColumns) {
    const blob = readString(row, column);
    if (blob) referred.set(blob, row.partitionKey);
  }
}
