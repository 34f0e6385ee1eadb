import type { EntityRequest } from "./entity-message.ts";
import { ticksOf } from "./wire-time.ts";

interface Waiting {
  readonly request: EntityRequest;
  readonly ticks: bigint;
  /** Time of the message that it waits for. */
  readonly before: bigint;
}

/** Requests of one sender that wait for an earlier one, by their time. Thousands may wait. */
export class WaitingRequests implements Iterable<Waiting> {
  #items: Waiting[] = [];
  #ids = new Set<string>();

  get size(): number {
    return this.#items.length;
  }

  get first(): Waiting | undefined {
    return this.#items[0];
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Behind those of the same time. */
  add(request: EntityRequest): void {
    const waiting = { request, ticks: ticksOf(request.timestamp), before: ticksOf(request.predecessor) };
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]!.ticks <= waiting.ticks) low = middle + 1;
      else high = middle;
    }
    this.#items.splice(low, 0, waiting);
    this.#ids.add(request.id);
  }

  removeFirst(): void {
    const first = this.#items.shift();
    if (first !== undefined) this.#ids.delete(first.request.id);
  }

  takeAll(): readonly EntityRequest[] {
    const all = this.#items.map(({ request }) => request);
    this.#items = [];
    this.#ids = new Set();
    return all;
  }

  clone(): WaitingRequests {
    const copy = new WaitingRequests();
    copy.#items = [...this.#items];
    copy.#ids = new Set(this.#ids);
    return copy;
  }

  [Symbol.iterator](): Iterator<Waiting> {
    return this.#items[Symbol.iterator]();
  }
}
