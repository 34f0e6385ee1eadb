import type { Clock } from "../../../core/ports.ts";
import type { StorageTransport } from "./storage-request.ts";

/**
 * Breaks a request off that has no answer after `timeoutMs`: a connection that was dropped on the way may never tell.
 * The signal of an attempt that was answered is left alone.
 */
export function withAttemptTimeout(
  transport: StorageTransport,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): StorageTransport {
  return async (request, context) => {
    const { signal } = context;
    const attempt = new AbortController();
    const answered = new AbortController();
    const abort = () => attempt.abort();
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    void clock.sleep(timeoutMs, answered.signal).then(() => {
      if (!answered.signal.aborted) abort();
    });
    try {
      return await transport(request, { ...context, signal: attempt.signal });
    } finally {
      signal?.removeEventListener("abort", abort);
      // A reason that is given makes no exception with a stack, once for every request.
      answered.abort("answered");
    }
  };
}
