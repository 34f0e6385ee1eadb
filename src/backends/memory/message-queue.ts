import type { Clock } from "../../core/ports.ts";
import type { OutgoingMessage, TaskMessage } from "../../core/task-message.ts";
import type { DeliveredMessage } from "../../engine/backend.ts";

/** A message at rest. */
export interface StoredMessage {
  readonly id: string;
  readonly message: TaskMessage;
  deliveryCount: number;
  visibleAt: number;
}

/**
 * A queue with visibility times, like the ones of Azure Storage: a received message is hidden for the lock period and
 * comes back unless it was deleted.
 */
export class MessageQueue {
  readonly #clock: Clock;
  readonly #messages = new Map<string, StoredMessage>();
  #nextId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#messages.size;
  }

  send({ message, deliverAt }: OutgoingMessage): void {
    const id = String(this.#nextId++);
    this.#messages.set(id, { id, message, deliveryCount: 0, visibleAt: deliverAt?.getTime() ?? 0 });
  }

  /** Hides and returns the visible messages that `select` wants, in order of arrival. */
  receive(select: (message: StoredMessage) => boolean, lockMs: number): DeliveredMessage[] {
    const now = this.#clock.now();
    const received: DeliveredMessage[] = [];
    for (const stored of this.#messages.values()) {
      if (stored.visibleAt > now || !select(stored)) continue;
      stored.deliveryCount++;
      stored.visibleAt = now + lockMs;
      received.push({ id: stored.id, message: stored.message, deliveryCount: stored.deliveryCount });
    }
    return received;
  }

  /** `true` while the message is still the given delivery: nobody has received it again. */
  isHeld({ id, deliveryCount }: DeliveredMessage): boolean {
    return this.#messages.get(id)?.deliveryCount === deliveryCount;
  }

  hideFor(delivered: DeliveredMessage, ms: number): void {
    const stored = this.#messages.get(delivered.id);
    if (stored !== undefined && this.isHeld(delivered)) stored.visibleAt = this.#clock.now() + ms;
  }

  delete(delivered: DeliveredMessage): void {
    this.#messages.delete(delivered.id);
  }

  deleteWhere(condition: (message: TaskMessage) => boolean): void {
    for (const { id, message } of this.#messages.values()) if (condition(message)) this.#messages.delete(id);
  }

  /** When the next hidden message becomes visible; `Infinity` when there is none. */
  nextVisibleAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { visibleAt } of this.#messages.values()) next = Math.min(next, visibleAt);
    return next;
  }
}
