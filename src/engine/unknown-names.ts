import { isDurableError } from "../core/errors.ts";
import type { EventLog } from "../core/event-log.ts";
import type { Clock } from "../core/ports.ts";

/** What is not known here is kept in mind for so many work items. */
const maxRemembered = 10_000;

/**
 * Leaves work whose function this worker does not have to others, for a while: another app on the hub may have it, or the
 * next version of this one. Each time it comes back later.
 */
export class UnknownNames {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #events: EventLog;
  /** When each work was first met, by whatever is the same each time it comes. */
  readonly #firstMet = new Map<string, number>();
  readonly #warned = new Set<string>();

  /** @param graceMs how long it is left to others; 0 fails it at once, infinity never */
  constructor(clock: Clock, graceMs: number, events: EventLog) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#events = events;
  }

  /** `true` for an error that says so. */
  static isUnknownName(error: unknown): error is Error {
    return isDurableError(error, "OrchestratorNotRegistered") || isDurableError(error, "ActivityNotRegistered");
  }

  /** `true` while the work is to be left to others; `false` from when on it is to be failed. */
  isLeftToOthers(work: string, instanceId: string, error: Error): boolean {
    if (this.#graceMs <= 0) return false;
    const now = this.#clock.now();
    const firstMet = this.#firstMet.get(work) ?? now;
    if (now - firstMet >= this.#graceMs) {
      this.#firstMet.delete(work);
      return false;
    }
    this.#remember(work, firstMet);
    if (!this.#warned.has(error.message)) {
      if (this.#warned.size >= maxRemembered) this.#warned.clear();
      this.#warned.add(error.message);
      const end = Number.isFinite(this.#graceMs) ? ` for ${this.#graceMs / 1000} s, and then failed` : "";
      const text = `${error.message}. It is left to other workers${end}`;
      this.#events.write("FunctionNotRegistered", text, { instanceId });
    }
    return true;
  }

  #remember(work: string, firstMet: number): void {
    const [oldest] = this.#firstMet.keys();
    if (this.#firstMet.size >= maxRemembered && oldest !== undefined) this.#firstMet.delete(oldest);
    this.#firstMet.set(work, firstMet);
  }
}
