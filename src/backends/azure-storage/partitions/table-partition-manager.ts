import { DurableError, messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Random } from "../../../core/ports.ts";
import { WakeSignal } from "../messaging/polling-backoff.ts";
import { readAllRows } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { TableRow, TableWrite } from "../storage/table-row.ts";
import { LeaseSightings, uniqueWorkerId } from "./lease-sightings.ts";
import { OtherWorkers, othersOf } from "./other-workers.ts";
import {
  applyLeaseStep,
  freeLease,
  fromLeaseRow,
  hasCredibleEnd,
  type LeaseViewer,
  type PartitionLease,
  toLeaseRow,
} from "./partition-lease.ts";
import { longestDrainMs, type PartitionManager, type PartitionManagerOptions } from "./partition-manager.ts";
import { type PlannedStep, planPartitions } from "./partition-plan.ts";
import { QueueListeners } from "./queue-listeners.ts";

export interface TablePartitionManagerOptions extends PartitionManagerOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly random: Random;
  readonly leaseIntervalMs: number;
  readonly renewIntervalMs: number;
}

interface Decision extends PlannedStep {
  /** The row to write. */
  readonly next: PartitionLease | undefined;
}

/** While something is on its way from one worker to another, and beside others. */
const closeLookMs = 1000;
const leavingPauseMs = 100;
const minPauseMs = 100;
/** The deletion of a hub takes its table and its queues, not at one time. */
const hubDeletionMs = 2000;
/** How often a stop tries to give up what it has. */
const mostReleases = 5;
/** Of the workers that have partitions, so many look closely at the others. */
const closeLookers = 4;
/** .NET's lease: whoever has not renewed for so long has lost it. */
const leastAbandonedMs = 30_000;

/**
 * Keeps this worker's leases in the Partitions table, beside workers of .NET and of ours.
 *
 * M1. A queue is received from only between a write that made its partition ours and the step that gives it up.
 * M2. A lease is trusted for its interval, counted from before the request that renewed it, by this machine's clock.
 * M3. No lease waits for the queue of another.
 * M4. A worker that has all partitions does not read the table: whoever asks for one changes its row, and the next
 *     renewal, which names the version of each row, finds out. Beside others it looks every second, so that what they
 *     give up is served within two.
 * M5. A row that is missing is made again: at once by the worker that has the partition, by another when nobody can have
 *     it any more. Rows that are no partitions of the hub are passed over.
 * M6. A worker that meets a living process of its own id takes another. What a dead one of its id had it takes as soon as
 *     that has missed a renewal.
 */
export class TablePartitionManager implements PartitionManager {
  readonly #options: TablePartitionManagerOptions;
  readonly #stopping = new AbortController();
  readonly #log: EventLog;
  readonly #pause: WakeSignal;
  readonly #listeners: QueueListeners;
  readonly #sightings: LeaseSightings;
  /** Since when the table is not there. */
  #missingSince: number | undefined;
  /** When each of our leases was last renewed. */
  readonly #renewedAt = new Map<string, number>();
  readonly #drainingSince = new Map<string, number>();
  /** Our leases as they were last written, while we have all of them. */
  #all: readonly PartitionLease[] = [];
  /** Who else has partitions, as of the last look. */
  #others: readonly string[] = [];
  readonly #otherWorkers: OtherWorkers;
  #nextLookAt = 0;
  #workerId: string;
  #isLeaving = false;
  #running: Promise<void> | undefined;

  constructor(options: TablePartitionManagerOptions) {
    this.#options = options;
    this.#workerId = options.workerId;
    this.#log = createEventLog(options.log, { taskHub: options.taskHub, workerId: options.workerId });
    this.#otherWorkers = new OtherWorkers(this.#log);
    this.#pause = new WakeSignal(options.clock);
    this.#sightings = new LeaseSightings(
      Math.max(options.leaseIntervalMs, leastAbandonedMs),
      options.renewIntervalMs * 1.5,
    );
    this.#listeners = new QueueListeners({ ...options, onError: (error) => this.#report(error) });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  isOwned(queue: string): boolean {
    const renewedAt = this.#renewedAt.get(queue);
    return renewedAt !== undefined && this.#options.clock.now() - renewedAt < this.#options.leaseIntervalMs;
  }

  beginStop(): void {
    this.#isLeaving = true;
    this.#nextLookAt = 0;
    this.#pause.wake();
  }

  async stop(): Promise<void> {
    this.#isLeaving = true;
    this.#stopping.abort();
    await this.#running;
    for (const queue of this.#renewedAt.keys()) this.#listeners.letGo(queue);
    // Others may change the rows meanwhile, as they want what is given up.
    for (let attempt = 0; attempt < mostReleases && this.#renewedAt.size > 0; attempt++) {
      await this.#pass(() => false).catch((error: unknown) => this.#report(error));
    }
    this.#renewedAt.clear();
    await this.#listeners.waitForAll();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let pauseMs = Math.min(closeLookMs, this.#options.renewIntervalMs);
      try {
        pauseMs = await this.#round();
      } catch (error) {
        this.#report(error);
      }
      this.#dropExpired();
      await this.#pause.wait(pauseMs, signal);
    }
  }

  #report(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#log.write("PartitionPassFailed", `partitions could not be renewed: ${messageOf(error)}`, {});
  }

  /** Resolves to the time until the next one, in milliseconds. */
  async #round(): Promise<number> {
    const { clock, isDeadWorker, renewIntervalMs } = this.#options;
    if (this.#isLeaving && this.#renewedAt.size === 0) return renewIntervalMs;
    const waitMs = this.#nextLookAt - clock.now();
    // Whoever has died on this machine is seen to be dead without asking storage.
    if (waitMs > 0 && !this.#others.some(isDeadWorker)) return Math.min(waitMs, closeLookMs);
    const isRenewed = await this.#renewAll(); // M4
    const pauseMs = isRenewed ? renewIntervalMs : await this.#pass(this.#options.isBusy);
    this.#nextLookAt = clock.now() + pauseMs;
    return this.#others.length === 0 ? pauseMs : Math.min(pauseMs, closeLookMs);
  }

  /** Renews what nobody has touched. Resolves to `false` when the table has to be read. */
  async #renewAll(): Promise<boolean> {
    const { storage, table, clock, leaseIntervalMs } = this.#options;
    const leases = this.#all;
    this.#all = [];
    if (leases.length === 0 || this.#isLeaving || !leases.every(({ queue }) => this.#isServed(queue))) return false;
    const now = clock.now();
    this.#sightings.noteRenewal(now);
    const renewed = leases.map((lease) => applyLeaseStep(lease, "renew", this.#workerId, now, leaseIntervalMs)!);
    const writes = renewed.map(toWrite);
    const reply = await storage.perform({ kind: "table.batch", table, writes });
    if (reply.outcome !== "done") return false;
    for (const { queue } of renewed) this.#take(queue, now);
    this.#keepAll(renewed, reply.value.etags);
    return true;
  }

  #isServed(queue: string): boolean {
    return this.isOwned(queue) && !this.#listeners.isLettingGo(queue);
  }

  /** With the tags of all of them the table need not be read before the next renewal. */
  #keepAll(leases: readonly PartitionLease[], etags: readonly (string | undefined)[]): void {
    this.#all =
      etags.filter(Boolean).length < leases.length ? [] : leases.map((lease, i) => ({ ...lease, etag: etags[i] }));
  }

  /** One look at all leases. Resolves to the time until the next one, in milliseconds. */
  async #pass(isBusy: (queue: string) => boolean): Promise<number> {
    const { clock, leaseIntervalMs, renewIntervalMs, isDeadWorker } = this.#options;
    const now = clock.now();
    const found = await this.#read();
    this.#sightings.see(found, now);
    const leases = this.#withoutNamesakes(found, now);
    const plan = planPartitions(leases, (lease) => this.#viewerOf(lease, isBusy, now), now);
    const decisions = plan.map((planned): Decision => {
      const isUnchanged = this.#isAsItShouldBe(planned, now);
      const next = applyLeaseStep(planned.lease, planned.step, this.#workerId, now, leaseIntervalMs);
      return { ...planned, next: isUnchanged ? undefined : next };
    });
    for (const { lease, step } of decisions) {
      if (step === "drain" && !this.#drainingSince.has(lease.queue)) this.#drainingSince.set(lease.queue, now);
      else if (step !== "drain") this.#drainingSince.delete(lease.queue);
      const isLost = (step === "leave" || step === "ask") && this.#renewedAt.delete(lease.queue);
      if (isLost || step === "drain" || step === "release") this.#listeners.letGo(lease.queue);
    }
    const kept = decisions.filter(({ next, step }) => next !== undefined && step !== "release");
    const released = decisions.filter(({ step }) => step === "release");
    const written = await this.#write(kept, now); // M3
    for (const decision of written) this.#noteWritten(decision, now);
    for (const { lease, next, step } of decisions) {
      // A later pass listens to a queue that is still being let go of.
      if (step === "renew" && next === undefined) this.#listeners.listen(lease.queue);
    }
    const queuesLeft = released.map(({ lease }) => lease.queue);
    await this.#listeners.waitFor(queuesLeft);
    const releasedRows = await this.#write(released, now);
    for (const { lease } of releasedRows) this.#noteReleased(lease);
    this.#others = othersOf(leases, this.#workerId).filter((id) => !isDeadWorker(id));
    this.#otherWorkers.tell(this.#options.taskHub, this.#others);
    if (this.#isLeaving) return leavingPauseMs;
    const isMoving = plan.some(({ lease, step }) => {
      return step === "drain" || step === "ask" || lease.nextOwner === this.#workerId;
    });
    const isUnsure = leases.length < found.length;
    const isBehind = written.length < kept.length || releasedRows.length < released.length;
    const isLettingGo = kept.some(({ lease }) => this.#listeners.isLettingGo(lease.queue));
    if (isBehind) return minPauseMs;
    const isClose = isMoving || isLettingGo || isUnsure || this.#isCloseLooker();
    return Math.min(this.#untilRenewal(), isClose ? closeLookMs : renewIntervalMs, untilExpiry(plan, clock.now()));
  }

  /** Leases that were claimed at different times are due at different times. */
  #untilRenewal(): number {
    const now = this.#options.clock.now();
    const ages = [...this.#renewedAt.values()].map((renewedAt) => now - renewedAt);
    return Math.max(minPauseMs, this.#options.renewIntervalMs - Math.max(0, ...ages));
  }

  #viewerOf(lease: PartitionLease, isBusy: (queue: string) => boolean, now: number): LeaseViewer {
    const { isDeadWorker } = this.#options;
    const drainingSince = this.#drainingSince.get(lease.queue) ?? now;
    return {
      workerId: this.#workerId,
      isDeadWorker,
      isLeaving: this.#isLeaving,
      isBusy: isBusy(lease.queue) && now - drainingSince < longestDrainMs,
      isUntouched: this.#sightings.isUntouched(lease.queue, now),
    };
  }

  /** The leases of all partitions of the hub, whatever the table holds. */
  async #read(): Promise<readonly PartitionLease[]> {
    const { storage, table, queues, clock } = this.#options;
    let rows = await readAllRows(storage, { table });
    if (rows === undefined) {
      if (this.#isLeaving) return [];
      await this.#restoreTable();
      rows = [];
    } else this.#missingSince = undefined;
    const known = new Map(rows.filter(({ partitionKey }) => partitionKey === "").map((row) => [row.rowKey, row]));
    const now = clock.now();
    const leases = queues.map((queue) => {
      const row = known.get(queue);
      return row === undefined ? freeLease(queue) : fromLeaseRow(row);
    });
    const hasOthers = leases.some((lease) => {
      return lease.owner !== undefined && lease.owner !== this.#workerId && !this.#options.isDeadWorker(lease.owner);
    });
    return leases.flatMap((lease) => {
      if (lease.etag !== undefined) return lease;
      if (this.#isLeaving) return [];
      this.#sightings.see([lease], now);
      // M5. Another worker may still have it, and makes its row again itself.
      if (hasOthers && !this.isOwned(lease.queue) && !this.#sightings.isUntouched(lease.queue, now)) return [];
      return lease;
    });
  }

  /** A hub whose queues are gone too was deleted, and stays so. @throws DurableError `StorageRejected` until that is sure */
  async #restoreTable(): Promise<void> {
    const { storage, table, queues, clock } = this.#options;
    this.#missingSince ??= clock.now();
    const isDeletionOver = clock.now() - this.#missingSince >= hubDeletionMs;
    const hasQueue =
      isDeletionOver && (await storage.perform({ kind: "queue.exists", queue: queues[0]! })).outcome === "done";
    if (!hasQueue) throw new DurableError("StorageRejected", `the table ${table} does not exist`);
    await storage.perform({ kind: "table.create", table });
  }

  /** It is kept or drained, its row says so, and it need not be renewed yet. */
  #isAsItShouldBe({ lease, step }: PlannedStep, now: number): boolean {
    const { renewIntervalMs } = this.#options;
    const renewedAt = this.#renewedAt.get(lease.queue);
    if (renewedAt === undefined || now - renewedAt >= renewIntervalMs - minPauseMs) return false;
    if (lease.lastRenewal?.getTime() !== renewedAt) return false;
    if (step === "drain") return lease.isDraining;
    return step === "renew" && lease.nextOwner === undefined && !lease.isDraining;
  }

  /** M6. What a process of our id has left is free once it is surely dead; until that is known its rows are let alone. */
  #withoutNamesakes(leases: readonly PartitionLease[], now: number): readonly PartitionLease[] {
    const seen = leases.map((lease) => [lease, this.#sightings.namesakeOf(lease, this.#workerId, now)] as const);
    if (seen.some(([, namesake]) => namesake === "alive")) {
      this.#takeOtherId();
      return leases;
    }
    return seen.flatMap(([lease, namesake]) => {
      if (namesake === "silent") return [];
      return namesake === "dead" ? { ...lease, owner: undefined, nextOwner: undefined } : lease;
    });
  }

  #takeOtherId(): void {
    const taken = this.#workerId;
    this.#workerId = uniqueWorkerId(this.#options.workerId, this.#options.random.guid());
    for (const queue of this.#renewedAt.keys()) this.#listeners.letGo(queue);
    this.#renewedAt.clear();
    const text = `another process works as ${taken}; this one goes on as ${this.#workerId}`;
    this.#log.write("WorkerIdTaken", text, {});
  }

  #noteWritten({ lease, step }: Decision, now: number): void {
    const { queue } = lease;
    if (step === "claim" || step === "renew" || step === "drain") this.#renewedAt.set(queue, now); // M2
    if (lease.etag === undefined) this.#log.write("PartitionRowRestored", `the row of ${queue} was missing`, { queue });
    if (step === "claim") this.#log.write("PartitionClaimed", `${this.#workerId} took ${queue}`, { queue });
    if (step === "claim" || step === "renew") this.#take(queue, now);
    if (step === "ask") {
      const text = `${this.#workerId} asks ${lease.owner ?? "nobody"} for ${queue}`;
      this.#log.write("PartitionRequested", text, { queue });
    }
  }

  #take(queue: string, now: number): void {
    this.#renewedAt.set(queue, now); // M2
    this.#listeners.listen(queue); // M1
  }

  #noteReleased({ queue, nextOwner }: PartitionLease): void {
    this.#renewedAt.delete(queue);
    const text = `${this.#workerId} gave ${queue} up${nextOwner === undefined ? "" : ` to ${nextOwner}`}`;
    this.#log.write("PartitionReleased", text, { queue });
  }

  #isCloseLooker(): boolean {
    if (this.#others.length === 0) return false;
    if (this.#renewedAt.size === 0) return true;
    return [...this.#others, this.#workerId].sort().indexOf(this.#workerId) < closeLookers;
  }

  /** All rows in one request; one by one when a row was changed by someone else meanwhile. */
  async #write(decisions: readonly Decision[], now: number): Promise<readonly Decision[]> {
    if (decisions.length === 0) return [];
    const { storage, table, queues } = this.#options;
    this.#sightings.noteRenewal(now);
    const writes = decisions.map(({ lease, next }) => toWrite({ ...next!, etag: lease.etag }));
    const together = await storage.perform({ kind: "table.batch", table, writes });
    if (together.outcome === "done") {
      const isAll =
        decisions.length === queues.length && decisions.every(({ step }) => step === "renew" || step === "claim");
      if (isAll)
        this.#keepAll(
          decisions.map(({ next }) => next!),
          together.value?.etags ?? [],
        );
      return decisions;
    }
    const replies = await Promise.all(
      writes.map(async (write) => {
        const { row } = write;
        if (write.write === "insert") return await storage.perform({ kind: "table.insert", table, row });
        return await storage.perform({ kind: "table.update", table, mode: "replace", row, etag: write.etag });
      }),
    );
    return decisions.filter((_, index) => replies[index]!.outcome === "done");
  }

  /** While the storage is away others cannot see us renew: what has run out is not ours to receive from. */
  #dropExpired(): void {
    for (const queue of [...this.#renewedAt.keys()]) {
      if (this.isOwned(queue)) continue;
      this.#renewedAt.delete(queue);
      this.#listeners.letGo(queue);
    }
  }
}

type RowWrite = Extract<TableWrite, { readonly write: "insert" | "update" }>;

function toWrite(lease: PartitionLease): RowWrite {
  const row: TableRow = toLeaseRow(lease);
  return lease.etag === undefined
    ? { write: "insert", row }
    : { write: "update", mode: "replace", row, etag: lease.etag };
}

/** Until a lease of somebody else runs out, should they not renew it: whoever has died is succeeded at once then. */
function untilExpiry(plan: readonly PlannedStep[], now: number): number {
  const ends = plan.flatMap(({ lease, step }) => {
    return step === "leave" && hasCredibleEnd(lease, now) ? lease.expiresAt!.getTime() : [];
  });
  return Math.max(minPauseMs, Math.min(...ends) - now + minPauseMs);
}
