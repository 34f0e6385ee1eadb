import { expect, it } from "vitest";
import { describeFailure } from "../../../src/cli/instance-view.ts";

it.each([
  ["as it was thrown", "Boom", "no\ncard", "Boom: no\ncard\n    at pay (app.ts:1:2)"],
  ["under the name of its class", "Boom", "no\ncard", "DurableError: no\ncard\n    at pay (app.ts:1:2)"],
  ["without a head, as .NET has it", "Boom", "no\ncard", "    at pay (app.ts:1:2)"],
])("a failure says its message once: %s", (_case, errorType, errorMessage, stackTrace) => {
  const lines = describeFailure({ errorType, errorMessage, stackTrace, isNonRetriable: false }, { full: false });

  expect(lines).toEqual(["  Boom: no", "  card", "      at pay (app.ts:1:2)"]);
});

it("a failure without a message has its places all the same", () => {
  const lines = describeFailure(
    {
      errorType: "Error",
      errorMessage: "",
      stackTrace: "Error\n    at pay (app.ts:1:2)",
      isNonRetriable: false,
    },
    { full: false },
  );

  expect(lines).toEqual(["  Error:", "      at pay (app.ts:1:2)"]);
});

it("a failure without a stack is its message", () => {
  expect(describeFailure({ errorType: "Boom", errorMessage: "no", isNonRetriable: false }, { full: false })).toEqual([
    "  Boom: no",
  ]);
});

it("frames of Node and of this package are shown when all is asked for, or when there are no others", () => {
  const ofNode = "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)";
  const ofEngine = `    at run (${new URL("../../../src/engine/x.ts", import.meta.url)}:1:2)`;
  const own = "    at pay (/app/app.ts:1:2)";
  const linesOf = (frames: readonly string[], full: boolean) =>
    describeFailure(
      { errorType: "Boom", errorMessage: "no", stackTrace: ["Boom: no", ...frames].join("\n"), isNonRetriable: false },
      { full },
      "",
    );

  expect(linesOf([own, ofEngine, ofNode], false)).toEqual(["Boom: no", own]);
  expect(linesOf([own, ofEngine, ofNode], true)).toEqual(["Boom: no", own, ofEngine, ofNode]);
  expect(linesOf([ofEngine], false)).toEqual(["Boom: no", ofEngine]);
});
