/**
 * Lets a number of transfers go on at a time; the others wait in their order. What each holds in memory is bounded, so
 * all of them together are.
 *
 * @example
 * const slots = new TransferSlots(4);
 * await slots.use(() => upload(blob));
 */
export class TransferSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(transfer: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    // Whoever leaves hands its place over.
    else await new Promise<void>((admit) => this.#waiting.push(admit));
    try {
      return await transfer();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
