/**
 * Runs so many at a time; the others wait for their turn, first come, first served.
 *
 * @example
 * const line = new WorkLine<Work>({ maxConcurrent: 100, run: (work) => runner.run(work) });
 * line.add(work);
 */
export class WorkLine<T> {
  readonly #maxConcurrent: number;
  readonly #run: (item: T) => Promise<void>;
  #waiting: T[] = [];
  readonly #running = new Set<T>();
  readonly #onChange: (() => void)[] = [];

  /** @param options `run` settles what it is given and never rejects */
  constructor(options: { readonly maxConcurrent: number; readonly run: (item: T) => Promise<void> }) {
    this.#maxConcurrent = options.maxConcurrent;
    this.#run = options.run;
  }

  add(item: T): void {
    if (this.#running.size < this.#maxConcurrent) this.#begin(item);
    else this.#waiting.push(item);
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes those away that have not begun. */
  takeWaiting(): readonly T[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#tellChange();
    return taken;
  }

  /** Resolves once no more than `most` wait. */
  async hasRoom(most: number): Promise<void> {
    while (this.#waiting.length > most) await this.#change();
  }

  /** Resolves once nothing runs or waits. */
  async isIdle(): Promise<void> {
    while (this.#running.size + this.#waiting.length > 0) await this.#change();
  }

  #begin(item: T): void {
    this.#running.add(item);
    const end = () => {
      this.#running.delete(item);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#begin(next);
      this.#tellChange();
    };
    void this.#run(item).then(end, end);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  #tellChange(): void {
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}
