import { DurableError } from "./errors.ts";
import { assertOptionNames } from "./option-names.ts";
import { shareAcrossCopies } from "./shared-class.ts";
import type { TaskFailure } from "./task-failure.ts";
import { maxTimeSpanMs, parseTimeSpan, type TimeSpanInput } from "./time-span.ts";

/** What a failed attempt looks like to {@link RetryPolicy.retryIf} and {@link RetryPolicy.retryDelay}. */
export interface FailedAttempt {
  /** Attempts made so far, the first included. */
  readonly attempt: number;
  /** Why the last attempt has failed. */
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
   * Shortens each wait by up to this share of it, 0 to 1, so that many that have failed at once do not come back at once;
   * `true` is 1. By how much follows from the instance, the task and the attempt, so that every replay gives the same. Not
   * for waits of {@link retryDelay}. @defaultValue 0
   */
  readonly jitter?: number | boolean | undefined;
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

  /** Wait before the second attempt, in milliseconds. */
  readonly firstRetryIntervalInMilliseconds: number;
  /** Attempts in all, the first included. */
  readonly maxNumberOfAttempts: number;
  /** @defaultValue 1 */
  backoffCoefficient: number | undefined;
  /** @defaultValue no limit */
  maxRetryIntervalInMilliseconds: number | undefined;
  /** @defaultValue no limit */
  retryTimeoutInMilliseconds: number | undefined;
  /** {@link RetryPolicy.jitter}. @defaultValue 0 */
  jitter?: number | boolean | undefined;

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
  /** 0 to 1. */
  readonly jitter: number;
  readonly retryIf: (failed: FailedAttempt) => boolean;
  readonly retryDelay: ((failed: FailedAttempt) => TimeSpanInput) | undefined;
}

const policyNames = [
  "firstInterval",
  "maxAttempts",
  "backoffCoefficient",
  "maxInterval",
  "retryTimeout",
  "jitter",
  "retryIf",
  "retryDelay",
] as const satisfies readonly (keyof RetryPolicy)[];

const optionNames = [
  "firstRetryIntervalInMilliseconds",
  "maxNumberOfAttempts",
  "backoffCoefficient",
  "maxRetryIntervalInMilliseconds",
  "retryTimeoutInMilliseconds",
  "jitter",
] as const satisfies readonly (keyof RetryOptions)[];

/**
 * @param further names that a policy of this place may have besides
 * @throws DurableError `InvalidOption` that names the member
 */
export function resolveRetryPolicy(
  policy: RetryPolicy | RetryOptions,
  further: readonly string[] = [],
): ResolvedRetryPolicy {
  if (typeof policy !== "object" || policy === null) {
    throw new DurableError(
      "InvalidOption",
      'a retry policy must be an object such as { firstInterval: "5s", maxAttempts: 3 }',
    );
  }
  const areOptions = "firstRetryIntervalInMilliseconds" in policy;
  assertMembers(policy, [...(areOptions ? optionNames : policyNames), ...further]);
  const given: RetryPolicy = areOptions ? fromOptions(policy) : policy;
  const { jitter = 0, maxAttempts, backoffCoefficient = 1, maxInterval, retryTimeout, retryIf, retryDelay } = given;
  const firstIntervalMs = parseTimeSpan(given.firstInterval, "the first interval of a retry policy");
  if (firstIntervalMs === 0) refuse("the first interval", "more than zero", given.firstInterval);
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) refuse("maxAttempts", "a whole number from 1 on", maxAttempts);
  if (!Number.isFinite(backoffCoefficient) || backoffCoefficient < 1) {
    refuse("backoffCoefficient", "a number from 1 on", backoffCoefficient);
  }
  const share = Number(jitter);
  if (!["number", "boolean"].includes(typeof jitter) || !(share >= 0 && share <= 1)) {
    refuse("jitter", "a number from 0 to 1, true or false", jitter);
  }
  if (retryIf !== undefined && typeof retryIf !== "function") refuse("retryIf", "a function", retryIf);
  if (retryDelay !== undefined && typeof retryDelay !== "function") refuse("retryDelay", "a function", retryDelay);
  return {
    firstIntervalMs,
    maxAttempts,
    backoffCoefficient,
    maxIntervalMs: optionalMs(maxInterval, "the maxInterval of a retry policy"),
    retryTimeoutMs: optionalMs(retryTimeout, "the retryTimeout of a retry policy"),
    jitter: share,
    retryIf: retryIf ?? (() => true),
    retryDelay,
  };
}

/**
 * Milliseconds to wait before the next attempt; `undefined` when there shall be none. The delay after the n-th failure is
 * `firstInterval * backoffCoefficient ^ (n - 1)`, at most `maxInterval`, less the jitter.
 *
 * @param elapsedMs orchestration time since the first attempt
 * @param seed names the attempt, and is the same in every replay: the jitter follows from it
 */
export function nextRetryDelayMs(
  policy: ResolvedRetryPolicy,
  failed: FailedAttempt,
  elapsedMs: number,
  seed = "",
): number | undefined {
  if (failed.attempt >= policy.maxAttempts || failed.failure.isNonRetriable || !isWorthRetry(policy, failed)) {
    return undefined;
  }
  const computed = Math.min(
    policy.firstIntervalMs * policy.backoffCoefficient ** (failed.attempt - 1),
    policy.maxIntervalMs,
    maxTimeSpanMs,
  );
  // At least a millisecond: a wait is a timer also with the greatest jitter.
  const jittered =
    policy.jitter === 0 ? computed : Math.max(1, Math.ceil(computed * (1 - policy.jitter * shareOf(seed))));
  const delayMs =
    policy.retryDelay === undefined ? jittered : parseTimeSpan(policy.retryDelay(failed), "the result of retryDelay");
  return elapsedMs + delayMs > policy.retryTimeoutMs ? undefined : delayMs;
}

/** From 0 to 1, evenly, by the text alone: FNV-1a, and then bits that each depend on all. Part of replay: never change it. */
function shareOf(seed: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(seed, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** Of literals and of {@link RetryOptions}; classes of others may have what they like. */
function assertMembers(policy: object, names: readonly string[]): void {
  const prototype: unknown = Object.getPrototypeOf(policy);
  if (prototype !== Object.prototype && prototype !== null && prototype !== RetryOptions.prototype) return;
  assertOptionNames(policy, names, "a retry policy");
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
    jitter: options.jitter,
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
