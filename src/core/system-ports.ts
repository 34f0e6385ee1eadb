import { randomUUID } from "node:crypto";
import type { Clock, Random } from "./ports.ts";

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
      // Node fires timers beyond 2^31-1 ms at once.
      const timer = setTimeout(done, Math.min(Math.max(0, ms), 2_147_483_647));
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** The machine's randomness. */
export const systemRandom: Random = { guid: () => randomUUID(), number: () => Math.random() };
