import type { Clock } from "../../core/ports.ts";
import type { SteppedClock } from "../stepped-clock.ts";

/** Somebody who lets time pass. */
export interface TimeWaiter {
  /** Asked whenever nothing more happens without time. What it throws ends the wait. */
  isDone(): boolean | Promise<boolean>;
  /** Time does not pass beyond it, in milliseconds since the epoch. @defaultValue no limit */
  readonly limit?: number;
  /** What is thrown when it can never be done. */
  describe(why: string): Promise<Error>;
}

export interface HubTimeOptions {
  readonly clock: SteppedClock;
  /** Resolves when nothing more happens without time. */
  readonly settle: () => Promise<void>;
  /** When the hub has something to do by itself; `Infinity` when it has not. */
  readonly nextDueAt: () => number;
  /** Most steps that one waiter waits for. */
  readonly maxSteps: number;
}

interface Waiting {
  readonly waiter: TimeWaiter;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  steps: number;
}

/**
 * The passing of time on a test hub.
 *
 * T1. It passes only while somebody waits for it, and only when nothing happens without it.
 * T2. It passes to the next moment for which the hub or a client waits, and never beyond one for which a waiter waits.
 * T3. However many wait, it passes once for all of them.
 */
export class HubTime {
  readonly #options: HubTimeOptions;
  readonly #waiting = new Set<Waiting>();
  #isPassing = false;

  constructor(options: HubTimeOptions) {
    this.#options = options;
  }

  /** Lets time pass until the waiter is done. */
  pass(waiter: TimeWaiter): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({ waiter, resolve, reject, steps: 0 });
      if (!this.#isPassing) void this.#run(); // T3
    });
  }

  /** A clock for clients: while one of them sleeps, time passes. */
  get passingClock(): Clock {
    const { clock } = this.#options;
    return {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        if (ms <= 0 || signal?.aborted) return;
        const wakeAt = clock.now() + ms;
        await this.pass({
          isDone: () => clock.now() >= wakeAt || signal?.aborted === true,
          limit: wakeAt,
          describe: async (why) => new Error(why),
        });
      },
    };
  }

  async #run(): Promise<void> {
    this.#isPassing = true;
    try {
      while (this.#waiting.size > 0) {
        // T1
        await this.#options.settle();
        if (await this.#release()) continue;
        await this.#step();
      }
    } catch (error) {
      for (const { reject } of this.#waiting) reject(error);
      this.#waiting.clear();
    } finally {
      this.#isPassing = false;
    }
  }

  /** @returns `true` when somebody is done: that one goes on before time does */
  async #release(): Promise<boolean> {
    let hasReleased = false;
    for (const waiting of [...this.#waiting]) {
      try {
        if (!(await waiting.waiter.isDone())) continue;
        waiting.resolve();
      } catch (error) {
        waiting.reject(error);
      }
      this.#waiting.delete(waiting);
      hasReleased = true;
    }
    return hasReleased;
  }

  async #step(): Promise<void> {
    const { clock, nextDueAt, maxSteps } = this.#options;
    let target = nextDueAt();
    for (const { waiter } of this.#waiting) target = Math.min(target, waiter.limit ?? Number.POSITIVE_INFINITY); // T2
    const isStill = target === Number.POSITIVE_INFINITY;
    for (const waiting of [...this.#waiting]) {
      if (!isStill && ++waiting.steps <= maxSteps) continue;
      this.#waiting.delete(waiting);
      const why = isStill ? "nothing more happens by itself" : `${maxSteps} steps of time were not enough`;
      waiting.reject(await waiting.waiter.describe(why));
    }
    if (!isStill && this.#waiting.size > 0) clock.advance(Math.max(1, target - clock.now()));
  }
}
