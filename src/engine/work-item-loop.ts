import type { Clock } from "../core/ports.ts";

export interface WorkItemLoopOptions<T> {
  /** Waits for the next work item; `undefined` only once `signal` has aborted. */
  readonly fetch: (signal: AbortSignal) => Promise<T | undefined>;
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
 * Fetches and processes until told to stop.
 *
 * L1. At most `maxConcurrent` work items are in process; each free slot has one fetch waiting, so the backend sees how
 *     much is wanted.
 * L2. After `signal` aborts nothing more is fetched; resolves once all that was fetched is settled.
 * L3. A failing fetch slows its slot down; it never ends the loop.
 * L4. `process` settles its own work item (complete or abandon) and never rejects.
 */
export async function runWorkItemLoop<T>(options: WorkItemLoopOptions<T>): Promise<void> {
  await Promise.all(Array.from({ length: options.maxConcurrent }, () => runSlot(options)));
}

async function runSlot<T>(options: WorkItemLoopOptions<T>): Promise<void> {
  const { fetch, process, onFetchError, clock, signal } = options;
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    try {
      const workItem = await fetch(signal);
      retryMs = firstRetryMs;
      if (workItem !== undefined) await process(workItem);
    } catch (error) {
      if (signal.aborted) return;
      onFetchError(error);
      await clock.sleep(retryMs, signal);
      retryMs = Math.min(retryMs * 2, maxRetryMs);
    }
  }
}
