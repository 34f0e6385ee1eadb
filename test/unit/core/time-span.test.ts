import { expect, it } from "vitest";
import { parseTimeSpan } from "../../../src/core/time-span.ts";

it.each<[unknown, number]>([
  [0, 0],
  [1500, 1500],
  ["250ms", 250],
  ["5s", 5000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
  ["PT5S", 5000],
  ["PT1H30M", 5_400_000],
  ["P1DT0.5S", 86_400_500],
  ["P2W", 1_209_600_000],
  ["00:00:05", 5000],
  ["1.02:30:00", 95_400_000],
  ["00:00:00.2500000", 250],
  [{ hours: 1, minutes: 30 }, 5_400_000],
  [{ days: 1, milliseconds: 1 }, 86_400_001],
  [1500.5, 1501],
  [{ seconds: 1 / 3 }, 334],
  ["0.28s", 280],
  ["10675199d", 922_337_193_600_000],
])("%j is a length of time", (value, ms) => {
  expect(parseTimeSpan(value, "the delay")).toBe(ms);
});

it.each<unknown>([
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.MAX_SAFE_INTEGER,
  "",
  "P",
  "PT",
  "5",
  "soon",
  "5 s",
  null,
  undefined,
  true,
  {},
  { hour: 1 },
  { toString: 1 },
  [],
])("%j is refused by name", (value) => {
  expect(() => parseTimeSpan(value, "the delay")).toThrow(/^the delay must be a length of time/);
});
