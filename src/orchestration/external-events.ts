import type { EventRaised } from "../core/history-event.ts";

/** Where an event goes once somebody waits for it. */
export type EventWaiter = (event: EventRaised) => void;

/**
 * Matches raised events with waits. Names compare ignoring case; per name, events that nobody waits for are kept in
 * order of arrival, and waits are served in the order they were made.
 */
export class ExternalEvents {
  readonly #kept = new Map<string, EventRaised[]>();
  readonly #waiters = new Map<string, EventWaiter[]>();

  raise(event: EventRaised): void {
    const key = event.name.toLowerCase();
    const waiter = this.#waiters.get(key)?.shift();
    if (waiter !== undefined) return waiter(event);
    const kept = this.#kept.get(key);
    if (kept === undefined) this.#kept.set(key, [event]);
    else kept.push(event);
  }

  wait(name: string, waiter: EventWaiter): void {
    const key = name.toLowerCase();
    const event = this.#kept.get(key)?.shift();
    if (event !== undefined) return waiter(event);
    const waiters = this.#waiters.get(key);
    if (waiters === undefined) this.#waiters.set(key, [waiter]);
    else waiters.push(waiter);
  }

  /** Events that nobody has waited for, in order of arrival per name. */
  unprocessed(): readonly EventRaised[] {
    return [...this.#kept.values()].flat();
  }
}
