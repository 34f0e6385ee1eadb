import { describe, expect, it } from "vitest";
import { nextRetryDelayMs, RetryOptions, resolveRetryPolicy } from "../../../src/core/retry-policy.ts";
import { toTaskFailure } from "../../../src/core/task-failure.ts";
import { maxTimeSpanMs } from "../../../src/core/time-span.ts";

const failure = toTaskFailure({ errorType: "Error", errorMessage: "no", isNonRetriable: false });

it("a wait that doubles for ever stays a length of time", () => {
  const policy = resolveRetryPolicy({ firstInterval: "1d", maxAttempts: 5000, backoffCoefficient: 2 });

  expect(nextRetryDelayMs(policy, { attempt: 3, failure }, 0)).toBe(4 * 86_400_000);
  expect(nextRetryDelayMs(policy, { attempt: 2000, failure }, 0)).toBe(maxTimeSpanMs);
});

it("an async retryIf is refused: its promise would always count as a yes", () => {
  const retryIf = (async () => false) as unknown as () => boolean;
  const policy = resolveRetryPolicy({ firstInterval: "1s", maxAttempts: 3, retryIf });

  expect(() => nextRetryDelayMs(policy, { attempt: 1, failure }, 0)).toThrow(
    /^retryIf of a retry policy must be a function that is not async/,
  );
});

describe("jitter", () => {
  const resolve = (jitter: number | boolean) =>
    resolveRetryPolicy({ firstInterval: "10s", maxAttempts: 9, maxInterval: "15s", backoffCoefficient: 2, jitter });
  const delay = (jitter: number | boolean, seed: string, attempt = 1) =>
    nextRetryDelayMs(resolve(jitter), { attempt, failure }, 0, seed)!;

  it("is the same for the same attempt, and spreads the others evenly over its share", () => {
    const delays = Array.from({ length: 2000 }, (_, index) => delay(0.4, `instance-${index}\n0\n1`));

    expect(delay(0.4, "a\n0\n1")).toBe(delay(0.4, "a\n0\n1"));
    expect(Math.max(...delays)).toBeLessThanOrEqual(10_000);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(6000);
    for (let from = 6000; from < 10_000; from += 1000) {
      const share = delays.filter((ms) => ms > from && ms <= from + 1000).length / delays.length;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    }
  });

  it("never lengthens a wait, leaves a timer at least, and is off without a word", () => {
    const seeds = Array.from({ length: 200 }, (_, index) => `seed ${index}`);

    for (const seed of seeds) {
      expect(delay(true, seed, 3)).toBeLessThanOrEqual(15_000);
      expect(delay(1, seed)).toBeGreaterThanOrEqual(1);
      expect(delay(0, seed)).toBe(10_000);
      expect(delay(false, seed, 3)).toBe(15_000);
    }
    expect(delay(true, "seed", 3)).toBe(delay(1, "seed", 3));
  });

  it("never changes, because waits that are recorded are met again in replay", () => {
    expect([delay(1, "order-7\n0\n1"), delay(1, "order-7\n3\n2", 2), delay(0.5, "ü\n12\n1")]).toEqual([
      2921, 13513, 9605,
    ]);
  });

  it("leaves the answer of retryDelay alone", () => {
    const policy = resolveRetryPolicy({ firstInterval: 1, maxAttempts: 3, jitter: 1, retryDelay: () => "7s" });

    expect(nextRetryDelayMs(policy, { attempt: 1, failure }, 0, "a")).toBe(7000);
  });

  it("is an option of RetryOptions too", () => {
    const options = new RetryOptions(5000, 3);
    options.jitter = 0.25;

    expect(resolveRetryPolicy(options).jitter).toBe(0.25);
  });
});

it.each<[string, object, RegExp]>([
  [
    "a jitter above 1",
    { firstInterval: 1, maxAttempts: 2, jitter: 1.5 },
    /^jitter of a retry policy must be a number from 0/,
  ],
  ["a jitter as text", { firstInterval: 1, maxAttempts: 2, jitter: "0.5" }, /^jitter of a retry policy/],
  [
    "a misspelt member",
    { firstInterval: 1, maxAttempts: 2, backofCoefficient: 2 },
    /did you mean 'backoffCoefficient'/,
  ],
  ["names of two forms", { firstRetryIntervalInMilliseconds: 1, maxAttempts: 2 }, /no option 'maxAttempts'/],
  [
    "a misspelt member of RetryOptions",
    Object.assign(new RetryOptions(1, 2), { maxRetryInterval: 5 }),
    /no option 'maxRetryInterval'/,
  ],
])("%s is refused", (_, policy, message) => {
  expect(() => resolveRetryPolicy(policy as never)).toThrow(message);
});

it("a class of another library may have members of its own", () => {
  class Policy {
    readonly firstRetryIntervalInMilliseconds = 5;
    readonly maxNumberOfAttempts = 2;
    readonly _cache = {};
  }

  expect(resolveRetryPolicy(new Policy() as never).firstIntervalMs).toBe(5);
});
