import { type DurableErrorCode, isDurableError } from "../../core/errors.ts";

/** Resolves to `fallback` when the work rejects with one of these codes. */
export async function unless<T, F>(codes: readonly DurableErrorCode[], work: Promise<T>, fallback: F): Promise<T | F> {
  try {
    return await work;
  } catch (error) {
    if (codes.some((code) => isDurableError(error, code))) return fallback;
    throw error;
  }
}
