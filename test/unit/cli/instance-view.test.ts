import { expect, it } from "vitest";
import { describeFailure } from "../../../src/cli/instance-view.ts";

it.each([
  ["as it was thrown", "Boom", "no\ncard", "Boom: no\ncard\n    at pay (app.ts:1:2)"],
  ["under the name of its class", "Boom", "no\ncard", "DurableError: no\ncard\n    at pay (app.ts:1:2)"],
  ["without a head, as .NET has it", "Boom", "no\ncard", "    at pay (app.ts:1:2)"],
])("a failure says its message once: %s", (_case, errorType, errorMessage, stackTrace) => {
  const lines = describeFailure({ errorType, errorMessage, stackTrace, isNonRetriable: false });

  expect(lines).toEqual(["  Boom: no", "  card", "      at pay (app.ts:1:2)"]);
});

it("a failure without a message has its places all the same", () => {
  const lines = describeFailure({
    errorType: "Error",
    errorMessage: "",
    stackTrace: "Error\n    at pay (app.ts:1:2)",
    isNonRetriable: false,
  });

  expect(lines).toEqual(["  Error:", "      at pay (app.ts:1:2)"]);
});

it("a failure without a stack is its message", () => {
  expect(describeFailure({ errorType: "Boom", errorMessage: "no", isNonRetriable: false })).toEqual(["  Boom: no"]);
});
