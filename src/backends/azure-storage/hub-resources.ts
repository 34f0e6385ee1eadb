import { isDurableError } from "../../core/errors.ts";
import { createEventLog } from "../../core/event-log.ts";
import type { PartitionManagement } from "../../core/partition-management.ts";
import type { Clock, LogSink } from "../../core/ports.ts";
import type { WorkerPresence } from "../../engine/backend.ts";
import type { HubNames } from "./hub-names.ts";
import { HubPartitions } from "./partitions/hub-partitions.ts";
import { fromLeaseRow } from "./partitions/partition-lease.ts";
import { readAllRows } from "./storage/row-reader.ts";
import type { StorageClient } from "./storage/storage-client.ts";
import type { StorageRequestOf } from "./storage/storage-request.ts";

export interface HubResourcesOptions {
  readonly storage: StorageClient;
  readonly names: HubNames;
  readonly clock: Clock;
  readonly log: LogSink;
  /** How long a creation waits for a hub of the same name to be deleted. */
  readonly creationTimeoutMs: number;
  readonly partitionManagement?: PartitionManagement | undefined;
}

const deletionCheckMs = 2000;

/** Creates and deletes what a task hub consists of. Creation happens once per object, and again after it failed. */
export class HubResources {
  readonly #options: HubResourcesOptions;
  readonly #storage: StorageClient;
  readonly #names: HubNames;
  readonly #partitions: HubPartitions;
  #created: Promise<void> | undefined;
  /** This object has begun to make the hub. */
  #isNew = false;

  constructor(options: HubResourcesOptions) {
    this.#options = options;
    this.#storage = options.storage;
    this.#names = options.names;
    this.#partitions = new HubPartitions({ ...options, management: options.partitionManagement });
  }

  /**
   * Like {@link create}, but waits while a hub of this name is being deleted, which takes the service most of a minute.
   *
   * @throws as {@link create}, `StorageBeingDeleted` after the time for it
   */
  async createWhenDeleted(): Promise<void> {
    const { clock, log, creationTimeoutMs } = this.#options;
    const events = createEventLog(log, { taskHub: this.#names.taskHub });
    const giveUpAt = clock.now() + creationTimeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.create();
      } catch (error) {
        const isOver = clock.now() + deletionCheckMs > giveUpAt;
        if (!isDurableError(error, "StorageBeingDeleted") || isOver) throw error;
        const { taskHub } = this.#names;
        if (attempt === 1) {
          const message = `a task hub ${taskHub} is being deleted; its creation waits up to ${creationTimeoutMs} ms`;
          events.write("TaskHubBeingDeleted", message, {});
        }
      }
      await clock.sleep(deletionCheckMs);
    }
  }

  /**
   * @throws DurableError `InvalidOption` when the hub exists with another number of partitions; `StorageBeingDeleted`;
   *   or what storage throws
   */
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
    if (await this.#partitions.create()) this.#isNew = true;
    const container = names.largeMessagesContainer;
    await Promise.all([
      // Whoever needs it makes it. Here it is made only to wait for one that is being deleted.
      ...(this.#isNew ? [this.#storage.perform({ kind: "blob.createContainer", container })] : []),
      ...[names.historyTable, names.instancesTable].map((table) =>
        this.#storage.perform({ kind: "table.create", table }),
      ),
      ...[...names.controlQueues, names.workItemQueue].map((queue) =>
        this.#storage.perform({ kind: "queue.create", queue }),
      ),
    ]);
  }

  /** How the workers of the hub keep its partitions; known once it is created. */
  get partitionManagement(): PartitionManagement {
    return this.#partitions.management;
  }

  /** For workers. @throws DurableError `InvalidOption` when others keep the partitions in another way now */
  assertPartitionManagement(): void {
    this.#partitions.assertManagement();
  }

  /**
   * Who holds a partition at the moment; `undefined` when the hub does not exist. Creates nothing.
   *
   * @throws DurableError what storage throws
   */
  async readWorkers(): Promise<readonly WorkerPresence[] | undefined> {
    const { partitionsTable, instancesTable } = this.#names;
    const rows = await readAllRows(this.#storage, { table: partitionsTable });
    if (rows === undefined) {
      // A hub whose workers keep their leases elsewhere.
      const probe = { kind: "table.query", table: instancesTable, pageSize: 1, select: ["PartitionKey"] } as const;
      return (await this.#storage.perform(probe)).outcome === "done" ? [] : undefined;
    }
    const workers = new Map<string, Date | undefined>();
    for (const { owner, expiresAt } of rows.map(fromLeaseRow)) {
      if (owner === undefined || (expiresAt !== undefined && expiresAt.getTime() <= this.#options.clock.now()))
        continue;
      const known = workers.get(owner);
      workers.set(owner, known !== undefined && expiresAt !== undefined && known > expiresAt ? known : expiresAt);
    }
    return [...workers].map(([workerId, until]) => ({ workerId, until }));
  }

  async delete(): Promise<void> {
    const names = this.#names;
    this.#created = undefined;
    // Whoever works on the hub holds it, and nobody can delete a container that is leased.
    await this.#remove({ kind: "blob.breakLease", container: names.appLeaseContainer });
    await Promise.all([
      ...[names.historyTable, names.instancesTable, names.partitionsTable].map((table) =>
        this.#remove({ kind: "table.delete", table }),
      ),
      ...names.deletedQueues.map((queue) => this.#remove({ kind: "queue.delete", queue })),
      ...[names.largeMessagesContainer, names.leasesContainer, names.appLeaseContainer].map((container) =>
        this.#remove({ kind: "blob.deleteContainer", container }),
      ),
    ]);
  }

  /** Being deleted is as good as deleted. */
  async #remove(
    request: StorageRequestOf<"table.delete" | "queue.delete" | "blob.deleteContainer" | "blob.breakLease">,
  ): Promise<void> {
    try {
      await this.#storage.perform(request);
    } catch (error) {
      if (!isDurableError(error, "StorageBeingDeleted")) throw error;
    }
  }
}
