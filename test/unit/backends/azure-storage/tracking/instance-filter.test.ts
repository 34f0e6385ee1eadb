import { expect, it } from "vitest";
import {
  instanceFilter,
  needsLook,
  prefixEnd,
} from "../../../../../src/backends/azure-storage/tracking/instance-filter.ts";
import { orchestrationStatuses } from "../../../../../src/core/orchestration-status.ts";

it.each([
  [{ includeEntities: true }, undefined],
  [{}, "PartitionKey lt '@' or PartitionKey ge 'A'"],
  [
    { runtimeStatus: ["Running", "Completed"], includeEntities: true },
    "RuntimeStatus eq 'Running' or RuntimeStatus eq 'Completed'",
  ],
  [{ runtimeStatus: [], includeEntities: true }, undefined],
  [
    { createdTimeFrom: new Date("2026-06-24T10:00:00.5Z"), includeEntities: true },
    "CreatedTime ge datetime'2026-06-24T10:00:00.5000000Z'",
  ],
  [
    { createdTimeTo: new Date("2026-06-24T10:00:00Z"), instanceIdPrefix: "o'/" },
    "(CreatedTime le datetime'2026-06-24T10:00:00.0000000Z') and (PartitionKey ge 'o''^0') and (PartitionKey lt 'o''^1')",
  ],
  [
    { createdTimeFrom: new Date("0001-01-01T00:00:00Z"), createdTimeTo: new Date(8.64e15), includeEntities: true },
    "(CreatedTime ge datetime'1601-01-01T00:00:00.0000000Z') and (CreatedTime le datetime'9999-12-31T23:59:59.9990000Z')",
  ],
  [{ createdTimeFrom: new Date(0), includeEntities: true }, "CreatedTime ge datetime'1970-01-01T00:00:00.0000000Z'"],
  [{ runtimeStatus: ["Failed", "Failed"], includeEntities: true }, "RuntimeStatus eq 'Failed'"],
  [{ name: "it's", includeEntities: true }, "Name eq 'it''s'"],
  [{ name: "a\nb", includeEntities: true }, undefined],
  [
    { runtimeStatus: orchestrationStatuses.filter((status) => status !== "Running"), includeEntities: true },
    "RuntimeStatus ne 'Running'",
  ],
  [{ runtimeStatus: orchestrationStatuses, includeEntities: true }, undefined],
  [
    { completedTimeTo: new Date(0), lastUpdatedTimeFrom: new Date(0), includeEntities: true },
    "(LastUpdatedTime ge datetime'1970-01-01T00:00:00.0000000Z') and (CompletedTime le datetime'1970-01-01T00:00:00.0000000Z')",
  ],
] as const)("%j", (query, filter) => {
  expect(instanceFilter(query)).toBe(filter);
});

it.each([
  ["ab", "ac"],
  ["🌍", "🌎"],
  ["", undefined],
  ["a\ud7ff", "a\u{10000}"],
  ["\u{10ffff}", "\ue000"],
  ["a\uffff", "b"],
  ["\uffff\uffff", undefined],
])("ends the prefix %j", (prefix, end) => {
  expect(prefixEnd(prefix)).toBe(end);
});

it("has no more comparisons than the service takes, whatever is asked for", () => {
  const runtimeStatus = [...orchestrationStatuses, ...orchestrationStatuses];
  const date = new Date(0);
  const times = {
    createdTimeFrom: date,
    createdTimeTo: date,
    lastUpdatedTimeFrom: date,
    lastUpdatedTimeTo: date,
    completedTimeFrom: date,
    completedTimeTo: date,
  };
  for (const count of [0, 1, 4, 5, 7, 8, 16]) {
    for (const instanceIdPrefix of [undefined, "a"]) {
      const asked = { ...times, runtimeStatus: runtimeStatus.slice(0, count), name: "N", instanceIdPrefix };
      for (const filter of [instanceFilter(asked), instanceFilter(asked, "b")]) {
        expect(filter?.match(/ (?:eq|ne|ge|gt|le|lt) /g)?.length).toBeLessThanOrEqual(15);
      }
    }
  }
});

it("begins behind a key, within the prefix", () => {
  expect(instanceFilter({ instanceIdPrefix: "a" }, "ab")).toBe("(PartitionKey gt 'ab') and (PartitionKey lt 'b')");
  expect(instanceFilter({ instanceIdPrefix: "b" }, "ab")).toBe("(PartitionKey ge 'b') and (PartitionKey lt 'c')");
  expect(instanceFilter({ includeEntities: true }, "it's")).toBe("PartitionKey gt 'it''s'");
});

it("says when a row that is found may not be meant", () => {
  expect(needsLook({ name: "N", instanceIdPrefix: "a", tags: {} })).toBe(false);
  expect(needsLook({ name: "N".repeat(300) })).toBe(true);
  expect(needsLook({ name: "a\u0000" })).toBe(true);
  expect(needsLook({ tags: { a: "b" } })).toBe(true);
});
