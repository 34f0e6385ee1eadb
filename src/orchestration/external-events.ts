import type { EventRaised } from "../core/history-event.ts";

/** Where an event goes once somebody waits for it. */
export type EventWaiter = (event: EventRaised) => void;

/**
 * Matches raised events with waits. Names compare ignoring case; per name, events that nobody waits for are kept in
 * order of arrival, and waits are served in the order they were made.
 */
export class ExternalEvents {
  readonly #kept = new Map<string, EventRaised[]>();
  readonly #waiters = new Map<string, Set<EventWaiter>>();

  raise(event: EventRaised): void {
    const key = event.name.toLowerCase();
    const waiters = this.#waiters.get(key);
    // A set keeps the order in which waits were made.
    const [waiter] = waiters ?? [];
    if (waiters !== undefined && waiter !== undefined) {
      waiters.delete(waiter);
      return waiter(event);
    }
    const kept = this.#kept.get(key);
    if (kept === undefined) this.#kept.set(key, [event]);
    else kept.push(event);
  }

  /** Returns a function that ends the wait. */
  wait(name: string, waiter: EventWaiter): () => void {
    const key = name.toLowerCase();
    const event = this.#kept.get(key)?.shift();
    if (event !== undefined) {
      waiter(event);
      return () => {};
    }
    const waiters = this.#waiters.get(key) ?? new Set();
    this.#waiters.set(key, waiters.add(waiter));
    return () => waiters.delete(waiter);
  }

  /** Events that nobody has waited for, in order of arrival per name. */
  unprocessed(): readonly EventRaised[] {
    return [...this.#kept.values()].flat();
  }
}
