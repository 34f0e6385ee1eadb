import { expect, it } from "vitest";
import { nextRetryDelayMs, resolveRetryPolicy } from "../../../src/core/retry-policy.ts";
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
