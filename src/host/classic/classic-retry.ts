import type { FailureDetails } from "../../core/failure-details.ts";

/** Retry options as they travel in an action, in milliseconds. */
export interface ClassicRetry {
  readonly firstIntervalMs: number;
  /** The first attempt included. */
  readonly maxAttempts: number;
  readonly backoffCoefficient: number;
  readonly maxIntervalMs: number;
  readonly retryTimeoutMs: number;
}

/** Longest wait between two attempts: what one timer can be. */
const maxIntervalMs = 6 * 86_400_000;

/** @throws Error when a mandatory member is missing */
export function readClassicRetry(options: unknown): ClassicRetry {
  const given = (options ?? {}) as Record<string, unknown>;
  const first = given["firstRetryIntervalInMilliseconds"];
  const attempts = given["maxNumberOfAttempts"];
  if (typeof first !== "number" || typeof attempts !== "number") {
    throw new Error("retryOptions must have firstRetryIntervalInMilliseconds and maxNumberOfAttempts");
  }
  return {
    firstIntervalMs: first,
    maxAttempts: attempts,
    backoffCoefficient: numberOr(given["backoffCoefficient"], 1),
    maxIntervalMs: Math.min(numberOr(given["maxRetryIntervalInMilliseconds"], maxIntervalMs), maxIntervalMs),
    retryTimeoutMs: numberOr(given["retryTimeoutInMilliseconds"], Number.POSITIVE_INFINITY),
  };
}

/**
 * Milliseconds before the next attempt; `undefined` when no further one shall be made.
 *
 * @param attempt number of the attempt that has failed, from 1 on
 * @param elapsedMs since the first attempt
 */
export function nextClassicDelayMs(
  retry: ClassicRetry,
  attempt: number,
  failure: FailureDetails,
  elapsedMs: number,
): number | undefined {
  if (failure.isNonRetriable || elapsedMs >= retry.retryTimeoutMs) return undefined;
  return Math.min(retry.firstIntervalMs * retry.backoffCoefficient ** (attempt - 1), retry.maxIntervalMs);
}

function numberOr(value: unknown, absent: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : absent;
}
