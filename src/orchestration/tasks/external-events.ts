import type { EventRaised } from "../../core/history-event.ts";

/** Where an event goes: somebody who waits for one. */
export interface EventTaker {
  readonly eventName: string;
  /** Its place among those who wait: see {@link ExternalEvents.nextPlace}. */
  readonly place: number;
  take(event: EventRaised): void;
}

/**
 * Matches raised events with those who wait for them. Names compare ignoring case; per name, events that nobody waits
 * for are kept in order of arrival, and waits are served in the order of their places.
 */
export class ExternalEvents {
  readonly #kept = new Map<string, EventRaised[]>();
  readonly #queues = new Map<string, TakerQueue>();
  #places = 0;

  /** A place behind all others. */
  nextPlace(): number {
    return this.#places++;
  }

  raise(event: EventRaised): void {
    const key = event.name.toLowerCase();
    const taker = this.#queues.get(key)?.shift();
    if (taker !== undefined) return taker.take(event);
    const kept = this.#kept.get(key);
    if (kept === undefined) this.#kept.set(key, [event]);
    else kept.push(event);
  }

  /** Hands over the first event that is kept, or else returns the queue that the taker has joined. */
  wait(taker: EventTaker): TakerQueue | undefined {
    const key = taker.eventName.toLowerCase();
    const event = this.#kept.get(key)?.shift();
    if (event !== undefined) {
      taker.take(event);
      return undefined;
    }
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new TakerQueue();
      this.#queues.set(key, queue);
    }
    queue.add(taker);
    return queue;
  }

  /** Events that nobody has waited for, in order of arrival per name. */
  unprocessed(): readonly EventRaised[] {
    return [...this.#kept.values()].flat();
  }
}

/** Those who wait for one name, by place. Nearly all come in that order, which a set keeps. */
export class TakerQueue {
  #takers = new Set<EventTaker>();
  /** The highest place since the queue was last empty. */
  #highest = -1;
  #isSorted = true;

  add(taker: EventTaker): void {
    if (this.#takers.size === 0) {
      this.#highest = -1;
      this.#isSorted = true;
    }
    if (taker.place > this.#highest) this.#highest = taker.place;
    else this.#isSorted = false;
    this.#takers.add(taker);
  }

  delete(taker: EventTaker): void {
    this.#takers.delete(taker);
  }

  shift(): EventTaker | undefined {
    if (!this.#isSorted) {
      this.#takers = new Set([...this.#takers].sort((a, b) => a.place - b.place));
      this.#isSorted = true;
    }
    const [first] = this.#takers;
    if (first !== undefined) this.#takers.delete(first);
    return first;
  }
}
