// Failed activities are tried again; the waits in between are durable timers.
//
//   curl -X POST localhost:7071/api/orchestrators/retryWithPolicy -d '{"failures": 2}'

import { DFApp, RetryOptions } from "durable-functions-ts";

interface Work {
  /** How many attempts fail before one succeeds. */
  readonly failures: number;
  /** Before the first retry. @defaultValue five seconds */
  readonly intervalMs?: number;
}

const app = new DFApp();

const unreliable = app.activity("unreliable", ({ failures }: Work, { attempt }) => {
  if (attempt <= failures) throw new Error(`attempt ${attempt} failed`);
  return `attempt ${attempt} succeeded`;
});

/** A policy as an object; times are milliseconds or time spans such as "PT30S" and { minutes: 1 }. */
app.orchestration("retryWithPolicy", function* (context, work: Work) {
  return yield* context.callActivity(unreliable, work, {
    retry: { firstInterval: work.intervalMs ?? 5000, maxAttempts: 3, backoffCoefficient: 2, maxInterval: "PT1M" },
  });
});

/** The options of durable-functions 3.x. */
app.orchestration("retryWithOptions", function* (context, work: Work) {
  const retryOptions = new RetryOptions(work.intervalMs ?? 5000, 3);
  retryOptions.backoffCoefficient = 2;
  retryOptions.maxRetryIntervalInMilliseconds = 60_000;

  return yield* context.callActivityWithRetry(unreliable, retryOptions, work);
});

/** A policy for every call through one handle, which gives up early where another attempt would not help. */
const patient = unreliable.withRetry({
  firstInterval: { milliseconds: 50 },
  maxAttempts: 10,
  retryIf: ({ failure }) => failure.errorMessage !== "attempt 3 failed",
});

app.orchestration("retryWithHandle", function* (context, work: Work) {
  return yield* context.callActivity(patient, work);
});
