import { isDurableError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";

export interface LockRenewalOptions {
  readonly renew: () => Promise<void>;
  readonly intervalMs: number;
  readonly onLost: (error: unknown) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

/** Runs `work` while keeping its work item locked. A failed renewal is tried again; a lost lock is told once. */
export async function withLockRenewal<T>(options: LockRenewalOptions, work: () => Promise<T>): Promise<T> {
  const finished = new AbortController();
  const renewing = renewUntil(finished.signal, options);
  try {
    return await work();
  } finally {
    finished.abort();
    await renewing;
  }
}

async function renewUntil(signal: AbortSignal, options: LockRenewalOptions): Promise<void> {
  while (true) {
    await options.clock.sleep(options.intervalMs, signal);
    if (signal.aborted) return;
    try {
      await options.renew();
    } catch (error) {
      if (isDurableError(error, "WorkItemLockLost")) return options.onLost(error);
      options.onError(error);
    }
  }
}
