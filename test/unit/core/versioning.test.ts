import { expect, it } from "vitest";
import { describeVersionMismatch, resolveVersioning } from "../../../src/core/versioning.ts";

it.each([
  ["", "", 0],
  ["", "1", -1],
  ["1", "", 1],
  ["1.9", "1.10", -1],
  ["1", "1.0.0.0", 0],
  ["2.0.0.1", "2", 1],
  ["1.2.3.4.5", "1.2.3.4", 1],
  ["Beta", "beta", 0],
  ["alpha", "beta", -1],
  ["1.0-rc", "1.0", 1],
])("%j compared with %j is %i", (instance, worker, order) => {
  expect(describeVersionMismatch({ version: worker, matchStrategy: "strict" }, instance) === undefined).toBe(
    order === 0,
  );
  expect(describeVersionMismatch({ version: worker }, instance) === undefined).toBe(order <= 0);
  expect(describeVersionMismatch({ version: instance }, worker) === undefined).toBe(order >= 0);
});

it.each([
  ["none", "9", undefined],
  ["strict", "2.0", undefined],
  ["strict", "1", "does not match the worker version '2'"],
  ["strict", "", "does not match the worker version '2'"],
  ["currentOrOlder", "1.9", undefined],
  ["currentOrOlder", "", undefined],
  ["currentOrOlder", "2.0.1", "is greater than the worker version '2'"],
  [undefined, "3", "is greater than the worker version '2'"],
] as const)("a worker of version 2 that matches by %s takes %j: %s", (matchStrategy, version, reason) => {
  const mismatch = describeVersionMismatch({ version: "2", matchStrategy }, version);

  if (reason === undefined) expect(mismatch).toBeUndefined();
  else expect(mismatch).toContain(reason);
});

it("options are checked", () => {
  expect(resolveVersioning({})).toBeUndefined();
  expect(resolveVersioning({ version: "1", failureStrategy: "fail" })).toMatchObject({ failureStrategy: "fail" });
  expect(() => resolveVersioning({ matchStrategy: "strict" })).toThrow("'version'");
  expect(() => resolveVersioning({ version: 1 as never })).toThrow("'version'");
  expect(() => resolveVersioning({ version: "1", matchStrategy: "Newest" })).toThrow("'versionMatchStrategy'");
  expect(() => resolveVersioning({ version: "1", failureStrategy: "panic" })).toThrow("'versionFailureStrategy'");
});
