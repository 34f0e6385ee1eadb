import { expect, it } from "vitest";
import {
  isStandardSchema,
  type StandardSchema,
  validate,
  validateSync,
} from "../../../../src/core/payloads/standard-schema.ts";

function schema(run: StandardSchema["~standard"]["validate"]): StandardSchema {
  return { "~standard": { version: 1, vendor: "test", validate: run } };
}

const callable = Object.assign(
  () => {},
  schema((value) => ({ value })),
);

it.each([
  [schema((value) => ({ value })), true],
  [callable, true],
  [{ "~standard": {} }, false],
  [{ parse: () => {} }, false],
  [null, false],
  ["schema", false],
])("%j is a schema: %s", (value, expected) => {
  expect(isStandardSchema(value)).toBe(expected);
});

it("faults are told with their path, of names, places and segments", async () => {
  const picky = schema(() => ({
    issues: [
      { message: "wrong" },
      { message: "empty", path: [] },
      { message: "bad", path: ["a", 0, { key: "b" }, Symbol("s")] },
    ],
  }));

  await expect(validate(picky, 1, "the input")).rejects.toMatchObject({
    code: "InvalidPayload",
    message: "the input is not valid: wrong; empty; a[0].b.Symbol(s): bad",
  });
});

it("without a schema everything is valid, and a schema may change the value", async () => {
  const addOne = schema((value) => ({ value: (value as number) + 1 }));

  expect(await validate(undefined, "x", "it")).toBe("x");
  expect(validateSync(undefined, "x", "it")).toBe("x");
  expect(await validate(addOne, 1, "it")).toBe(2);
  expect(validateSync(addOne, 1, "it")).toBe(2);
});

it("an asynchronous schema is no use to an orchestrator, and its failure bothers nobody", () => {
  const slow = schema(async () => {
    throw new Error("late");
  });

  expect(() => validateSync(slow, 1, "it")).toThrow(expect.objectContaining({ code: "OrchestrationMisuse" }));
});
