/**
 * Which changes of its code an execution has met. A change is marked in history when new ground is first run with it;
 * ground that was covered without the mark is replayed the old way, and so is the rest of that execution.
 */
export class Patches {
  readonly #recorded = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #unrecorded = new Set<string>();

  /** History holds the mark. Called for all events of an episode before its first is applied. */
  confirm(id: string): void {
    this.#recorded.add(id);
    this.#unrecorded.delete(id);
  }

  isPatched(id: string, isReplaying: boolean): boolean {
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
