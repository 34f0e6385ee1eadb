import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Clock, LogSink } from "../../../core/ports.ts";

/** A partition that this worker has. */
export interface PartitionStatus {
  /** Its control queue. */
  readonly queue: string;
  /** When its queue was last received from, whatever came; `undefined` before the first time. */
  readonly lastPolledAt: Date | undefined;
}

/** What receives from the queue of a partition. */
export interface WatchedQueue {
  /** In milliseconds since the epoch. */
  readonly lastPolledAt: number | undefined;
}

export interface PartitionWatchOptions {
  readonly taskHub: string;
  readonly workerId: string;
  readonly clock: Clock;
  readonly log: LogSink;
  /** So long may a queue go unpolled, in milliseconds. */
  readonly maxUnpolledMs: number;
  /** What receives now, by queue. */
  readonly listening: ReadonlyMap<string, WatchedQueue>;
  /** No more fits into memory: nothing is received until there is room. */
  readonly isFull: () => boolean;
  /** Receives from the queue anew. */
  readonly restart: (queue: string) => void;
}

const lookEveryMs = 5000;

/** Finds partitions that this worker has and does not receive from, says so, and starts their receiving anew. */
export class PartitionWatch {
  readonly #options: PartitionWatchOptions;
  readonly #log: EventLog;
  readonly #stopping = new AbortController();
  /** Since when a queue has been watched, or its receiver was last found wanting. */
  readonly #since = new Map<WatchedQueue, number>();
  #running: Promise<void> | undefined;

  constructor(options: PartitionWatchOptions) {
    this.#options = options;
    this.#log = createEventLog(options.log, { taskHub: options.taskHub, workerId: options.workerId });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await this.#options.clock.sleep(lookEveryMs, signal);
      if (signal.aborted) return;
      this.#look();
    }
  }

  #look(): void {
    const { clock, listening, maxUnpolledMs } = this.#options;
    const now = clock.now();
    const current = new Set(listening.values());
    for (const watched of this.#since.keys()) if (!current.has(watched)) this.#since.delete(watched);
    for (const [queue, watched] of [...listening]) {
      const since = this.#since.get(watched);
      if (since === undefined) this.#since.set(watched, now);
      else if (now - Math.max(since, watched.lastPolledAt ?? 0) > maxUnpolledMs) this.#mend(queue, watched, now);
    }
  }

  #mend(queue: string, watched: WatchedQueue, now: number): void {
    const { isFull, restart } = this.#options;
    this.#since.set(watched, now);
    const last = watched.lastPolledAt === undefined ? "not yet" : new Date(watched.lastPolledAt).toISOString();
    const isJustFull = isFull();
    const reason = isJustFull ? "as many messages as are allowed are in work" : "its poller stands still";
    const text = `${queue} is ours and was not received from for too long (last: ${last}): ${reason}`;
    this.#log.write("PartitionNotPolled", text, { queue, reason });
    if (!isJustFull) restart(queue);
  }
}
