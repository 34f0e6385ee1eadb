import type { Clock } from "../../core/ports.ts";
import { WaitingLine } from "../../core/waiting-line.ts";
import type { MessageQueue } from "./message-queue.ts";

/**
 * A message queue and those who wait for its work items.
 *
 * W1. A work item goes to one of those who wait; the others sleep on.
 * W2. While somebody waits, there is one timer, for the next message that becomes visible by itself.
 */
export class WaitingQueue<T> {
  readonly messages: MessageQueue;
  readonly #clock: Clock;
  readonly #takeNext: (messages: MessageQueue) => T | undefined;
  readonly #line = new WaitingLine<T>();
  #alarmAt = Number.POSITIVE_INFINITY;
  #alarm = new AbortController();

  constructor(clock: Clock, messages: MessageQueue, takeNext: (messages: MessageQueue) => T | undefined) {
    this.#clock = clock;
    this.messages = messages;
    this.#takeNext = takeNext;
  }

  /** Resolves to the next work item, or to `undefined` once `signal` aborts. */
  take(signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const workItem = this.#line.length === 0 ? this.#takeNext(this.messages) : undefined;
    if (workItem !== undefined) return Promise.resolve(workItem);
    const waiting = this.#line.wait(signal);
    this.hasChanged();
    return waiting;
  }

  /** To be called when messages may have become visible. */
  hasChanged(): void {
    while (this.#line.length > 0) {
      const workItem = this.#takeNext(this.messages);
      if (workItem === undefined) return this.#setAlarm();
      this.#line.offer(workItem); // W1
    }
  }

  /** Stops the timer, unless somebody waits on. */
  rest(): void {
    this.#alarm.abort();
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.hasChanged();
  }

  #setAlarm(): void {
    const at = this.messages.nextChangeAt;
    if (at >= this.#alarmAt || !Number.isFinite(at)) return; // W2
    this.#alarm.abort();
    const alarm = new AbortController();
    this.#alarm = alarm;
    this.#alarmAt = at;
    void this.#clock.sleep(Math.max(1, at - this.#clock.now()), alarm.signal).then(() => {
      if (alarm.signal.aborted) return;
      this.#alarmAt = Number.POSITIVE_INFINITY;
      this.hasChanged();
    });
  }
}
