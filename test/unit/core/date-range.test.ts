import { expect, it } from "vitest";
import { clampDate, isInDateRange } from "../../../src/core/date-range.ts";

it.each([
  ["0001-01-01T00:00:00.000Z", "1601-01-01T00:00:00.000Z"],
  ["1600-12-31T23:59:59.999Z", "1601-01-01T00:00:00.000Z"],
  ["+010000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
  ["+275760-09-13T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
])("%s cannot be kept, %s is the nearest that can", (date, nearest) => {
  expect(isInDateRange(new Date(date))).toBe(false);
  expect(clampDate(new Date(date)).toISOString()).toBe(nearest);
});

it.each(["1601-01-01T00:00:00.000Z", "2026-06-24T10:00:00.000Z", "9999-12-31T23:59:59.999Z"])(
  "%s can be kept",
  (date) => {
    expect(isInDateRange(new Date(date))).toBe(true);
    expect(clampDate(new Date(date)).toISOString()).toBe(date);
  },
);

it("an invalid date cannot be kept", () => {
  expect(isInDateRange(new Date(Number.NaN))).toBe(false);
});
