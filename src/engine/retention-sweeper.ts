import { messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { Clock, LogSink, Random } from "../core/ports.ts";
import type { RetentionPolicy } from "../core/retention.ts";
import type { Backend, TaskHubStore } from "./backend.ts";
import { purgeEnded } from "./purge-instance.ts";
import { purgeMany } from "./purge-many.ts";

export interface RetentionSweeperOptions {
  readonly policy: RetentionPolicy;
  readonly backend: Pick<Backend, "isKeeper">;
  readonly store: Pick<TaskHubStore, "taskHub" | "queryInstances" | "purgeInstance">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LogSink;
}

/** At most so many instances a slice, and a slice a second: what is in work comes first. */
const sliceSize = 20;
const slicePauseMs = 1000;
const sliceConcurrency = 2;
/** A host that was just started has better things to do. */
const maxFirstPauseMs = 60_000;

/**
 * Purges instances that finished long ago, as long as the worker runs.
 *
 * V1. Only the keeper of the hub sweeps, and stops when another has become that.
 * V2. Workers that start together do not sweep together: each pause is a quarter longer or shorter, by chance.
 */
export class RetentionSweeper {
  readonly #options: RetentionSweeperOptions;
  readonly #events: EventLog;

  constructor(options: RetentionSweeperOptions) {
    this.#options = options;
    this.#events = createEventLog(options.log, { taskHub: options.store.taskHub });
  }

  /** Resolves when the signal aborts, and what is being purged is done with. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { policy, clock } = this.#options;
    await clock.sleep(this.#vary(Math.min(policy.intervalMs, maxFirstPauseMs)), signal);
    while (!signal.aborted) {
      try {
        await this.#sweep(signal);
      } catch (error) {
        const text = `finished instances could not be purged: ${messageOf(error)}`;
        if (!signal.aborted) this.#events.write("RetentionSweepFailed", text, {});
      }
      await clock.sleep(this.#vary(policy.intervalMs), signal);
    }
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { policy, clock, store } = this.#options;
    const hub = {
      clock,
      queryInstances: store.queryInstances.bind(store),
      purge: (ended: Parameters<typeof purgeEnded>[0]) => purgeEnded(ended, { store }),
    };
    const query = { runtimeStatus: policy.statuses, completedTimeTo: new Date(clock.now() - policy.olderThanMs) };
    let continuationToken: string | undefined;
    let count = 0;
    while (!signal.aborted && this.#isKeeper()) {
      const limits = { maxInstances: sliceSize, maxConcurrency: sliceConcurrency, continuationToken, signal };
      const slice = await purgeMany(query, limits, hub);
      count += slice.deletedCount;
      continuationToken = slice.continuationToken;
      if (slice.isComplete) break;
      await clock.sleep(slicePauseMs, signal);
    }
    if (count === 0) return;
    this.#events.write("RetentionSwept", `${count} instance(s) that had finished long ago were purged`, { count });
  }

  /** V1 */
  #isKeeper(): boolean {
    return this.#options.backend.isKeeper?.() ?? true;
  }

  /** V2 */
  #vary(ms: number): number {
    return Math.round(ms * (0.75 + 0.5 * this.#options.random.number()));
  }
}
