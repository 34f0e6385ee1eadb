import { DurableError } from "./errors.ts";
import { shareAcrossCopies } from "./shared-class.ts";
import type { TaskFailure } from "./task-failure.ts";
import { maxTimeSpanMs, parseTimeSpan, type TimeSpanInput } from "./time-span.ts";

/** What a failed attempt looks like to {@link RetryPolicy.retryIf} and {@link RetryPolicy.retryDelay}. */
export interface FailedAttempt {
  /** Attempts made so far, the first included. */
  readonly attempt: number;
  readonly failure: TaskFailure;
}

/**
 * When a failed activity or sub-orchestration is tried again. The waits are durable timers.
 *
 * @example { firstInterval: "5s", maxAttempts: 3, backoffCoefficient: 2, maxInterval: "1m" }
 */
export interface RetryPolicy {
  /** Wait before the first retry. */
  readonly firstInterval: TimeSpanInput;
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Each wait is this many times the one before. @defaultValue 1 */
  readonly backoffCoefficient?: number | undefined;
  /** Longest wait. @defaultValue no limit */
  readonly maxInterval?: TimeSpanInput | undefined;
  /** No retry begins later than this after the first attempt. @defaultValue no limit */
  readonly retryTimeout?: TimeSpanInput | undefined;
  /**
   * Decides whether a failure is worth another attempt; must give the same answer in every replay. No policy tries again
   * after a `NonRetriableError`.
   *
   * @example retryIf: ({ failure }) => !failure.isCausedBy(CardDeclined)
   */
  readonly retryIf?: ((failed: FailedAttempt) => boolean) | undefined;
  /** Replaces the computed wait, in milliseconds or as a time span; must give the same answer in every replay. */
  readonly retryDelay?: ((failed: FailedAttempt) => TimeSpanInput) | undefined;
}

/**
 * The retry options of `durable-functions` 3.x, in milliseconds.
 *
 * @example
 * const retry = new RetryOptions(5000, 3);
 * retry.backoffCoefficient = 2;
 */
export class RetryOptions {
  static {
    shareAcrossCopies(RetryOptions, "RetryOptions");
  }

  readonly firstRetryIntervalInMilliseconds: number;
  readonly maxNumberOfAttempts: number;
  /** @defaultValue 1 */
  backoffCoefficient: number | undefined;
  /** @defaultValue no limit */
  maxRetryIntervalInMilliseconds: number | undefined;
  /** @defaultValue no limit */
  retryTimeoutInMilliseconds: number | undefined;

  /** @throws DurableError `InvalidOption` */
  constructor(firstRetryIntervalInMilliseconds: number, maxNumberOfAttempts: number) {
    this.firstRetryIntervalInMilliseconds = firstRetryIntervalInMilliseconds;
    this.maxNumberOfAttempts = maxNumberOfAttempts;
    resolveRetryPolicy(this);
  }
}

/** A {@link RetryPolicy} with every default in place, in milliseconds. */
export interface ResolvedRetryPolicy {
  readonly firstIntervalMs: number;
  readonly maxAttempts: number;
  readonly backoffCoefficient: number;
  readonly maxIntervalMs: number;
  readonly retryTimeoutMs: number;
  readonly retryIf: (failed: FailedAttempt) => boolean;
  readonly retryDelay: ((failed: FailedAttempt) => TimeSpanInput) | undefined;
}

/** @throws DurableError `InvalidOption` that names the member */
export function resolveRetryPolicy(policy: RetryPolicy | RetryOptions): ResolvedRetryPolicy {
  if (typeof policy !== "object" || policy === null) {
    throw new DurableError(
      "InvalidOption",
      'a retry policy must be an object such as { firstInterval: "5s", maxAttempts: 3 }',
    );
  }
  const given: RetryPolicy = "firstRetryIntervalInMilliseconds" in policy ? fromOptions(policy) : policy;
  const { maxAttempts, backoffCoefficient = 1, maxInterval, retryTimeout, retryIf, retryDelay } = given;
  const firstIntervalMs = parseTimeSpan(given.firstInterval, "the first interval of a retry policy");
  if (firstIntervalMs === 0) refuse("the first interval", "more than zero", given.firstInterval);
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) refuse("maxAttempts", "a whole number from 1 on", maxAttempts);
  if (!Number.isFinite(backoffCoefficient) || backoffCoefficient < 1) {
    refuse("backoffCoefficient", "a number from 1 on", backoffCoefficient);
  }
  if (retryIf !== undefined && typeof retryIf !== "function") refuse("retryIf", "a function", retryIf);
  if (retryDelay !== undefined && typeof retryDelay !== "function") refuse("retryDelay", "a function", retryDelay);
  return {
    firstIntervalMs,
    maxAttempts,
    backoffCoefficient,
    maxIntervalMs: optionalMs(maxInterval, "the maxInterval of a retry policy"),
    retryTimeoutMs: optionalMs(retryTimeout, "the retryTimeout of a retry policy"),
    retryIf: retryIf ?? (() => true),
    retryDelay,
  };
}

/**
 * Milliseconds to wait before the next attempt; `undefined` when there shall be none. The delay after the n-th failure is
 * `firstInterval * backoffCoefficient ^ (n - 1)`, at most `maxInterval`.
 *
 * @param elapsedMs orchestration time since the first attempt
 */
export function nextRetryDelayMs(
  policy: ResolvedRetryPolicy,
  failed: FailedAttempt,
  elapsedMs: number,
): number | undefined {
  if (failed.attempt >= policy.maxAttempts || failed.failure.isNonRetriable || !isWorthRetry(policy, failed)) {
    return undefined;
  }
  const computed = Math.min(
    policy.firstIntervalMs * policy.backoffCoefficient ** (failed.attempt - 1),
    policy.maxIntervalMs,
    maxTimeSpanMs,
  );
  const delayMs =
    policy.retryDelay === undefined ? computed : parseTimeSpan(policy.retryDelay(failed), "the result of retryDelay");
  return elapsedMs + delayMs > policy.retryTimeoutMs ? undefined : delayMs;
}

/** A promise would count as a yes, whatever it resolves to. */
function isWorthRetry(policy: ResolvedRetryPolicy, failed: FailedAttempt): boolean {
  const answer: unknown = policy.retryIf(failed);
  if (answer instanceof Promise) refuse("retryIf", "a function that is not async", "a promise as its answer");
  return Boolean(answer);
}

function fromOptions(options: RetryOptions): RetryPolicy {
  return {
    firstInterval: options.firstRetryIntervalInMilliseconds,
    maxAttempts: options.maxNumberOfAttempts,
    backoffCoefficient: options.backoffCoefficient,
    maxInterval: options.maxRetryIntervalInMilliseconds,
    retryTimeout: options.retryTimeoutInMilliseconds,
  };
}

function optionalMs(value: TimeSpanInput | undefined, what: string): number {
  return value === undefined ? Number.POSITIVE_INFINITY : parseTimeSpan(value, what);
}

function refuse(member: string, wanted: string, given: unknown): never {
  throw new DurableError(
    "InvalidOption",
    `${member} of a retry policy must be ${wanted}, but got ${JSON.stringify(given)}`,
  );
}
