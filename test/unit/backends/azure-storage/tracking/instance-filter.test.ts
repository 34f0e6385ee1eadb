import { expect, it } from "vitest";
import { instanceFilter, prefixEnd } from "../../../../../src/backends/azure-storage/tracking/instance-filter.ts";

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
