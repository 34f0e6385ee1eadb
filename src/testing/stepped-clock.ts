import { assertKind } from "../core/option-names.ts";
import type { Clock } from "../core/ports.ts";

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/**
 * A clock that moves only when told: waits of days take no time, and the same test gives the same times every run.
 *
 * @example
 * const clock = new SteppedClock();
 * const waiting = clock.sleep(3_600_000);
 * clock.advance(3_600_000);
 * await waiting;
 */
export class SteppedClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param start milliseconds since the epoch. @defaultValue 2026-01-01T00:00:00Z */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    assertKind(start, "number", "the start of a SteppedClock");
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        wakeAt: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", sleeper.wake, { once: true });
    });
  }

  /** Moves the time on and wakes whoever has waited long enough, earliest first. */
  advance(ms: number): void {
    this.#now += ms;
    const due = [...this.#sleepers].filter(({ wakeAt }) => wakeAt <= this.#now);
    for (const sleeper of due.sort((a, b) => a.wakeAt - b.wakeAt)) sleeper.wake();
  }

  /** How many sleep. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** When the next sleeper wakes; `undefined` when nobody sleeps, or for ever only. */
  get nextWakeAt(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const { wakeAt } of this.#sleepers) next = Math.min(next, wakeAt);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }
}
