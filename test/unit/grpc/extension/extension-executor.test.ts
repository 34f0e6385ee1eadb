import { describe, expect, it } from "vitest";
import type { Episode } from "../../../../src/core/task-executor.ts";
import { ExtensionExecutor, type TriggeredFunctions } from "../../../../src/grpc/extension/extension-executor.ts";

const execution = { instanceId: "i1", executionId: "e1" };
const timestamp = new Date(0);
const begun = {
  pastEvents: [],
  newEvents: [
    { type: "OrchestratorStarted", eventId: -1, timestamp },
    { type: "ExecutionStarted", eventId: -1, timestamp, name: "work", orchestrationInstance: execution },
  ],
} as unknown as Episode;

function executorOf(call: TriggeredFunctions["call"], isInterruption?: TriggeredFunctions["isInterruption"]) {
  const functions = { has: () => true, call, ...(isInterruption && { isInterruption }) };
  return new ExtensionExecutor({ functions, entityEncoding: "messages" });
}

function throwing(thrown: unknown): TriggeredFunctions["call"] {
  return () => Promise.reject(thrown);
}

describe("a function of the protobuf protocol", () => {
  it.each([[new RangeError("x")], ["a text"], [null], [undefined]])("fails its activity with %s", async (thrown) => {
    const invocation = { name: "work", input: undefined, instance: execution, signal: new AbortController().signal };
    const outcome = await executorOf(throwing(thrown)).executeActivity(invocation as never);
    expect(outcome).toMatchObject({ kind: "failed" });
  });

  it.each([
    ["throws", throwing(new Error("boom"))],
    ["throws no error", throwing(null)],
    ["answers nothing", async () => undefined],
    ["answers no message", async () => Buffer.from([0xff, 0xff]).toString("base64")],
  ])("fails its orchestration when it %s", async (_what, call) => {
    const { actions } = await executorOf(call).openSession(execution).execute(begun);
    expect(actions).toMatchObject([
      {
        kind: "CompleteOrchestration",
        status: "Failed",
        failureDetails: { errorMessage: "Function 'work' failed with an unhandled exception." },
      },
    ]);
  });

  it("fails the operations of its entity when it throws, and leaves the state", async () => {
    const batch = {
      instanceId: "@work@k",
      entity: { name: "work", key: "k" },
      state: "5",
      operations: [{ id: "o1", operation: "add", input: "1" }],
    };
    expect(await executorOf(throwing(null)).executeEntityBatch(batch as never)).toMatchObject({
      outcomes: [{ kind: "failed", failureDetails: { errorType: "FunctionInvocationFailed" } }],
      state: "5",
    });
  });

  it("is called again when its process has ended", async () => {
    const executor = executorOf(throwing("gone"), (error) => error === "gone");
    await expect(executor.openSession(execution).execute(begun)).rejects.toBe("gone");
  });
});
