import { DurableError, isDurableError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";

/** A work item whose lock is kept while it is worked on. */
export interface KeptLock {
  /** Another worker has the work item, or may have. */
  readonly isLost: boolean;
  /** Aborts when the lock is lost, or the work is no longer wanted, with a `DurableError` as its reason. */
  readonly signal: AbortSignal;
  /** Aborts the signal: the work is not wanted any more. The lock is kept until `release`. */
  abort(reason: DurableError): void;
  /** Renews ahead of time, unless a renewal is under way. Never rejects. */
  renew(): Promise<void>;
  /** Ends the renewals. To be called once, when the work has ended. */
  release(): void;
}

export interface KeptLockOptions {
  readonly renew: () => Promise<void>;
  readonly intervalMs: number;
  /** The lock is lost, with the error that said so. */
  readonly onLost: (error: unknown) => void;
  /** A renewal failed for another reason; it is tried again. */
  readonly onError: (error: unknown) => void;
}

class Entry implements KeptLock {
  readonly options: KeptLockOptions;
  readonly #keeper: Pick<LockKeeper, "renew" | "forget">;
  #abort: AbortController | undefined;
  #reason: DurableError | undefined;
  isLost = false;
  isRenewing = false;
  dueAt: number;

  constructor(options: KeptLockOptions, dueAt: number, keeper: Pick<LockKeeper, "renew" | "forget">) {
    this.options = options;
    this.dueAt = dueAt;
    this.#keeper = keeper;
  }

  /** Made when first asked for: most work ends without looking at it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    return this.#abort.signal;
  }

  release(): void {
    this.#keeper.forget(this);
  }

  renew(): Promise<void> {
    return this.#keeper.renew(this);
  }

  abort(reason: DurableError): void {
    this.#reason ??= reason;
    this.#abort?.abort(this.#reason);
  }
}

/**
 * Renews the locks of all work items in process, with one timer for all of them.
 *
 * K1. A lock is renewed from one interval after {@link keep} until `release`, one renewal of it at a time.
 * K2. A failed renewal is tried again after another interval; a lost lock is reported once and renewed no more.
 * K3. There is at most one timer, whatever is kept; none once the keeper is closed.
 */
export class LockKeeper {
  readonly #clock: Clock;
  readonly #entries = new Set<Entry>();
  #pause = new AbortController();
  #wakesAt = Number.POSITIVE_INFINITY;
  #isRunning = false;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(options: KeptLockOptions): KeptLock {
    const entry = new Entry(options, this.#clock.now() + options.intervalMs, this);
    if (this.#isClosed) entry.abort(workerStops());
    this.#entries.add(entry);
    if (!this.#isRunning && !this.#isClosed)
      void this.#run(); // K3
    else if (entry.dueAt < this.#wakesAt) this.#interrupt();
    return entry;
  }

  /** Aborts the signals of all that is kept, because its results are not wanted any more, and renews nothing again. */
  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries) entry.abort(workerStops());
    this.#interrupt();
  }

  /** For its entries. */
  forget(entry: Entry): void {
    this.#entries.delete(entry);
  }

  /** For its entries. */
  async renew(entry: Entry): Promise<void> {
    if (this.#entries.has(entry) && !this.#isClosed) await this.#renew(entry);
  }

  #interrupt(): void {
    this.#pause.abort();
    this.#pause = new AbortController();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#entries.size > 0 && !this.#isClosed) {
      this.#wakesAt = Number.POSITIVE_INFINITY;
      for (const { dueAt } of this.#entries) this.#wakesAt = Math.min(this.#wakesAt, dueAt);
      await this.#clock.sleep(Math.max(1, this.#wakesAt - this.#clock.now()), this.#pause.signal);
      const now = this.#clock.now();
      for (const entry of this.#entries) if (entry.dueAt <= now && !this.#isClosed) void this.#renew(entry);
    }
    this.#isRunning = false;
  }

  async #renew(entry: Entry): Promise<void> {
    const { renew, intervalMs, onLost, onError } = entry.options;
    entry.dueAt = this.#clock.now() + intervalMs;
    if (entry.isRenewing) return; // K1
    entry.isRenewing = true;
    try {
      await renew();
    } catch (error) {
      // The work may have ended while its last renewal was under way.
      if (!this.#entries.has(entry)) return;
      if (!isDurableError(error, "WorkItemLockLost")) return onError(error);
      entry.isLost = true;
      this.#entries.delete(entry);
      entry.abort(error); // K2
      onLost(error);
    } finally {
      entry.isRenewing = false;
    }
  }
}

function workerStops(): DurableError {
  return new DurableError("WorkerStopping", "the worker stops");
}
