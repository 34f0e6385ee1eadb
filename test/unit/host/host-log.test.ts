import { expect, it } from "vitest";
import { createEventSink, createLogFilter, readFunctionsLogLevel } from "../../../src/host/host-log.ts";

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

  expect(lines).toEqual([
    {
      level: "error",
      category: "Durable.OrchestrationFailed",
      message: "OrchestrationFailed: 'x' failed (instanceId=a, taskHub=Hub)",
    },
    { level: "warn", category: "Host.LocalSettingUnusable", message: "LocalSettingUnusable: no text" },
    { level: "info", category: "Durable.NotInTheCatalogue", message: "NotInTheCatalogue: yet" },
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
