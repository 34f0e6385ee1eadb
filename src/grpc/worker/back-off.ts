import type { Random } from "../../core/ports.ts";

const firstRetryMs = 200;
const maxRetryMs = 15_000;
const retryJitter = 0.2;
/** How often the outcome of a work item is sent before it is given up. */
export const maxSendAttempts = 10;

/**
 * How long to wait before an outcome is sent again, in milliseconds: 200 ms to 15 s, doubled each time, and up to a
 * fifth more or less, so that workers do not all come at once.
 *
 * @param failures how often it has failed, from 1
 */
export function retryDelay(failures: number, random: Random): number {
  const delay = Math.min(firstRetryMs * 2 ** (failures - 1), maxRetryMs);
  return delay * (1 + retryJitter * (2 * random.number() - 1));
}

const firstReconnectMs = 1000;
const maxReconnectMs = 30_000;

/**
 * How long to wait before the next connection, in milliseconds: anything up to a limit that grows from 1 s to 30 s (full
 * jitter), as all workers of a server lose it at once.
 *
 * @param failures connections in a row that came to nothing, from 1
 */
export function reconnectDelay(failures: number, random: Random): number {
  return Math.min(firstReconnectMs * 2 ** (failures - 1), maxReconnectMs) * random.number();
}

const firstReturnMs = 200;
const maxReturnMs = 5000;
/** What was given back so long ago is forgotten. */
const rememberedMs = 60_000;
const maxRemembered = 1000;

/**
 * Says how long to hold what cannot be run before it is given back. At once for the first time, as another worker may
 * have the code; longer each time that the same comes back, as a server may hand it out again immediately and for ever.
 */
export class ReturnPace {
  readonly #returns = new Map<string, { readonly count: number; readonly at: number }>();

  /** @param now milliseconds since the epoch */
  next(key: string, now: number): number {
    const last = this.#returns.get(key);
    const count = last !== undefined && now - last.at < rememberedMs ? last.count : 0;
    const delay = count === 0 ? 0 : Math.min(firstReturnMs * 2 ** (count - 1), maxReturnMs);
    this.#returns.delete(key);
    this.#returns.set(key, { count: count + 1, at: now + delay });
    if (this.#returns.size > maxRemembered) this.#forgetOldest();
    return delay;
  }

  #forgetOldest(): void {
    for (const key of this.#returns.keys()) {
      this.#returns.delete(key);
      return;
    }
  }
}
