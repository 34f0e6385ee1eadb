import { DurableError } from "./errors.ts";
import { linkSignals } from "./linked-signal.ts";
import type { Clock } from "./ports.ts";

export interface TimeLimit {
  readonly ms: number;
  /** Aborts when the time is over, with DurableError `TaskTimeout`, or when the outer signal does, for its reason. */
  readonly signal: AbortSignal;
  /** The time ran out before {@link end}. */
  readonly isOver: boolean;
  /** Ends the work that was limited: nobody sleeps for it or listens to the outer signal any more. */
  end(): void;
}

/**
 * Gives some work so much time on the clock.
 *
 * @param ms may be a fraction, and longer than Node's timers
 * @param outer aborts the work too; it may live as long as the process
 * @example
 * const limit = startTimeLimit(clock, 30_000, workerStops);
 * try {
 *   return await work(limit.signal);
 * } finally {
 *   limit.end();
 * }
 */
export function startTimeLimit(clock: Clock, ms: number, outer: AbortSignal): TimeLimit {
  const time = abortAfter(clock, ms);
  const linked = linkSignals(outer, time.signal);
  return {
    ms,
    signal: linked.signal,
    get isOver() {
      return time.signal.aborted;
    },
    end() {
      linked.unlink();
      time.cancel();
    },
  };
}

/** `AbortSignal.timeout` on a clock, with a way to call it off. */
function abortAfter(clock: Clock, ms: number): { readonly signal: AbortSignal; cancel(): void } {
  const over = new AbortController();
  const cancelled = new AbortController();
  void clock.sleep(ms, cancelled.signal).then(() => {
    if (!cancelled.signal.aborted) over.abort(new DurableError("TaskTimeout", `the time limit of ${ms} ms is over`));
  });
  return { signal: over.signal, cancel: () => cancelled.abort() };
}
