import type { GenericEvent, HistoryEvent } from "../../core/history-event.ts";
import { readPatchMark } from "../../core/orchestrator-action.ts";

/**
 * Which changes of its code an execution has met. A change is marked in history when new ground is first run with it;
 * ground that was covered without the mark is replayed the old way, and so is the rest of that execution.
 */
export class Patches {
  readonly #recorded = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #unrecorded = new Set<string>();

  /** Events that are about to be applied, and that nobody has searched for marks yet. */
  #ahead: readonly (readonly HistoryEvent[])[] = [];

  /** Sets the events that are about to be applied. They are searched only when the code asks for a patch. */
  lookAhead(events: readonly (readonly HistoryEvent[])[]): void {
    this.#ahead = events;
  }

  /** An event that may be a mark is applied. */
  confirm(event: GenericEvent): void {
    const id = readPatchMark(event.data);
    if (id === undefined) return;
    this.#recorded.add(id);
    this.#unrecorded.delete(id);
  }

  #searchAhead(): void {
    for (const events of this.#ahead) {
      for (const event of events) if (event.type === "GenericEvent") this.confirm(event);
    }
    this.#ahead = [];
  }

  isPatched(id: string, isReplaying: boolean): boolean {
    this.#searchAhead();
    if (this.#recorded.has(id) || this.#unrecorded.has(id)) return true;
    if (this.#refused.has(id) || isReplaying) {
      this.#refused.add(id);
      return false;
    }
    this.#unrecorded.add(id);
    return true;
  }

  /** Marks that history does not hold yet. */
  get unrecorded(): readonly string[] {
    return [...this.#unrecorded];
  }
}
