import { type RetryContext, RetryPolicy, type TaskFailureDetails } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const calls = new Map<string, number>();

/** Fails as often as it is told, and then answers with the number of its calls. */
const flaky = hub.activity((_ctx, { key, failures, type }: { key: string; failures: number; type?: string }) => {
  const count = (calls.get(key) ?? 0) + 1;
  calls.set(key, count);
  if (count > failures) return count;
  const error = new Error(`failure ${count}`);
  if (type !== undefined) error.name = type;
  throw error;
});
const flakyChild = hub.orchestrator(async function* (ctx, input) {
  return yield ctx.callActivity(flaky, input);
});
const policy = (maxNumberOfAttempts: number, more: Partial<ConstructorParameters<typeof RetryPolicy>[0]> = {}) =>
  new RetryPolicy({ maxNumberOfAttempts, firstRetryIntervalInMilliseconds: 20, ...more });

function onlyTransient(failure: TaskFailureDetails) {
  return failure.errorType === "Transient";
}

/** What a retry handler says, by the name under which a test asks for it. */
const handlers: Readonly<Record<string, (context: RetryContext) => unknown>> = {
  "true until the third": ({ lastAttemptNumber }) => lastAttemptNumber < 3,
  "a delay": () => 20,
  "a delay of zero": () => 0,
  "a promise": async () => true,
  false: () => false,
  undefined: () => undefined,
  null: () => null,
  "what the failure is": ({ lastFailure }) => lastFailure.errorType === "Transient",
};
const policies = {
  "five attempts": policy(5),
  "three attempts": policy(3),
  "one attempt": policy(1),
  backoff: policy(4, { backoffCoefficient: 2 }),
  "a cap": policy(4, { backoffCoefficient: 100, maxRetryIntervalInMilliseconds: 50 }),
  "a timeout": policy(1000, { firstRetryIntervalInMilliseconds: 50, retryTimeoutInMilliseconds: 170 }),
  "a filter": policy(5, { handleFailure: onlyTransient }),
};
interface Request {
  readonly key: string;
  readonly failures: number;
  readonly type?: string;
  readonly policy?: keyof typeof policies;
  readonly handler?: string;
}
const retryOf = ({ policy, handler }: Request) => ({
  retry: policy !== undefined ? policies[policy] : (handlers[handler!] as (context: RetryContext) => boolean | number),
});

const callers = {
  activity: hub.orchestrator(async function* (ctx, request: Request) {
    return yield ctx.callActivity(flaky, request, retryOf(request));
  }),
  child: hub.orchestrator(async function* (ctx, request: Request) {
    return yield ctx.callSubOrchestrator(flakyChild, request, retryOf(request));
  }),
  "child of a fixed id": hub.orchestrator(async function* (ctx, request: Request) {
    const instanceId = `child-of-${ctx.instanceId}`;
    return yield ctx.callSubOrchestrator(flakyChild, request, { ...retryOf(request), instanceId });
  }),
};

describe.each(["activity", "child", "child of a fixed id"] as const)("retries of an %s", (kind) => {
  const run = async (request: Omit<Request, "key">) => {
    const key = newId("retry");
    const outcome = await hub.run(callers[kind], { key, ...request });
    return { outcome, count: calls.get(key) };
  };

  it("succeed after failures", async () => {
    expect(await run({ failures: 2, policy: "five attempts" })).toEqual({ outcome: completed(3), count: 3 });
  });

  it("end with the last attempt", async () => {
    const { outcome, count } = await run({ failures: 9, policy: "three attempts" });
    expect(outcome.status).toBe("FAILED");
    expect(outcome.failure?.message).toContain("failure 3");
    expect(count).toBe(3);
  });

  it("are none with one attempt", async () => {
    const { outcome, count } = await run({ failures: 9, policy: "one attempt" });
    expect([outcome.status, count]).toEqual(["FAILED", 1]);
  });

  it.each(["backoff", "a cap"] as const)("go on with %s", async (name) => {
    expect(await run({ failures: 3, policy: name })).toEqual({ outcome: completed(4), count: 4 });
  });

  it("stop at a timeout", async () => {
    const { outcome, count } = await run({ failures: 999, policy: "a timeout" });
    expect(outcome.status).toBe("FAILED");
    expect(count).toBeLessThan(6);
  });

  it("are for the failures that the policy names", async () => {
    expect(await run({ failures: 1, policy: "a filter", type: "Fatal" })).toMatchObject({
      outcome: { status: "FAILED" },
      count: 1,
    });
  });

  it.each(["true until the third", "a delay", "a delay of zero", "a promise"])(
    "go on when the handler says %s",
    async (handler) => {
      expect(await run({ failures: 2, handler })).toEqual({ outcome: completed(3), count: 3 });
    },
  );

  it.each(["false", "undefined", "null"])("end when the handler says %s", async (handler) => {
    const { outcome, count } = await run({ failures: 1, handler });
    expect([outcome.status, count]).toEqual(["FAILED", 1]);
  });

  it("end when the handler has had enough", async () => {
    const { outcome, count } = await run({ failures: 9, handler: "true until the third" });
    expect([outcome.status, count]).toEqual(["FAILED", 3]);
  });
});

describe("what a retry knows of a failure", () => {
  const run = async (kind: "activity" | "child", request: Omit<Request, "key">) =>
    await hub.run(callers[kind], { key: newId("retry"), ...request });

  it("is the type of the error of an activity", async () => {
    expect(await run("activity", { failures: 1, policy: "a filter", type: "Transient" })).toEqual(completed(2));
    expect(await run("activity", { failures: 1, handler: "what the failure is", type: "Transient" })).toEqual(
      completed(2),
    );
    expect((await run("activity", { failures: 1, handler: "what the failure is", type: "Fatal" })).status).toBe(
      "FAILED",
    );
  });

  const unregistered = hub.orchestrator(async function* (ctx) {
    return yield ctx.callActivity("NoSuchActivity", undefined, { retry: policy(3) });
  });
  it("is that an activity is unknown", async () => {
    const id = newId();
    expect((await hub.run(unregistered, undefined, { instanceId: id })).status).toBe("FAILED");
  });
});
