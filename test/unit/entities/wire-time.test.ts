import { describe, expect, it } from "vitest";
import {
  formatFullTime,
  formatTicks,
  formatTime,
  noTime,
  readTicks,
  readTime,
  ticksOf,
  toTicks,
} from "../../../src/entities/wire-time.ts";

describe("times of entity messages", () => {
  it.each([
    ["2026-11-26T10:23:08.0591284Z", "2026-11-26T10:23:08.059Z", 1284n],
    ["2026-11-26T10:23:08.0591285", "2026-11-26T10:23:08.059Z", 1285n],
    ["2026-11-26T10:23:08.1Z", "2026-11-26T10:23:08.100Z", 0n],
    ["2026-11-26T10:23:08", "2026-11-26T10:23:08.000Z", 0n],
    ["2026-11-26T12:23:08.0000001+02:00", "2026-11-26T10:23:08.000Z", 1n],
    ["1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999Z", 9999n],
  ])("%s is read to the tick, as UTC unless it says otherwise", (text, ms, rest) => {
    expect(readTicks(text)).toBe(BigInt(Date.parse(ms)) * 10_000n + (rest % 10_000n));
  });

  it.each([
    "2026-11-26T10:23:08.0591284Z",
    "2026-11-26T10:23:08.05Z",
    "2026-11-26T10:23:08Z",
    "1969-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59.9999999Z",
    noTime,
  ])("%s is written as it was read", (text) => {
    expect(formatTicks(readTicks(text)!)).toBe(text);
  });

  it("a tick is added across a second", () => {
    expect(formatTicks(ticksOf("2026-11-26T10:23:08.9999999Z") + 1n)).toBe("2026-11-26T10:23:09Z");
  });

  it("a time that .NET does not know becomes its first or its last", () => {
    expect(formatTime(new Date(8.64e15))).toBe("9999-12-31T23:59:59.9999999Z");
    expect(formatTime(new Date(-8.64e15))).toBe(noTime);
    expect(readTime(formatTime(new Date(8.64e15)))).toEqual(new Date("9999-12-31T23:59:59.999Z"));
  });

  it("a name has all seven digits", () => {
    expect(formatFullTime(new Date("2026-11-26T10:23:05.151Z"))).toBe("2026-11-26T10:23:05.1510000Z");
    expect(toTicks(new Date(1))).toBe(10_000n);
  });

  it.each([
    undefined,
    null,
    5,
    {},
    [],
    "",
    "soon",
    "2026-11-26",
    "2026-11-26T10:23:08.05912845Z",
    "2026-13-26T10:23:08Z",
    "2026-11-26T25:23:08Z",
    "+012026-11-26T10:23:08Z",
    " 2026-11-26T10:23:08Z",
  ])("%j is no time", (text) => {
    expect(readTicks(text)).toBeUndefined();
    expect(readTime(text)).toBeUndefined();
  });

  it("what is no time counts as the first of all", () => {
    expect(ticksOf("soon")).toBe(ticksOf(noTime));
  });
});
