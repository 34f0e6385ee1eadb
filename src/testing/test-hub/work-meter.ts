/** One thing that user code does for the hub: an episode, operations of an entity, a run of an activity. */
export interface Work {
  readonly kind: "orchestration" | "entity" | "activity";
  readonly name: string;
  readonly instanceId: string;
  /** Of an activity: what tells it from others of its instance. */
  readonly taskId?: number | undefined;
}

// Test runners replace these for code under test.
const realNow = performance.now.bind(performance);

/** Knows what user code is at work, so that time does not pass under it. */
export class WorkMeter {
  readonly #open = new Set<Work>();
  #changes = 0;
  #changedAt = realNow();
  #waiting: (() => void)[] = [];

  /** @returns to be called when it has ended */
  begin(work: Work): () => void {
    this.#open.add(work);
    this.#change();
    return () => {
      this.#open.delete(work);
      this.#change();
    };
  }

  /** It waits for nothing but its signal: time may pass. */
  rest(instanceId: string, taskId: number): void {
    for (const work of this.#open) {
      if (work.instanceId === instanceId && work.taskId === taskId) this.#open.delete(work);
    }
    this.#change();
  }

  /** Whatever is open has no effect any more. */
  forget(): void {
    this.#open.clear();
    this.#change();
  }

  get open(): ReadonlySet<Work> {
    return this.#open;
  }

  /** Grows with each begin and each end. */
  get changes(): number {
    return this.#changes;
  }

  /** Real milliseconds since the last begin or end. */
  get restedMs(): number {
    return realNow() - this.#changedAt;
  }

  /** Resolves with the next begin or end. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #change(): void {
    this.#changes++;
    this.#changedAt = realNow();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
