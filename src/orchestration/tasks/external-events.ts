import type { EventWaits, NamedEvents } from "../../core/event-waits.ts";
import type { EventRaised } from "../../core/history-event.ts";

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Somebody who waits for one event of a name. */
export interface EventReceiver {
  readonly eventName: string;
  /** Receivers of one name are served in ascending order: see {@link ExternalEvents.nextOrder}. */
  readonly order: number;
  /** When it began to wait, by the clock of the execution. */
  readonly since: Date;
  receive(event: EventRaised): void;
}

/**
 * Matches raised events with those who wait for them. Names compare ignoring case; per name, events that nobody waits
 * for are buffered in order of arrival, and receivers are served in the order in which they were made.
 */
export class ExternalEvents {
  readonly #buffered = new Map<string, EventRaised[]>();
  readonly #queues = new Map<string, ReceiverQueue>();
  #nextOrder = 0;
  /** Names that were begun to be waited for since {@link takeBegun}. */
  #begun = new Set<string>();

  /** An order behind all others. */
  nextOrder(): number {
    return this.#nextOrder++;
  }

  raise(event: EventRaised): void {
    const key = event.name.toLowerCase();
    const receiver = this.#queues.get(key)?.shift();
    if (receiver !== undefined) return receiver.receive(event);
    const buffered = this.#buffered.get(key);
    if (buffered === undefined) this.#buffered.set(key, [event]);
    else buffered.push(event);
  }

  /** Hands over the first event that is buffered, or else returns the queue that the receiver has joined. */
  wait(receiver: EventReceiver): ReceiverQueue | undefined {
    const key = receiver.eventName.toLowerCase();
    const event = this.#buffered.get(key)?.shift();
    if (event !== undefined) {
      receiver.receive(event);
      return undefined;
    }
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new ReceiverQueue();
      this.#queues.set(key, queue);
    }
    queue.add(receiver);
    this.#begun.add(receiver.eventName);
    return queue;
  }

  /** Names of the events that somebody has begun to wait for since the last call, and still waits for. */
  takeBegun(): readonly string[] {
    if (this.#begun.size === 0) return [];
    const begun = [...this.#begun].filter((name) => this.#queues.get(name.toLowerCase())?.isEmpty === false);
    this.#begun = new Set();
    return begun;
  }

  /** Takes out the first event of that name that is buffered. */
  take(name: string): EventRaised | undefined {
    return this.#buffered.get(name.toLowerCase())?.shift();
  }

  /** Events that nobody has waited for, in order of arrival per name. */
  unprocessed(): readonly EventRaised[] {
    return [...this.#buffered.values()].flat();
  }

  /** By name; `undefined` when there are neither waits nor events that wait. Forgets names that have neither any more. */
  get waits(): EventWaits | undefined {
    const awaited: NamedEvents[] = [];
    for (const [key, queue] of this.#queues) {
      const { first, size } = queue;
      if (first === undefined) this.#queues.delete(key);
      else awaited.push({ name: first.eventName, since: first.since, count: size });
    }
    const kept: NamedEvents[] = [];
    for (const [key, events] of this.#buffered) {
      const [first] = events;
      if (first === undefined) this.#buffered.delete(key);
      // The answer of an entity, which came before its question was asked again.
      else if (!guid.test(key)) kept.push({ name: first.name, since: first.timestamp, count: events.length });
    }
    return awaited.length === 0 && kept.length === 0 ? undefined : { awaited, kept };
  }
}

/** Those who wait for one name, by their order. Nearly all come in that order, which a set keeps. */
export class ReceiverQueue {
  #receivers = new Set<EventReceiver>();
  /** The highest order since the queue was last empty. */
  #highest = -1;
  #isSorted = true;

  get isEmpty(): boolean {
    return this.#receivers.size === 0;
  }

  add(receiver: EventReceiver): void {
    if (this.#receivers.size === 0) {
      this.#highest = -1;
      this.#isSorted = true;
    }
    if (receiver.order > this.#highest) this.#highest = receiver.order;
    else this.#isSorted = false;
    this.#receivers.add(receiver);
  }

  delete(receiver: EventReceiver): void {
    this.#receivers.delete(receiver);
  }

  get size(): number {
    return this.#receivers.size;
  }

  /** Who has joined first of those that are left. */
  get first(): EventReceiver | undefined {
    const [first] = this.#receivers;
    return first;
  }

  shift(): EventReceiver | undefined {
    if (!this.#isSorted) {
      this.#receivers = new Set([...this.#receivers].sort((a, b) => a.order - b.order));
      this.#isSorted = true;
    }
    const [first] = this.#receivers;
    if (first !== undefined) this.#receivers.delete(first);
    return first;
  }
}
