import { expect, it } from "vitest";
import { instanceFilter, prefixEnd } from "../../../../../src/backends/azure-storage/tracking/instance-filter.ts";
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
] as const)("%j", (query, filter) => {
  expect(instanceFilter(query)).toBe(filter);
});

it.each([
  ["ab", "ac"],
  ["🌍", "🌎"],
  ["a\ud7ff", "a\ue000"],
  ["\u{10ffff}", undefined],
])("ends the prefix %j", (prefix, end) => {
  expect(prefixEnd(prefix)).toBe(end);
});

it("has no more comparisons than the service takes, whatever is asked for", () => {
  const runtimeStatus = [...orchestrationStatuses, ...orchestrationStatuses];
  const date = new Date(0);
  const filter = instanceFilter({ createdTimeFrom: date, createdTimeTo: date, runtimeStatus, instanceIdPrefix: "a" });
  expect(filter?.match(/ (?:eq|ge|le|lt) /g)?.length).toBeLessThanOrEqual(15);
});
