import type { Clock } from "../core/ports.ts";

export interface WorkItemLoopOptions<T> {
  /** Waits for the next work item; `undefined` only once `signal` has aborted. `demand` tells how many are wanted now. */
  readonly fetch: (signal: AbortSignal, demand: () => number) => Promise<T | undefined>;
  readonly process: (workItem: T) => Promise<void>;
  readonly onFetchError: (error: unknown) => void;
  /** Work items in process at the same time. */
  readonly maxConcurrent: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const firstRetryMs = 200;
const maxRetryMs = 10_000;

/**
 * Fetches and processes until told to stop: one fetch at a time, however many may be in process.
 *
 * L1. At most `maxConcurrent` work items are in process; while that many are, nothing is fetched.
 * L2. After `signal` aborts nothing more is fetched; resolves once all that was fetched is settled.
 * L3. A failing fetch slows the loop down; it never ends it.
 * L4. `process` settles its own work item (complete or abandon) and never rejects.
 */
export async function runWorkItemLoop<T>(options: WorkItemLoopOptions<T>): Promise<void> {
  const { fetch, process, onFetchError, maxConcurrent, clock, signal } = options;
  let inProcess = 0;
  let onEnd: (() => void) | undefined;
  const demand = () => maxConcurrent - inProcess;
  const oneEnds = () => new Promise<void>((resolve) => (onEnd = resolve));
  const end = () => {
    inProcess--;
    onEnd?.();
  };
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    if (inProcess >= maxConcurrent) {
      await oneEnds(); // L1
      continue;
    }
    try {
      const workItem = await fetch(signal, demand);
      retryMs = firstRetryMs;
      if (workItem === undefined) continue;
      inProcess++;
      void process(workItem).then(end, end); // L4
    } catch (error) {
      if (signal.aborted) break;
      onFetchError(error);
      await clock.sleep(retryMs, signal); // L3
      retryMs = Math.min(retryMs * 2, maxRetryMs);
    }
  }
  while (inProcess > 0) await oneEnds(); // L2
}
