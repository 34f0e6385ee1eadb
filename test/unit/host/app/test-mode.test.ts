import { expect, it } from "vitest";
import { describeTestMode, watchTestMode } from "../../../../src/host/app/test-mode.ts";

it("sees what the library leaves out in its test mode, passes it on, and gives its place back", () => {
  const printed: unknown[][] = [];
  const warn = (...values: unknown[]) => {
    printed.push(values);
  };
  const target = { warn };
  const watch = watchTestMode(target);

  target.warn("WARNING: Failed to detect the Azure Functions runtime.");
  target.warn(
    'WARNING: Skipping call to register function "hello" because the "@azure/functions" package is in test mode.',
  );
  target.warn(
    'WARNING: Skipping call to register appStart hook because the "@azure/functions" package is in test mode.',
  );
  target.warn({ of: "an app" }, 2);
  watch.end();

  expect(watch.skipped).toEqual(['function "hello"', "appStart hook"]);
  expect(printed).toHaveLength(4);
  expect(printed[3]).toEqual([{ of: "an app" }, 2]);
  expect(target.warn).toBe(warn);
  expect(describeTestMode(watch.skipped)).toContain('left out function "hello", appStart hook');
});
