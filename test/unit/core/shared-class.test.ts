import { expect, it } from "vitest";
import { EntityId } from "../../../src/core/entity-id.ts";
import { DurableError, isDurableError, NonRetriableError } from "../../../src/core/errors.ts";
import { describeFailure } from "../../../src/core/failure-details.ts";
import { RetryOptions } from "../../../src/core/retry-policy.ts";
import { ManagedIdentityTokenSource } from "../../../src/orchestration/http/durable-http-request.ts";
import { DurableHttpResponse } from "../../../src/orchestration/http/durable-http-response.ts";
import { TaskFailedError } from "../../../src/orchestration/task-failed-error.ts";

/** What another copy of the package exports. */
async function copyOf(path: string): Promise<Record<string, new (...args: unknown[]) => object>> {
  const specifier = `../../../src/${path}?copy`;
  return await import(specifier);
}

const details = describeFailure(new Error("no"));

it.each([
  ["core/errors.ts", DurableError, ["NotSupported", "x"]],
  ["core/errors.ts", NonRetriableError, ["x"]],
  ["core/entity-id.ts", EntityId, ["Counter", "a"]],
  ["core/retry-policy.ts", RetryOptions, [1000, 3]],
  ["orchestration/task-failed-error.ts", TaskFailedError, ["activity", "charge", 1, details]],
  ["orchestration/http/durable-http-request.ts", ManagedIdentityTokenSource, ["https://a.test"]],
  ["orchestration/http/durable-http-response.ts", DurableHttpResponse, [200, "x", {}]],
] as const)("instances of another copy are instances: %s %#", async (path, type, args) => {
  const foreign = (await copyOf(path))[type.name]!;
  const instance = new foreign(...args);

  expect(foreign).not.toBe(type);
  expect(instance instanceof type).toBe(true);
  expect(instance instanceof Date).toBe(false);
  for (const other of [{}, null, undefined, "text", new Error("x"), Object.create(null)]) {
    expect((other as object) instanceof type).toBe(false);
  }
});

it("errors of another copy keep their code", async () => {
  const Foreign = (await copyOf("core/errors.ts"))["DurableError"]!;
  const thrown = new Foreign("TaskTimeout", "late");

  expect(isDurableError(thrown, "TaskTimeout")).toBe(true);
  expect(isDurableError(thrown, "NotSupported")).toBe(false);
  expect(describeFailure(thrown).errorType).toBe("TaskTimeout");
});

it("classes that users derive are told apart", () => {
  class OutOfStock extends DurableError {}
  class Other extends DurableError {}
  const thrown = new OutOfStock("NotSupported", "x");

  expect([thrown instanceof OutOfStock, thrown instanceof DurableError, thrown instanceof Other]).toEqual([
    true,
    true,
    false,
  ]);
  expect(new DurableError("NotSupported", "x") instanceof OutOfStock).toBe(false);
});
