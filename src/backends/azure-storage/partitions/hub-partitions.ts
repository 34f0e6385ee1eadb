import { DurableError, isDurableError } from "../../../core/errors.ts";
import type { PartitionManagement } from "../../../core/partition-management.ts";
import type { Clock } from "../../../core/ports.ts";
import { controlQueueName, type HubNames, maxPartitions, partitionNumber } from "../hub-names.ts";
import { readAllRows } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ListedLease } from "../storage/storage-request.ts";
import type { TableRow } from "../storage/table-row.ts";
import { createLeaseBlobs } from "./lease-folder.ts";
import { freeLease, toLeaseRow } from "./partition-lease.ts";
import { detectManagement, type FoundManagement } from "./partition-management.ts";
import { readPartitionCount, taskHubInfoBlob, writeTaskHubInfo } from "./task-hub-info.ts";

export interface HubPartitionsOptions {
  readonly storage: StorageClient;
  readonly names: HubNames;
  readonly clock: Clock;
  /** How workers keep partitions. @defaultValue as the hub shows, `table` for a new one */
  readonly management: PartitionManagement | undefined;
}

const maxInfoBytes = 64 * 1024;

/**
 * The partitions of a hub as it is opened: made when there are none, else looked at for their number and for how workers
 * keep them. What is missing of them is the business of the workers, who know what each of them has.
 */
export class HubPartitions {
  readonly #options: HubPartitionsOptions;
  #found: FoundManagement | undefined;
  /** This object has begun to make them. */
  #isNew = false;

  constructor(options: HubPartitionsOptions) {
    this.#options = options;
  }

  /** Once they are made or looked at. */
  get management(): PartitionManagement {
    return this.#options.management ?? this.#found?.management ?? "table";
  }

  /** @throws DurableError `InvalidOption` when others work on the hub now who keep its partitions in another way */
  assertManagement(): void {
    const { names, management } = this.#options;
    const found = this.#found;
    if (management === undefined || found === undefined || !found.isInUse || found.management === management) return;
    throw new DurableError(
      "InvalidOption",
      `the workers of task hub ${names.taskHub} keep its partitions in the way '${found.management}', but ` +
        `partitionManagement is '${management}'; workers of both would run every instance twice`,
    );
  }

  /**
   * Resolves to `true` when there were none.
   *
   * @throws DurableError `InvalidOption` when there is another number of them
   */
  async create(): Promise<boolean> {
    const { storage, names, clock } = this.#options;
    const rows = await readAllRows(storage, { table: names.partitionsTable });
    const partitions = rows?.filter((row) => this.#numberOf(row) !== undefined) ?? [];
    const inTable = detectManagement({ rows: partitions, blobs: [] }, clock.now());
    // The usual case takes one request.
    if (inTable?.isInUse === true && this.#isWhole(partitions)) {
      this.#found = inTable;
      return false;
    }
    const blobs = await this.#listLeases();
    this.#found = detectManagement({ rows: partitions, blobs }, clock.now());
    this.#isNew ||= partitions.length === 0 && blobs.length === 0;
    const isNew = this.#isNew;
    if (!isNew) await this.#checkCount(partitions, blobs);
    if (this.management !== "table") await this.#createOnBlobs(blobs);
    else if (isNew) await this.#createInTable();
    return isNew;
  }

  #numberOf({ partitionKey, rowKey }: TableRow): number | undefined {
    return partitionKey === "" ? partitionNumber(this.#options.names, rowKey) : undefined;
  }

  #isWhole(partitions: readonly TableRow[]): boolean {
    const { controlQueues } = this.#options.names;
    const found = new Set(partitions.map(({ rowKey }) => rowKey));
    return found.size === controlQueues.length && controlQueues.every((queue) => found.has(queue));
  }

  async #listLeases(): Promise<readonly ListedLease[]> {
    const { storage, names } = this.#options;
    const found: ListedLease[] = [];
    const container = names.leasesContainer;
    let continuationToken: string | undefined;
    try {
      do {
        const page = await storage.perform({ kind: "blob.listLeases", container, prefix: "", continuationToken });
        if (page.outcome !== "done") break;
        found.push(...page.value.blobs);
        continuationToken = page.value.continuationToken;
      } while (continuationToken !== undefined);
    } catch (error) {
      // Whoever may not see blobs does not work with them.
      if (!isDurableError(error, "StorageRejected")) throw error;
    }
    return found;
  }

  /** A row that is missing makes no smaller hub of it, and a foreign one no larger. */
  async #checkCount(partitions: readonly TableRow[], blobs: readonly ListedLease[]): Promise<void> {
    const { names } = this.#options;
    const expected = names.controlQueues.length;
    if (this.management === "table" && this.#isWhole(partitions)) return;
    const told = blobs.some(({ blob }) => blob === taskHubInfoBlob) ? await this.#readCount() : undefined;
    if (told === expected) return;
    const inTable = partitions.map((row) => this.#numberOf(row)!);
    const onBlobs = blobs.flatMap(({ blob }) => partitionNumber(names, blob.slice(blob.indexOf("/") + 1)) ?? []);
    const seen = 1 + Math.max(-1, ...inTable, ...onBlobs);
    if (told === undefined && (seen === expected || seen === 0)) return;
    if (told === undefined && seen < expected && (await this.#hasQueues(expected))) return;
    throw new DurableError(
      "InvalidOption",
      `task hub ${names.taskHub} has ${told ?? seen} partitions, but partitionCount is ${expected}; ` +
        "a hub keeps the count it was created with",
    );
  }

  async #readCount(): Promise<number | undefined> {
    const { storage, names } = this.#options;
    const info = { container: names.leasesContainer, blob: taskHubInfoBlob, maxBytes: maxInfoBytes };
    const reply = await storage.perform({ kind: "blob.get", ...info });
    return reply.outcome === "done" ? readPartitionCount(reply.value) : undefined;
  }

  /** Nobody deletes queues of a hub: they show how many partitions it has. */
  async #hasQueues(count: number): Promise<boolean> {
    const { storage, names } = this.#options;
    const exists = async (partition: number) => {
      if (partition >= maxPartitions) return false;
      const queue = controlQueueName(names.taskHub.toLowerCase(), partition);
      return (await storage.perform({ kind: "queue.exists", queue })).outcome === "done";
    };
    const [hasLast, hasMore] = await Promise.all([exists(count - 1), exists(count)]);
    return hasLast && !hasMore;
  }

  async #createInTable(): Promise<void> {
    const { storage, names } = this.#options;
    const table = names.partitionsTable;
    await storage.perform({ kind: "table.create", table });
    const writes = names.controlQueues.map((queue) => ({
      write: "insert" as const,
      row: toLeaseRow(freeLease(queue)),
    }));
    const inserted = await storage.perform({ kind: "table.batch", table, writes });
    if (inserted.outcome !== "done") {
      // Someone else was faster, or an earlier attempt of ours.
      const rows = (await readAllRows(storage, { table })) ?? [];
      await this.#checkCount(
        rows.filter((row) => this.#numberOf(row) !== undefined),
        [],
      );
    }
    await this.#writeInfo();
  }

  async #createOnBlobs(blobs: readonly ListedLease[]): Promise<void> {
    if (!blobs.some(({ blob }) => blob === taskHubInfoBlob)) await this.#writeInfo();
    const { storage, names } = this.#options;
    const folders = this.management === "safe" ? (["intent", "ownership"] as const) : (["default"] as const);
    await Promise.all(
      folders.map(async (folder) => {
        const missing = names.controlQueues.filter((queue) => !blobs.some(({ blob }) => blob === `${folder}/${queue}`));
        await createLeaseBlobs(storage, names.leasesContainer, folder, missing);
      }),
    );
  }

  /** Without it the hub works as well: it is there for a table that is damaged. */
  async #writeInfo(): Promise<void> {
    const { storage, names, clock } = this.#options;
    const container = names.leasesContainer;
    const content = writeTaskHubInfo({
      taskHub: names.taskHub,
      createdAt: new Date(clock.now()),
      partitionCount: names.controlQueues.length,
    });
    try {
      await storage.perform({ kind: "blob.createContainer", container });
      await storage.perform({ kind: "blob.put", container, blob: taskHubInfoBlob, content, ifAbsent: true });
    } catch (error) {
      if (!isDurableError(error, "StorageRejected")) throw error;
    }
  }
}
