import { isDurableError } from "../core/errors.ts";

/**
 * `true` for what code throws that was told to stop: the reason itself, as `signal.throwIfAborted()` and `fetch` do, or an
 * `AbortError`, as those of Node that wrap it.
 */
export function isAbortError(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true;
  return isDurableError(error, "Aborted") || (error instanceof Error && error.name === "AbortError");
}
