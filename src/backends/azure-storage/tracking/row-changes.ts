import type { Clock } from "../../../core/ports.ts";

/** Tells those who wait in this process that it has written the row of an instance. */
export class RowChanges {
  readonly #clock: Clock;
  readonly #waits = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(instanceId: string): void {
    for (const end of this.#waits.get(instanceId) ?? []) end();
  }

  /** Resolves to `true` at the next change, to `false` after `ms` or when `signal` aborts. */
  async wait(instanceId: string, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    const pause = new AbortController();
    // A reason that is given makes no exception with a stack.
    const end = () => pause.abort("changed");
    const waits = this.#waits.get(instanceId) ?? new Set();
    this.#waits.set(instanceId, waits.add(end));
    signal?.addEventListener("abort", end, { once: true });
    if (!signal?.aborted) await this.#clock.sleep(ms, pause.signal);
    signal?.removeEventListener("abort", end);
    waits.delete(end);
    if (waits.size === 0) this.#waits.delete(instanceId);
    return pause.signal.aborted && !signal?.aborted;
  }
}
