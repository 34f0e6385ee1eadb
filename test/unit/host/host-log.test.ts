import { expect, it } from "vitest";
import { createLogFilter } from "../../../src/host/host-log.ts";

it.each([
  [{}, false, "Function.a.User", "information", true],
  [{}, false, "Function.a.User", "debug", false],
  [{}, false, "Host.Functions", "information", false],
  [{}, true, "Host.Functions", "information", true],
  [{ default: "Debug" }, false, "Function.a", "debug", true],
  [{ "Function.a": "Error" }, false, "Function.a.User", "warning", false],
  [{ "Function.a": "Error" }, false, "Function.ab", "warning", true],
  [{ Host: "None" }, false, "Host.Functions", "critical", false],
  [{ function: "nonsense" }, false, "Function.a", "information", true],
] as const)("with levels %o and verbose %s, %s at %s is shown: %s", (logLevel, verbose, category, level, shown) => {
  expect(createLogFilter({ logging: { logLevel } }, verbose)({ category, level })).toBe(shown);
});
