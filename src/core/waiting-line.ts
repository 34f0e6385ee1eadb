interface Waiter<T> {
  readonly take: (item: T) => void;
}

/** Those who wait for the next item: first come, first served. An item wakes exactly one of them. */
export class WaitingLine<T> {
  readonly #waiters = new Set<Waiter<T>>();

  /** How many wait. */
  get length(): number {
    return this.#waiters.size;
  }

  /** Resolves to the next item that is offered and that nobody before has taken; `undefined` once `signal` aborts. */
  wait(signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        resolve(undefined);
      };
      const waiter: Waiter<T> = {
        take: (item) => {
          this.#waiters.delete(waiter);
          signal.removeEventListener("abort", leave);
          resolve(item);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Gives the item to whoever has waited longest. `false` when nobody waits: the caller keeps it. */
  offer(item: T): boolean {
    const [first] = this.#waiters;
    first?.take(item);
    return first !== undefined;
  }
}
