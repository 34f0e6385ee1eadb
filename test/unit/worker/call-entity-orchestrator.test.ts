import { expect, it } from "vitest";
import { callEntityOrchestratorName } from "../../../src/core/reserved-names.ts";
import { readAnswer } from "../../../src/entities/entity-message.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { TaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import { callEntityCode } from "../../../src/worker/call-entity-orchestrator.ts";
import { createBuiltInFunctions } from "../../../src/worker/durable-http/built-in-functions.ts";
import { resolveDurableHttpOptions } from "../../../src/worker/durable-http/durable-http-options.ts";
import { FakeClock } from "../http/fake-orchestration-client.ts";

/** The orchestrator up to its call. */
function begin(message: unknown) {
  const calls: unknown[][] = [];
  const context = { callEntity: (...call: unknown[]) => calls.push(call) } as unknown as OrchestrationContext;
  const { orchestrator, dataConverter } = callEntityCode;
  const input = dataConverter.deserialize(JSON.stringify(message), "the input");
  const code = orchestrator(context, input) as Generator<unknown, unknown, unknown>;
  code.next();
  const end = (value: unknown) => readAnswer(dataConverter.serialize(value, "the output"));
  return { calls, code, end, converter: dataConverter };
}

it("hands input and result on as they are written", () => {
  const { calls, code, end, converter } = begin({ entity: "@counter@k", operation: "add", input: '{ "n": 1.00 }' });

  expect(calls).toEqual([["@counter@k", "add", '{ "n": 1.00 }']]);
  expect(converter.serialize(calls[0]![2], "the input")).toBe('{ "n": 1.00 }');
  const { value } = code.next(converter.deserialize("[12345678901234567890]", "the result"));
  expect(end(value)).toEqual({ kind: "completed", result: "[12345678901234567890]" });
});

it("neither input nor result need be there", () => {
  const { calls, code, end } = begin({ entity: "@counter@k", operation: "" });

  expect(calls).toEqual([["@counter@k", "", undefined]]);
  expect(end(code.next(undefined).value)).toEqual({ kind: "completed", result: undefined });
});

it("answers with the failure of the operation, and fails of its own", () => {
  const failureDetails = { errorType: "RangeError", errorMessage: "boom", isNonRetriable: true, properties: { n: 1 } };
  const failed = begin({ entity: "@counter@k", operation: "add" });
  const { value } = failed.code.throw(new TaskFailedError("entity", "@counter@k", 0, failureDetails));
  expect(failed.end(value)).toEqual({ kind: "failed", failureDetails });

  const broken = begin({ entity: "@counter@k", operation: "add" });
  expect(() => broken.code.throw(new TypeError("no entities here"))).toThrow("no entities here");
});

it("is there in every worker, under its exact name", () => {
  const functions = createBuiltInFunctions(resolveDurableHttpOptions({}, []), new FakeClock());

  expect(functions.findOrchestration(callEntityOrchestratorName)).toBe(callEntityCode);
  expect(functions.findOrchestration(callEntityOrchestratorName.toLowerCase())).toBeUndefined();
});
