import { DurableError } from "../../core/errors.ts";
import type { HubNames } from "./hub-names.ts";
import { readAllRows } from "./storage/row-reader.ts";
import type { StorageClient } from "./storage/storage-client.ts";
import { edm, type TableRow } from "./storage/table-row.ts";

/** Creates and deletes what a task hub consists of. Creation happens once per object, and again after it failed. */
export class HubResources {
  readonly #storage: StorageClient;
  readonly #names: HubNames;
  #created: Promise<void> | undefined;

  constructor(storage: StorageClient, names: HubNames) {
    this.#storage = storage;
    this.#names = names;
  }

  /** @throws DurableError `InvalidOption` when the hub exists with another number of partitions */
  create(): Promise<void> {
    this.#created ??= this.#create().catch((error: unknown) => {
      this.#created = undefined;
      throw error;
    });
    return this.#created;
  }

  async #create(): Promise<void> {
    const names = this.#names;
    // First, and alone: a hub with another partition count must be left as it is.
    await this.#createPartitions();
    await Promise.all([
      ...[names.historyTable, names.instancesTable].map((table) =>
        this.#storage.perform({ kind: "table.create", table }),
      ),
      ...[...names.controlQueues, names.workItemQueue].map((queue) =>
        this.#storage.perform({ kind: "queue.create", queue }),
      ),
    ]);
  }

  async #createPartitions(): Promise<void> {
    const table = this.#names.partitionsTable;
    const existing = await readAllRows(this.#storage, { table });
    if (existing !== undefined && existing.length > 0) {
      this.#checkCount(existing);
      return;
    }
    await this.#storage.perform({ kind: "table.create", table });
    const rows = this.#names.controlQueues.map(freshPartition);
    const writes = rows.map((row) => ({ write: "insert" as const, row }));
    const inserted = await this.#storage.perform({ kind: "table.batch", table, writes });
    if (inserted.outcome === "done") return;
    // Someone else was faster, or an earlier attempt of ours.
    this.#checkCount((await readAllRows(this.#storage, { table })) ?? []);
  }

  #checkCount(rows: readonly TableRow[]): void {
    const expected = this.#names.controlQueues.length;
    if (rows.length === expected) return;
    throw new DurableError(
      "InvalidOption",
      `task hub ${this.#names.taskHub} has ${rows.length} partitions, but partitionCount is ${expected}; ` +
        "a hub keeps the count it was created with",
    );
  }

  async delete(): Promise<void> {
    const names = this.#names;
    this.#created = undefined;
    await Promise.all([
      ...[names.historyTable, names.instancesTable, names.partitionsTable].map((table) =>
        this.#storage.perform({ kind: "table.delete", table }),
      ),
      ...[...names.controlQueues, names.workItemQueue].map((queue) =>
        this.#storage.perform({ kind: "queue.delete", queue }),
      ),
      ...[names.largeMessagesContainer, ...names.leaseContainers].map((container) =>
        this.#storage.perform({ kind: "blob.deleteContainer", container }),
      ),
    ]);
  }
}

function freshPartition(queue: string): TableRow {
  return { partitionKey: "", rowKey: queue, columns: new Map([["IsDraining", edm.boolean(false)]]) };
}
