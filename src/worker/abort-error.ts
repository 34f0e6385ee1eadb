import { isDurableError } from "../core/errors.ts";

/** `true` for what code throws that was told to stop, as `signal.throwIfAborted()` does. */
export function isAbortError(error: unknown): boolean {
  return isDurableError(error, "Aborted") || (error instanceof Error && error.name === "AbortError");
}
