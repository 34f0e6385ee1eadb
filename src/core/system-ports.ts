import { randomUUID } from "node:crypto";
import type { Clock, Random } from "./ports.ts";

/** Node fires timers beyond it at once. */
const maxTimerMs = 2_147_483_647;

/** The machine's clock. The only place below `host/` that reads it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(0, ms), maxTimerMs));
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** A signal that aborts after `ms`. Beyond 24 days, where no process is expected to live on, it never does. */
export function abortAfter(ms: number): AbortSignal {
  return ms > maxTimerMs ? new AbortController().signal : AbortSignal.timeout(Math.ceil(ms));
}

/** The machine's randomness. */
export const systemRandom: Random = { guid: () => randomUUID(), number: () => Math.random() };
