import { DurableError, messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Clock, LogSink } from "../../../core/ports.ts";
import { WakeSignal } from "../messaging/polling-backoff.ts";
import { readAllRows } from "../storage/row-reader.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import {
  applyLeaseStep,
  fromLeaseRow,
  type LeaseStep,
  nextLeaseStep,
  type PartitionLease,
  toLeaseRow,
} from "./partition-lease.ts";

export interface PartitionManagerOptions {
  readonly storage: StorageClient;
  readonly table: string;
  readonly workerId: string;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly taskHub: string;
  readonly leaseIntervalMs: number;
  readonly renewIntervalMs: number;
  readonly isDeadWorker: (workerId: string) => boolean;
  readonly isBusy: (queue: string) => boolean;
  /** The partition is ours: receive from its queue. Repeatable. */
  readonly listen: (queue: string) => void;
  /** The partition is not ours any more, or is about to be given up. Resolves once nothing is received. Repeatable. */
  readonly unlisten: (queue: string) => Promise<void>;
}

interface Decision {
  readonly lease: PartitionLease;
  readonly step: LeaseStep;
  readonly next: PartitionLease | undefined;
}

const drainCheckMs = 1000;
const minPauseMs = 100;
/** How long a lease is kept for its queue to be let go of. What comes from the queue later is put back. */
const letGoGraceMs = 2000;

/**
 * Keeps this worker's leases.
 *
 * M1. A queue is received from only between a write that made its partition ours and the step that gives it up.
 * M2. A lease is trusted for its interval, counted from before the request that renewed it, by this machine's clock.
 * M3. No lease waits for the queue of another.
 */
export class PartitionManager {
  readonly #options: PartitionManagerOptions;
  readonly #stopping = new AbortController();
  readonly #events: EventLog;
  readonly #pause: WakeSignal;
  /** When each of our leases was last renewed. */
  readonly #renewedAt = new Map<string, number>();
  /** Queues that are being let go of. */
  readonly #lettingGo = new Map<string, Promise<void>>();
  #running: Promise<void> | undefined;

  constructor(options: PartitionManagerOptions) {
    this.#options = options;
    this.#events = createEventLog(options.log, { taskHub: options.taskHub, workerId: options.workerId });
    this.#pause = new WakeSignal(options.clock);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** `true` while nobody else can have taken the partition, as far as the clock tells. */
  isOwned(queue: string): boolean {
    const renewedAt = this.#renewedAt.get(queue);
    return renewedAt !== undefined && this.#options.clock.now() - renewedAt < this.#options.leaseIntervalMs;
  }

  /** Gives all leases back. Does not wait for work under way: its commits fail from now on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const queue of this.#renewedAt.keys()) this.#letGo(queue);
    if (this.#renewedAt.size > 0) await this.#pass("release").catch((error: unknown) => this.#report(error));
    this.#renewedAt.clear();
    await this.#waitForQueues([...this.#lettingGo.keys()]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let pauseMs = this.#options.renewIntervalMs;
      try {
        pauseMs = await this.#pass();
      } catch (error) {
        this.#report(error);
        pauseMs = Math.min(pauseMs, drainCheckMs);
      }
      this.#dropExpired();
      await this.#pause.wait(pauseMs, signal);
    }
  }

  #report(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#events.write("PartitionPassFailed", `partitions could not be renewed: ${messageOf(error)}`, {});
  }

  /** One look at all leases. Resolves to the time until the next one, in milliseconds. */
  async #pass(forced?: "release"): Promise<number> {
    const { storage, table, workerId, clock, leaseIntervalMs, isDeadWorker, isBusy } = this.#options;
    const now = clock.now();
    const rows = await readAllRows(storage, { table });
    if (rows === undefined) throw new DurableError("StorageRejected", `the table ${table} does not exist`);
    const decisions = rows.map(fromLeaseRow).map((lease): Decision => {
      const viewer = { workerId, isDeadWorker, isBusy: isBusy(lease.queue) };
      const step =
        forced === undefined ? nextLeaseStep(lease, viewer, now) : lease.owner === workerId ? forced : "leave";
      return { lease, step, next: applyLeaseStep(lease, step, workerId, now, leaseIntervalMs) };
    });
    for (const { lease, step } of decisions) {
      const isLost = step === "leave" && this.#renewedAt.delete(lease.queue);
      if (isLost || step === "drain" || step === "release") this.#letGo(lease.queue);
    }
    const kept = decisions.filter(({ next, step }) => next !== undefined && step !== "release");
    const released = decisions.filter(({ step }) => step === "release");
    const written = await this.#write(kept); // M3
    for (const { lease, step } of written) this.#take(lease.queue, step, now);
    await this.#waitForQueues(released.map(({ lease }) => lease.queue));
    for (const { lease } of await this.#write(released)) this.#renewedAt.delete(lease.queue);
    const isWaiting = kept.some(({ step, lease }) => step === "drain" || this.#lettingGo.has(lease.queue));
    const isSoon = isWaiting || written.length < kept.length;
    return Math.min(this.#options.renewIntervalMs, isSoon ? drainCheckMs : untilExpiry(decisions, clock.now()));
  }

  #take(queue: string, step: LeaseStep, now: number): void {
    if (step === "claim") {
      this.#events.write("PartitionClaimed", `${this.#options.workerId} took ${queue}`, { queue });
    }
    this.#renewedAt.set(queue, now); // M2
    // A later pass listens to a queue that is still being let go of.
    if (step !== "drain" && !this.#lettingGo.has(queue)) this.#options.listen(queue); // M1
  }

  #letGo(queue: string): void {
    if (this.#lettingGo.has(queue)) return;
    const { unlisten } = this.#options;
    const end = unlisten(queue)
      .catch((error: unknown) => this.#report(error))
      .finally(() => this.#lettingGo.delete(queue));
    this.#lettingGo.set(queue, end);
  }

  /** Resolves once the queues are let go of, or after a time that the other leases can do without. */
  async #waitForQueues(queues: readonly string[]): Promise<void> {
    const waits = queues.flatMap((queue) => this.#lettingGo.get(queue) ?? []);
    if (waits.length === 0) return;
    const over = new AbortController();
    await Promise.race([Promise.all(waits), this.#options.clock.sleep(letGoGraceMs, over.signal)]);
    over.abort();
  }

  /** All rows in one request; one by one when a row was changed by someone else meanwhile. */
  async #write(decisions: readonly Decision[]): Promise<readonly Decision[]> {
    if (decisions.length === 0) return [];
    const { storage, table } = this.#options;
    const update = ({ lease, next }: Decision) =>
      ({ write: "update", mode: "replace", row: toLeaseRow(next!), etag: lease.etag }) as const;
    const together = await storage.perform({ kind: "table.batch", table, writes: decisions.map(update) });
    if (together.outcome === "done") return decisions;
    const replies = await Promise.all(
      decisions.map(async (decision) => {
        const { mode, row, etag } = update(decision);
        return await storage.perform({ kind: "table.update", table, mode, row, etag });
      }),
    );
    return decisions.filter((_, index) => replies[index]!.outcome === "done");
  }

  /** While the storage is away others cannot see us renew: what has run out is not ours to receive from. */
  #dropExpired(): void {
    for (const queue of [...this.#renewedAt.keys()]) {
      if (this.isOwned(queue)) continue;
      this.#renewedAt.delete(queue);
      this.#letGo(queue);
    }
  }
}

/** Until a lease of somebody else runs out, should they not renew it: whoever has died is succeeded at once then. */
function untilExpiry(decisions: readonly Decision[], now: number): number {
  const ends = decisions.flatMap(({ lease, step }) => (step === "leave" ? (lease.expiresAt?.getTime() ?? []) : []));
  return Math.max(minPauseMs, Math.min(...ends) - now + minPauseMs);
}
