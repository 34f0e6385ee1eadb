import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { formatFailureTrace, formatThrown } from "../../../src/core/failure-trace.ts";

const failure = { errorType: "Error", errorMessage: "no stock", isNonRetriable: false };
const frames = (...places: string[]) => ["Error: no stock", ...places.map((place) => `    at ${place}`)].join("\n");

it("a failure is told with the places of the user's code, and of no other", () => {
  const stackTrace = frames(
    "take (/app/src/stock.ts:3:9)",
    `run (${resolve("src/worker/in-process-executor.ts")}:1:1)`,
    `run (${pathToFileURL(resolve("dist/worker/in-process-executor.js"))}:1:1)`,
    "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
    "async order (file:///app/src/order.ts:7:1)",
  );

  expect(formatFailureTrace({ ...failure, stackTrace })).toBe(
    "Error: no stock\n    at take (/app/src/stock.ts:3:9)\n    at async order (file:///app/src/order.ts:7:1)",
  );
});

it("where no place is the user's, all are told, but not too many", () => {
  const stackTrace = frames(...Array.from({ length: 30 }, (_, line) => `node:fs:${line}:1`));

  expect(formatFailureTrace({ ...failure, stackTrace }).split("\n")).toHaveLength(11);
});

it("the failure of a task names its cause, whose place was told where the task ran", () => {
  const cause = { ...failure, stackTrace: frames("take (/app/src/stock.ts:3:9)") };
  const details = {
    errorType: "TaskFailedError",
    errorMessage: "activity 'take' failed: no stock",
    isNonRetriable: false,
    innerFailure: { ...cause, innerFailure: { ...cause, errorMessage: "empty" } },
  };

  expect(formatFailureTrace(details)).toBe("TaskFailedError: activity 'take' failed: no stock\ncaused by Error: empty");
});

it("what this package says of the user's code has no frames of its own, but a fault of ours has", () => {
  const stackTrace = frames(`run (${resolve("src/worker/in-process-executor.ts")}:1:1)`);

  const misuse = {
    errorType: "OrchestrationMisuse",
    errorMessage: "yielded a list",
    isNonRetriable: false,
    stackTrace,
  };
  expect(formatFailureTrace(misuse)).toBe("OrchestrationMisuse: yielded a list");
  expect(formatFailureTrace({ ...misuse, errorType: "InternalError" })).toMatch(/\n {4}at run/);
});

it("what user code has thrown is shown with its causes; what Node has thrown by itself without its frames", () => {
  const ofNode = Object.assign(new TypeError("Unknown file extension"), {
    stack: "TypeError: Unknown file extension\n    at load (node:internal/modules/esm/load:1:1)",
  });

  expect(formatThrown(ofNode)).toBe("TypeError: Unknown file extension");
  expect(formatThrown(new Error("outer", { cause: new Error("inner") }))).toMatch(
    /^Error: outer\n {4}at .*failure-trace\.test\.ts.*\n[\s\S]*caused by Error: inner\n {4}at .*failure-trace\.test\.ts/,
  );
  expect(formatThrown("text")).toBe("string: text");
});

it("a cause whose text and place were told is not repeated; one with a place of its own is", () => {
  const wrapped = { ...failure, errorMessage: "the input: no stock", stackTrace: frames("take (/app/stock.ts:3:9)") };
  const inner = { ...failure, stackTrace: frames("take (/app/stock.ts:3:9)") };
  const elsewhere = { ...failure, stackTrace: frames("count (/app/count.ts:1:1)") };

  expect(formatFailureTrace({ ...wrapped, innerFailure: inner })).toBe(
    "Error: the input: no stock\n    at take (/app/stock.ts:3:9)",
  );
  expect(formatFailureTrace({ ...wrapped, innerFailure: elsewhere })).toBe(
    "Error: the input: no stock\n    at take (/app/stock.ts:3:9)\ncaused by Error: no stock\n    at count (/app/count.ts:1:1)",
  );
});

it("all errors of an AggregateError are told", () => {
  const errors = Array.from({ length: 12 }, (_, index) => new RangeError(`no ${index}`));

  const lines = formatThrown(new AggregateError(errors, "many")).split("\n");

  expect(lines.filter((line) => !line.startsWith("    at "))).toEqual([
    "AggregateError: many",
    "caused by RangeError: no 0",
    ...errors.slice(1, 10).map(({ message }) => `and RangeError: ${message}`),
    "and 2 more",
  ]);
});
