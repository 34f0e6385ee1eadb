import { expect, it } from "vitest";
import { assertConditions, assertInstanceQuery, matchesConditions } from "../../../src/core/instance-conditions.ts";
import type { InstanceConditions, InstanceQuery, OrchestrationState } from "../../../src/core/orchestration-state.ts";

const date = (ms: number) => new Date(ms);

const state: OrchestrationState = {
  instanceId: "order-7",
  executionId: "e",
  name: "Ship",
  version: undefined,
  runtimeStatus: "Completed",
  input: undefined,
  output: undefined,
  customStatus: undefined,
  createdTime: date(100),
  lastUpdatedTime: date(200),
  completedTime: date(150),
  scheduledStartTime: undefined,
  generation: 0,
  tags: { team: "a" },
};
const entity = { ...state, instanceId: "@counter@a", completedTime: undefined };

it.each<[InstanceConditions, boolean]>([
  [{}, true],
  [{ runtimeStatus: [] }, true],
  [{ runtimeStatus: ["Running", "Completed"] }, true],
  [{ runtimeStatus: ["Running"] }, false],
  [{ createdTimeFrom: date(100), createdTimeTo: date(100) }, true],
  [{ createdTimeFrom: date(101) }, false],
  [{ lastUpdatedTimeTo: date(199) }, false],
  [{ completedTimeFrom: date(150), completedTimeTo: date(150) }, true],
  [{ completedTimeTo: date(149) }, false],
  [{ name: "Ship" }, true],
  [{ name: "ship" }, false],
  [{ tags: { team: "a" } }, true],
  [{ tags: { team: "b" } }, false],
  [{ tags: { toString: "a" } }, false],
  [{ instanceIdPrefix: "order-" }, true],
  [{ instanceIdPrefix: "Order-" }, false],
  [{ instanceIdPrefix: "", includeEntities: false }, true],
])("%j is met by a finished order: %s", (conditions, isMet) => {
  expect(matchesConditions(state, conditions)).toBe(isMet);
});

it.each<[InstanceConditions, boolean]>([
  [{}, false],
  [{ includeEntities: true }, true],
  [{ instanceIdPrefix: "@counter@" }, true],
  [{ instanceIdPrefix: "", includeEntities: false }, false],
  // It has none.
  [{ includeEntities: true, completedTimeTo: date(1000) }, false],
])("%j is met by an entity: %s", (conditions, isMet) => {
  expect(matchesConditions(entity, conditions)).toBe(isMet);
});

it.each<[string, InstanceQuery]>([
  ["createdTimeFrom", { createdTimeFrom: date(Number.NaN) }],
  ["completedTimeTo", { completedTimeTo: "2024-01-01" as never }],
  ["lastUpdatedTimeTo", { lastUpdatedTimeTo: 7 as never }],
  ["runtimeStatus", { runtimeStatus: ["Sleeping" as never] }],
  ["instanceIdPrefix", { instanceIdPrefix: "\ud800" }],
  ["instanceIdPrefix", { instanceIdPrefix: "a".repeat(2000) }],
  ["name", { name: 7 as never }],
  ["tags.a", { tags: { a: 1 as never } }],
  ["pageSize", { pageSize: 0 }],
  ["pageSize", { pageSize: 1.5 }],
  ["maxPageBytes", { maxPageBytes: -1 }],
  ["continuationToken", { continuationToken: {} as never }],
])("refuses a wrong %s by its name: %j", (name, query) => {
  expect(() => assertInstanceQuery(query)).toThrow(`'${name}'`);
});

it("takes what makes sense", () => {
  expect(() =>
    assertConditions({ runtimeStatus: ["Failed"], tags: {}, name: "", instanceIdPrefix: "🌍" }),
  ).not.toThrow();
  expect(() => assertInstanceQuery({ pageSize: 1, maxPageBytes: 1, continuationToken: "" })).not.toThrow();
});
