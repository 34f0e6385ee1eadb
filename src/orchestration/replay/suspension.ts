import type { HistoryEvent } from "../../core/history-event.ts";

/** Keeps what a suspended execution shall not see yet. */
export class Suspension {
  #kept: HistoryEvent[] | undefined;

  get isSuspended(): boolean {
    return this.#kept !== undefined;
  }

  begin(): void {
    this.#kept ??= [];
  }

  keep(event: HistoryEvent): void {
    this.#kept?.push(event);
  }

  /** Returns what was kept, in order. */
  end(): readonly HistoryEvent[] {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    return kept;
  }
}
