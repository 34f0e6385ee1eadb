import type { Clock } from "../../../core/ports.ts";

/** How long a row may show an earlier time of its last update, in milliseconds. */
const maxLagMs = 5_000;

/**
 * Writes of rows that change nothing but the time of the last update: of many in a row only the last is made, some seconds
 * later.
 */
export class LazyRowWrites {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, { readonly since: number; readonly write: () => Promise<void> }>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #isWaiting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In place of what waits for the row. @param write never rejects */
  add(instanceId: string, write: () => Promise<void>): void {
    const since = this.#waiting.get(instanceId)?.since ?? this.#clock.now();
    this.#waiting.set(instanceId, { since, write });
    if (!this.#isWaiting) void this.#run();
  }

  /** The row is written anyway. */
  cancel(instanceId: string): void {
    this.#waiting.delete(instanceId);
  }

  /** Writes all that waits, now. Never rejects. */
  async flush(): Promise<void> {
    this.#writeUntil(Number.POSITIVE_INFINITY);
    await Promise.all(this.#underWay);
  }

  async #run(): Promise<void> {
    this.#isWaiting = true;
    while (this.#waiting.size > 0) {
      await this.#clock.sleep(maxLagMs / 4, this.#stopping.signal);
      this.#writeUntil(this.#clock.now() - maxLagMs);
    }
    this.#isWaiting = false;
  }

  #writeUntil(time: number): void {
    for (const [instanceId, { since, write }] of this.#waiting) {
      if (since > time) continue;
      this.#waiting.delete(instanceId);
      const written = write().finally(() => this.#underWay.delete(written));
      this.#underWay.add(written);
    }
  }
}
