import { expect, it } from "vitest";
import {
  createEventSink,
  createLogFilter,
  describeUnknownLevels,
  readFunctionsLogLevel,
} from "../../../src/host/host-log.ts";

it.each([
  [{}, false, "Function.a.User", "info", true],
  [{}, false, "Function.a.User", "debug", false],
  [{}, false, "Host.Functions", "info", false],
  [{}, true, "Host.Functions", "info", true],
  [{ default: "Debug" }, false, "Function.a", "debug", true],
  [{ "Function.a": "Error" }, false, "Function.a.User", "warn", false],
  [{ "Function.a": "Error" }, false, "Function.ab", "warn", true],
  [{ Host: "None" }, false, "Host.Functions", "error", false],
  [{ Host: "Critical" }, false, "Host.Functions", "error", false],
  [{ Host: "Information" }, false, "Host.Functions", "info", true],
  [{ function: "nonsense" }, false, "Function.a", "info", true],
] as const)("with levels %o and verbose %s, %s at %s is shown: %s", (logLevel, verbose, category, level, shown) => {
  expect(createLogFilter({ logging: { logLevel } }, verbose)({ category, level })).toBe(shown);
});

it("shows events as lines, under a category that host.json can select", () => {
  const lines: unknown[] = [];
  const sink = createEventSink((line) => lines.push(line));

  sink.log("error", "OrchestrationFailed", "'x' failed", { instanceId: "a", taskHub: "Hub" });
  sink.log("warn", "LocalSettingUnusable", "no text", {});
  sink.log("info", "NotInTheCatalogue", "yet");
  sink.log("info", "ActivityExecuted", "'pay' completed", { functionName: "pay", attempt: 2 });
  sink.log("error", "OrchestrationFailed", "'x' failed: Error: boom\n    at f (x.ts:1:2)", { instanceId: "a" });

  expect(lines).toMatchObject([
    {
      level: "error",
      category: "Durable.OrchestrationFailed",
      message: "OrchestrationFailed: 'x' failed (instanceId=a, taskHub=Hub)",
    },
    { level: "warn", category: "Host.LocalSettingUnusable", message: "LocalSettingUnusable: no text" },
    { level: "info", category: "Durable.NotInTheCatalogue", message: "NotInTheCatalogue: yet" },
    { level: "info", category: "Function.pay", message: "ActivityExecuted: 'pay' completed (attempt=2)" },
    { message: "OrchestrationFailed: 'x' failed: Error: boom (instanceId=a)\n    at f (x.ts:1:2)" },
  ]);
  const fields = { instanceId: "a", taskHub: "Hub" };
  expect(lines[0]).toMatchObject({ event: "OrchestrationFailed", text: "'x' failed", fields });
});

it.each([
  [{}, true],
  [{ Function: "Warning" }, false],
  [{ "Function.pay": "Warning" }, false],
  [{ "Function.other": "Warning" }, true],
  [{ Durable: "Warning" }, false],
  [{ "Durable.ActivityExecuted": "None" }, false],
  [{ default: "Warning" }, false],
  [{ default: "Warning", Function: "Information" }, true],
  [{ "Durable.ActivityExecuted": "Information", Function: "Warning" }, true],
] as const)("with levels %o the life of a function is shown: %s", (logLevel, shown) => {
  const entries: Parameters<ReturnType<typeof createLogFilter>>[0][] = [];
  createEventSink((entry) => entries.push(entry)).log("info", "ActivityExecuted", "done", { functionName: "pay" });

  expect(createLogFilter({ logging: { logLevel } }, false)(entries[0]!)).toBe(shown);
});

it("a level that is none is told, with the one that was probably meant", () => {
  const logLevel = { default: "Warnig", Function: "loud", Host: "Error", Durable: 3 };

  expect(describeUnknownLevels({ logging: { logLevel } }).map(({ text }) => text)).toEqual([
    expect.stringMatching(/'logging\.logLevel\.default' .*"Warnig"; did you mean 'Warning'\?$/),
    expect.stringMatching(/'logging\.logLevel\.Function' .*"loud"; levels are Trace, Debug, .*None$/),
    expect.stringMatching(/'logging\.logLevel\.Durable' .*3; levels are/),
  ]);
});

it.each([
  ["trace", "trace"],
  ["debug", "debug"],
  ["information", "info"],
  ["warning", "warn"],
  ["error", "error"],
  ["critical", "error"],
  ["none", "info"],
] as const)("takes the library's level %s for %s", (given, level) => {
  expect(readFunctionsLogLevel(given)).toBe(level);
});
