import { DurableError } from "../../../core/errors.ts";
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

/**
 * Keeps this worker's leases.
 *
 * M1. A queue is received from only between a write that made its partition ours and the step that gives it up.
 * M2. A lease is trusted for its interval, counted from before the request that renewed it, by this machine's clock.
 */
export class PartitionManager {
  readonly #options: PartitionManagerOptions;
  readonly #stopping = new AbortController();
  readonly #pause: WakeSignal;
  /** When each of our leases was last renewed. */
  readonly #renewedAt = new Map<string, number>();
  #running: Promise<void> | undefined;

  constructor(options: PartitionManagerOptions) {
    this.#options = options;
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
    const owned = [...this.#renewedAt.keys()];
    await Promise.all(owned.map((queue) => this.#options.unlisten(queue)));
    if (owned.length === 0) return;
    await this.#pass("release").catch((error: unknown) => this.#report(error));
    this.#renewedAt.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let pauseMs = this.#options.renewIntervalMs;
      try {
        if (await this.#pass()) pauseMs = Math.min(pauseMs, drainCheckMs);
      } catch (error) {
        this.#report(error);
        pauseMs = Math.min(pauseMs, drainCheckMs);
      }
      await this.#dropExpired();
      await this.#pause.wait(pauseMs, signal);
    }
  }

  #report(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const { log, taskHub, workerId } = this.#options;
    log.log("warn", "PartitionPassFailed", `partitions could not be renewed: ${(error as Error).message}`, {
      taskHub,
      workerId,
    });
  }

  /** One look at all leases. Resolves to `true` when the next should come soon. */
  async #pass(forced?: "release"): Promise<boolean> {
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
      if (step === "leave" && this.#renewedAt.delete(lease.queue)) await this.#options.unlisten(lease.queue);
      if (step === "drain" || step === "release") await this.#options.unlisten(lease.queue);
    }
    const written = await this.#write(decisions.filter((decision) => decision.next !== undefined));
    for (const { lease, step } of written) this.#take(lease.queue, step, now);
    return decisions.some(({ step }) => step === "drain") || written.length < decisions.filter((d) => d.next).length;
  }

  #take(queue: string, step: LeaseStep, now: number): void {
    if (step === "release") {
      this.#renewedAt.delete(queue);
      return;
    }
    if (step === "claim") {
      const { log, taskHub, workerId } = this.#options;
      log.log("info", "PartitionClaimed", `${workerId} took ${queue}`, { taskHub, workerId, partition: queue });
    }
    this.#renewedAt.set(queue, now);
    if (step !== "drain") this.#options.listen(queue);
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
  async #dropExpired(): Promise<void> {
    for (const queue of [...this.#renewedAt.keys()]) {
      if (this.isOwned(queue)) continue;
      this.#renewedAt.delete(queue);
      await this.#options.unlisten(queue);
    }
  }
}
