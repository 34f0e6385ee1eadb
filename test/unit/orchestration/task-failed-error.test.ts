import { expect, it } from "vitest";
import { describeFailure } from "../../../src/core/failure-details.ts";
import { isTaskFailedError, TaskFailedError } from "../../../src/orchestration/task-failed-error.ts";

const details = describeFailure(Object.assign(new Error("no money"), { name: "CardDeclined" }));
const failed = new TaskFailedError("activity", "charge", 1, details);

it("the failure of a task is known by a predicate, also one of another copy of the package", async () => {
  const path = "../../../src/orchestration/task-failed-error.ts?copy";
  const copy: { TaskFailedError: typeof TaskFailedError } = await import(path);
  const foreign = new copy.TaskFailedError("activity", "charge", 1, details);

  expect(foreign instanceof TaskFailedError).toBe(true);
  for (const error of [failed, foreign]) {
    expect(isTaskFailedError(error)).toBe(true);
    expect(isTaskFailedError(error, "CardDeclined")).toBe(true);
    expect(isTaskFailedError(error, "Other")).toBe(false);
  }
});

it.each([
  ["another error", new Error("no money")],
  ["an error that only has the name", Object.assign(new Error("x"), { name: "TaskFailedError" })],
  ["an error whose details are none", Object.assign(new Error("x"), { name: "TaskFailedError", failureDetails: null })],
  ["no error", { name: "TaskFailedError", failureDetails: details }],
  ["nothing", undefined],
])("%s is not the failure of a task", (_, value) => {
  expect(isTaskFailedError(value)).toBe(false);
});
