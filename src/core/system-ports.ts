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
      let timer: NodeJS.Timeout;
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const wait = (leftMs: number) => {
        const stepMs = Math.min(Math.max(0, leftMs), maxTimerMs);
        timer = setTimeout(() => (stepMs < leftMs ? wait(leftMs - stepMs) : done()), stepMs);
      };
      wait(ms);
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** The variables of this process, for what reaches the machine by them: proxies, and how storage is asked. */
export const systemEnvironment: Readonly<Record<string, string | undefined>> = process.env;

/** The machine's randomness. */
export const systemRandom: Random = { guid: () => randomUUID(), number: () => Math.random() };
