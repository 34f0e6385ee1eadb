import type { Clock } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";

/** Knows whether user code runs, and since when none has. */
export class WorkMeter {
  readonly #clock: Clock;
  #running = 0;
  #lastEnd: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastEnd = clock.now();
  }

  /** Runs what `executor` runs, and sees it. */
  watch(executor: TaskExecutor): TaskExecutor {
    return {
      openSession: (execution, onMisuse) => {
        const session = executor.openSession(execution, onMisuse);
        return {
          execute: (episode, work) => this.#during(() => session.execute(episode, work)),
          ...(session.newlyAwaitedEvents && { newlyAwaitedEvents: () => session.newlyAwaitedEvents!() }),
          ...(session.waitsForTimer && { waitsForTimer: (timerId: number) => session.waitsForTimer!(timerId) }),
          ...(session.eventWaits && { eventWaits: () => session.eventWaits!() }),
          close: () => session.close(),
        };
      },
      executeActivity: (invocation) => this.#during(() => executor.executeActivity(invocation)),
      executeEntityBatch: (batch) => this.#during(() => executor.executeEntityBatch(batch)),
    };
  }

  /**
   * Resolves when nothing has run for `quietMs`, from now on, at the latest after `atMostMs` or when `signal` aborts.
   * Times are in milliseconds.
   */
  async waitForQuiet(quietMs: number, atMostMs: number, signal: AbortSignal): Promise<void> {
    const begin = this.#clock.now();
    for (;;) {
      const now = this.#clock.now();
      const leftMs = begin + atMostMs - now;
      const quietSince = this.#running > 0 ? now : Math.max(begin, this.#lastEnd);
      const missingMs = quietSince + quietMs - now;
      if (leftMs <= 0 || missingMs <= 0 || signal.aborted) return;
      await this.#clock.sleep(Math.min(leftMs, missingMs), signal);
    }
  }

  async #during<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#running++;
    try {
      return await run();
    } finally {
      this.#running--;
      this.#lastEnd = this.#clock.now();
    }
  }
}
