import { RetryOptions } from "../../core/retry-policy.ts";
import { createActivityHandle } from "../../orchestration/handles.ts";
import type { TaskFailedError } from "../../orchestration/task-failed-error.ts";
import { type Behaviour, behaviour, completed } from "./behaviour.ts";

const soon = { firstInterval: 10, maxAttempts: 3 };
const failed = (output: string) => ({ runtimeStatus: "Failed", output }) as const;

function throws(kind: string, errorType: string, errorMessage: string): Behaviour {
  return behaviour(
    { name: `catches what an activity throws: ${kind}`, expected: completed([errorType, errorMessage]) },
    function* (ctx) {
      try {
        yield ctx.callActivity("throw", kind);
      } catch (error) {
        const { failureDetails } = error as TaskFailedError;
        return [failureDetails.errorType, failureDetails.errorMessage];
      }
      return "no failure";
    },
  );
}

/** Failures, retries and timeouts. */
export const failures: readonly Behaviour[] = [
  throws("text", "string", "just text"),
  throws("null", "null", "null"),
  throws("undefined", "undefined", "undefined"),
  throws("frozen", "RangeError", "frozen"),
  throws("circular", "Error", "in circles"),
  throws("cause", "CardDeclined", "no money"),
  behaviour(
    { name: "hears of the cause and the properties of a failure", expected: completed(["TypeError", "1234"]) },
    function* (ctx) {
      try {
        yield ctx.callActivity("throw", "cause");
      } catch (error) {
        const { failureDetails } = error as TaskFailedError;
        return [failureDetails.innerFailure?.errorType, failureDetails.properties?.["card"]];
      }
      return "no failure";
    },
  ),
  behaviour({ name: "fails with a text that its code throws", expected: failed("string: only words") }, function* () {
    throw "only words";
  }),
  behaviour(
    { name: "fails with an output that has no JSON form", expected: { runtimeStatus: "Failed" } },
    function* () {
      return 10n;
    },
  ),
  behaviour({ name: "tries again until it succeeds, and the activity knows", expected: completed(3) }, function* (ctx) {
    return yield* ctx.callActivity("succeedAtAttempt", 3, { retry: soon });
  }),
  behaviour(
    {
      name: "fails with the last attempt",
      expected: failed("TaskFailedError: activity 'succeedAtAttempt' failed: attempt 3"),
    },
    function* (ctx) {
      return yield* ctx.callActivity("succeedAtAttempt", 4, { retry: soon });
    },
  ),
  behaviour({ name: "tries again by the options of 3.x", expected: completed(2) }, function* (ctx) {
    return yield* ctx.callActivityWithRetry("succeedAtAttempt", new RetryOptions(10, 3), 2);
  }),
  behaviour({ name: "tries again by the policy of a handle", expected: completed(2) }, function* (ctx) {
    const handle = createActivityHandle<number, number>("succeedAtAttempt").withRetry(soon);
    return yield* ctx.callActivity(handle, 2);
  }),
  behaviour({ name: "waits as long as the policy says for each retry", expected: completed(3) }, function* (ctx) {
    const retry = { ...soon, retryDelay: ({ attempt }: { attempt: number }) => attempt * 20 };
    return yield* ctx.callActivity("succeedAtAttempt", 3, { retry });
  }),
  behaviour(
    { name: "does not try again what is final", expected: failed("TaskFailedError: activity 'throw' failed: final") },
    function* (ctx) {
      yield ctx.callActivity("throw", "final", { retry: soon });
    },
  ),
  behaviour(
    {
      name: "does not try again what the policy refuses",
      expected: failed("TaskFailedError: activity 'succeedAtAttempt' failed: attempt 1"),
    },
    function* (ctx) {
      yield ctx.callActivity("succeedAtAttempt", 2, { retry: { ...soon, retryIf: () => false } });
    },
  ),
  behaviour({ name: "gives up waiting for a slow activity", expected: completed("TaskTimeout") }, function* (ctx) {
    try {
      yield ctx.callActivity("waitForAbort", undefined, { timeout: 500 });
    } catch (error) {
      return (error as TaskFailedError).failureDetails.errorType;
    }
    return "no failure";
  }),
  behaviour({ name: "takes the result that comes in time", expected: completed("in time") }, function* (ctx) {
    return yield* ctx.callActivity("echo", "in time", { timeout: "1h" });
  }),
  behaviour(
    { name: "fails when an activity is not registered", expected: { runtimeStatus: "Failed" } },
    function* (ctx) {
      yield ctx.callActivity("nobody knows it", 1, { retry: soon });
    },
  ),
];
