import type { Clock } from "../../core/ports.ts";
import type { OutgoingMessage, TaskMessage } from "../../core/task-message.ts";
import type { DeliveredMessage } from "../../engine/backend.ts";

/** A message at rest, in one of three places: it can be taken, it is held by a work item, or it waits for its time. */
export interface StoredMessage {
  readonly id: string;
  readonly message: TaskMessage;
  /** Whose turn it is: messages of one key are taken together. */
  readonly key: string;
  deliveryCount: number;
  /** See `ActivityWorkItem.unfinishedRuns`. */
  unfinishedRuns: number;
  /** See `ActivityWorkItem.lastHeartbeat`. */
  lastHeartbeat?: string;
}

/** Messages that a work item holds until a time. */
export interface Hold {
  readonly key: string;
  readonly messages: readonly StoredMessage[];
  readonly delivered: readonly DeliveredMessage[];
  until: number;
}

/**
 * A queue with visibility times, like the ones of Azure Storage: what is taken is hidden for the lock period and comes
 * back unless it was deleted.
 *
 * Q1. A key whose messages are held is not taken by anybody else.
 * Q2. Nothing here takes longer because there are many messages.
 */
export class MessageQueue {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #lockMs: number;
  readonly #ready = new Map<string, StoredMessage[]>();
  /** Keys that can be taken, in order of arrival. */
  readonly #takeable = new Set<string>();
  /** In order of their ends, because all last equally long. */
  readonly #holds = new Map<string, Hold>();
  readonly #delayed = new DelayedMessages(); // Q2
  #nextId = 1;

  /** @param name sets its messages' ids apart from those of other queues */
  constructor(name: string, clock: Clock, lockMs: number) {
    this.#name = name;
    this.#clock = clock;
    this.#lockMs = lockMs;
  }

  send({ message, deliverAt }: OutgoingMessage, key: string | undefined): void {
    const id = `${this.#name}-${this.#nextId++}`;
    const stored: StoredMessage = { id, message, key: key ?? id, deliveryCount: 0, unfinishedRuns: 0 };
    this.#place(stored, deliverAt?.getTime() ?? 0);
  }

  /** Holds all messages of the next key that can be taken. Those that are not `wanted` are deleted. */
  take(wanted: (message: TaskMessage) => boolean = () => true): Hold | undefined {
    this.#refresh();
    const [key] = this.#takeable;
    if (key === undefined) return undefined;
    const messages = this.#ready.get(key)!.filter(({ message }) => wanted(message));
    this.#ready.delete(key);
    this.#takeable.delete(key);
    if (messages.length === 0) return this.take(wanted);
    for (const stored of messages) stored.deliveryCount++;
    const delivered = messages.map(({ id, message, deliveryCount, unfinishedRuns }) => {
      return { id, message, deliveryCount, unfinishedRuns };
    });
    const hold: Hold = { key, messages, delivered, until: this.#clock.now() + this.#lockMs };
    this.#holds.set(key, hold);
    return hold;
  }

  /** `true` while the hold has not run out. */
  isHeld(hold: Hold): boolean {
    this.#refresh();
    return this.#holds.get(hold.key) === hold;
  }

  /** @returns `false` when the hold has run out */
  renew(hold: Hold): boolean {
    if (!this.isHeld(hold)) return false;
    this.#holds.delete(hold.key);
    hold.until = this.#clock.now() + this.#lockMs;
    this.#holds.set(hold.key, hold);
    return true;
  }

  /**
   * Ends a hold: each message is deleted, or comes again after as long as `delayMs` says. A hold that has run out has
   * nothing to end; its messages have come back already.
   *
   * @param delayMs `undefined` to delete
   * @returns `false` when the hold had run out
   */
  release(hold: Hold, delayMs: (message: StoredMessage) => number | undefined): boolean {
    if (!this.isHeld(hold)) return false;
    this.#holds.delete(hold.key);
    const now = this.#clock.now();
    for (const stored of hold.messages) {
      const delay = delayMs(stored);
      if (delay !== undefined) this.#place(stored, now + delay);
    }
    if (this.#ready.has(hold.key)) this.#takeable.add(hold.key); // Q1: what came meanwhile
    return true;
  }

  /** Deletes what is not held. */
  deleteWhere(key: string, condition: (message: TaskMessage) => boolean): boolean {
    const before = this.#ready.get(key);
    const ready = before?.filter(({ message }) => !condition(message));
    if (ready !== undefined && ready.length > 0) this.#ready.set(key, ready);
    else {
      this.#ready.delete(key);
      this.#takeable.delete(key);
    }
    const wereDelayed = this.#delayed.deleteWhere((stored) => stored.key === key && condition(stored.message));
    return wereDelayed || before?.length !== ready?.length;
  }

  /** Ends every hold as if its time had passed. */
  expireHolds(): void {
    for (const hold of this.#holds.values()) hold.until = this.#clock.now();
    this.#refresh();
  }

  /** Something can be taken. */
  get hasReady(): boolean {
    this.#refresh();
    return this.#takeable.size > 0;
  }

  /** When the next message comes back or is due; `Infinity` when there is none. */
  get nextChangeAt(): number {
    const [first] = this.#holds.values();
    return Math.min(first?.until ?? Number.POSITIVE_INFINITY, this.#delayed.nextAt);
  }

  #place(stored: StoredMessage, visibleAt: number): void {
    if (visibleAt > this.#clock.now()) return this.#delayed.add(stored, visibleAt);
    const { key } = stored;
    const ready = this.#ready.get(key);
    if (ready === undefined) this.#ready.set(key, [stored]);
    else ready.push(stored);
    if (!this.#holds.has(key)) this.#takeable.add(key); // Q1
  }

  /** Brings back what has become visible. */
  #refresh(): void {
    const now = this.#clock.now();
    for (const hold of this.#holds.values()) {
      if (hold.until > now) break;
      this.#holds.delete(hold.key);
      const arrived = this.#ready.get(hold.key) ?? [];
      this.#ready.set(hold.key, [...hold.messages, ...arrived]);
      this.#takeable.add(hold.key);
    }
    for (let due = this.#delayed.takeDue(now); due !== undefined; due = this.#delayed.takeDue(now)) {
      this.#place(due, 0);
    }
  }
}

interface Delayed {
  readonly stored: StoredMessage;
  readonly visibleAt: number;
  readonly order: number;
}

/** A binary heap, first due first; of equally due messages the first added. */
class DelayedMessages {
  #heap: Delayed[] = [];
  #added = 0;

  get nextAt(): number {
    return this.#heap[0]?.visibleAt ?? Number.POSITIVE_INFINITY;
  }

  add(stored: StoredMessage, visibleAt: number): void {
    const heap = this.#heap;
    heap.push({ stored, visibleAt, order: this.#added++ });
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!isEarlier(heap[child]!, heap[parent]!)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  takeDue(now: number): StoredMessage | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (first === undefined || first.visibleAt > now) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    return first.stored;
  }

  deleteWhere(condition: (stored: StoredMessage) => boolean): boolean {
    const kept = this.#heap.filter(({ stored }) => !condition(stored));
    if (kept.length === this.#heap.length) return false;
    // A sorted array is a heap.
    this.#heap = kept.sort((a, b) => (isEarlier(a, b) ? -1 : 1));
    return true;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    for (let parent = start; ; ) {
      let next = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && isEarlier(heap[child]!, heap[next]!)) next = child;
      }
      if (next === parent) return;
      this.#swap(parent, next);
      parent = next;
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  }
}

function isEarlier(a: Delayed, b: Delayed): boolean {
  return a.visibleAt < b.visibleAt || (a.visibleAt === b.visibleAt && a.order < b.order);
}
