import type { OrchestrationState } from "../../../core/orchestration-state.ts";
import type { Clock } from "../../../core/ports.ts";
import type { ToldChange } from "../../../core/wait-for-instance.ts";

/** Tells those who wait in this process that it has written the row of an instance. */
export class RowChanges {
  readonly #clock: Clock;
  readonly #waits = new Map<string, Set<(change?: ToldChange) => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param readEnded what was written, if it is an end; it is asked when somebody waits */
  notify(instanceId: string, readEnded: () => OrchestrationState | undefined): void {
    const waits = this.#waits.get(instanceId);
    if (waits === undefined) return;
    const change = { ended: readEnded() };
    for (const tell of waits) tell(change);
  }

  /** Resolves at the next change; to `undefined` after `ms` or when `signal` aborts. */
  async wait(instanceId: string, ms: number, signal: AbortSignal | undefined): Promise<ToldChange | undefined> {
    const pause = new AbortController();
    let told: ToldChange | undefined;
    const tell = (change?: ToldChange) => {
      told = change;
      // A reason that is given makes no exception with a stack.
      pause.abort("changed");
    };
    const cancel = () => tell();
    const waits = this.#waits.get(instanceId) ?? new Set();
    this.#waits.set(instanceId, waits.add(tell));
    signal?.addEventListener("abort", cancel, { once: true });
    if (!signal?.aborted) await this.#clock.sleep(ms, pause.signal);
    signal?.removeEventListener("abort", cancel);
    waits.delete(tell);
    if (waits.size === 0) this.#waits.delete(instanceId);
    return signal?.aborted ? undefined : told;
  }
}
