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
  #keys = new Set<string>();

  get size(): number {
    return this.#items.length;
  }

  get first(): Waiting | undefined {
    return this.#items[0];
  }

  has(request: EntityRequest): boolean {
    return this.#keys.has(keyOf(request));
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
    this.#keys.add(keyOf(request));
  }

  removeFirst(): void {
    const first = this.#items.shift();
    if (first !== undefined) this.#keys.delete(keyOf(first.request));
  }

  takeAll(): readonly EntityRequest[] {
    const all = this.#items.map(({ request }) => request);
    this.#items = [];
    this.#keys = new Set();
    return all;
  }

  clone(): WaitingRequests {
    const copy = new WaitingRequests();
    copy.#items = [...this.#items];
    copy.#keys = new Set(this.#keys);
    return copy;
  }

  [Symbol.iterator](): Iterator<Waiting> {
    return this.#items[Symbol.iterator]();
  }
}

/** A request that is sent again may have another time. */
function keyOf({ id, timestamp }: EntityRequest): string {
  return `${id} ${timestamp}`;
}
