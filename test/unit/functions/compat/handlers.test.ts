import az, { type HttpFunctionOptions, type InvocationContext } from "@azure/functions";
import { afterEach, expect, it, vi } from "vitest";
import { runActivity } from "../../../../src/functions/compat/activity-invocation.ts";
import { addExceptionProperties } from "../../../../src/functions/compat/exception-properties.ts";
import { app } from "../../../../src/index.ts";
import { TaskFailedError } from "../../../../src/orchestration/task-failed-error.ts";
import type { ActivityContext } from "../../../../src/worker/activity-context.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function activityContext(lines: unknown[] = []): ActivityContext {
  const write =
    (level: string) =>
    (...args: readonly unknown[]) =>
      void lines.push([level, ...args]);
  const levels = ["log", "trace", "debug", "info", "warn", "error"].map((level) => [level, write(level)]);
  return { instanceId: "i", name: "greet", taskId: 3, ...Object.fromEntries(levels) } as ActivityContext;
}

it("gives activities an InvocationContext that logs, and tells them that outputs would be lost", async () => {
  const lines: unknown[] = [];
  const activity = {
    handler: (city: string, context: InvocationContext) => {
      context.warn("hot", city);
      context.log("seen");
      const output = az.output.storageQueue({ queueName: "q", connection: "C" });
      expect(() => context.extraOutputs.set(output, "m")).toThrow("no output bindings");
      return [context.functionName, context.invocationId, context.triggerMetadata?.["instanceId"]];
    },
  };

  expect(await runActivity(activity, undefined, "Tokyo", activityContext(lines))).toEqual(["greet", "i:3", "i"]);
  expect(lines).toEqual([
    ["warn", "hot", "Tokyo"],
    ["info", "seen"],
  ]);
});

it.each([
  ["an error", new TypeError("bad"), "bad"],
  ["a frozen error", Object.freeze(new TypeError("bad")), "bad"],
  ["a text", "bad", "bad"],
])("adds what the provider says of %s", (_, thrown, message) => {
  const error = addExceptionProperties(thrown, {
    getExceptionProperties: () => ({ code: 5, name: "Other", stack: "none" }),
  });

  expect(error).toMatchObject({ code: 5, message });
  expect((error as Error).name).not.toBe("Other");
});

it("throws on what it was given when the provider has nothing to say, or fails", () => {
  const thrown = new Error("bad");
  const failing = () => {
    throw new Error("of the provider");
  };

  expect(addExceptionProperties(thrown, undefined)).toBe(thrown);
  expect(addExceptionProperties(thrown, { getExceptionProperties: () => undefined })).toBe(thrown);
  expect(addExceptionProperties(thrown, { getExceptionProperties: failing })).toBe(thrown);
  expect(Object.keys(thrown)).toEqual([]);
});

it("tells what a failure was caused by, without showing the question", () => {
  const { failureDetails } = new TaskFailedError("activity", "x", 1, {
    errorType: "Outer",
    errorMessage: "o",
    isNonRetriable: false,
    innerFailure: { errorType: "Inner", errorMessage: "i", isNonRetriable: false },
  });

  expect(["Outer", "Inner", "Other"].map((type) => failureDetails.isCausedBy(type))).toEqual([true, true, false]);
  expect(failureDetails.innerFailure?.isCausedBy("Outer")).toBe(false);
  expect(JSON.parse(JSON.stringify(failureDetails))).not.toHaveProperty("isCausedBy");
});

it("registers client functions with all their options and a handler of two arguments", () => {
  const register = vi.spyOn(az.app, "http").mockImplementation(() => {});

  app.client.http("start", { route: "start", authLevel: "function", handler: () => ({ status: 200 }) });

  const [name, options] = register.mock.calls[0] as unknown as [string, HttpFunctionOptions];
  expect([name, options.route, options.authLevel, options.handler.length]).toEqual(["start", "start", "function", 2]);
});

it.each<[string, () => void]>([
  ["an activity without handler", () => app.activity("compatX", {} as never)],
  ["an orchestration of nothing", () => app.orchestration("compatX", undefined as never)],
  ["an entity without handler", () => app.entity("compatX", {} as never)],
  ["a client function without handler", () => app.client.timer("compatX", { schedule: "* * * * * *" } as never)],
  ["a name with a slash", () => app.activity("a/b", () => {})],
])("refuses %s", (_, register) => {
  expect(register).toThrow(expect.objectContaining({ name: "DurableError", code: "InvalidOption" }));
});
