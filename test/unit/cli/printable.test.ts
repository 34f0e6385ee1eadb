import { describe, expect, it } from "vitest";
import { formatLength } from "../../../src/cli/moment.ts";
import { Columns, printable, printableJson, shorten } from "../../../src/cli/printable.ts";

describe("what is printed", () => {
  it("has no character that moves a cursor or turns the direction of text", () => {
    const text = "a\u001b[2Jb\r\n\u009b\u200f\u202e\u2028\ud800\u{e0041}é😀";

    expect(printable(text)).toBe("a\\u001b[2Jb\\u000d\\u000a\\u009b\\u200f\\u202e\\u2028\\ud800\\udb40\\udc41é😀");
  });

  it("is the same JSON", () => {
    const value = { text: "a\u001b\u009b\u202e\ud800\u{e0041}é😀", "k\u202e": [1, null] };

    expect(JSON.parse(printableJson(value))).toEqual(value);
    expect(printableJson(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  it("is shortened between characters", () => {
    expect(shorten("abc", 3)).toBe("abc");
    expect(shorten("ab😀cd", 3)).toBe("ab… (6 characters)");
    expect(shorten("ab😀cd", 4)).toBe("ab😀… (6 characters)");
  });

  it("stands in columns that only grow", () => {
    const columns = new Columns();

    expect(columns.format([["a", "b", "c"]])).toEqual(["a  b  c"]);
    expect(columns.format([["long", "b", "c"]])).toEqual(["long  b  c"]);
    expect(columns.format([["a", "b", ""]])).toEqual(["a     b"]);
  });

  it.each([
    [0, "0ms"],
    [999, "999ms"],
    [1250, "1.3s"],
    [59_949, "59.9s"],
    [59_990, "1m"],
    [65_000, "1m 5s"],
    [3_600_000, "1h"],
    [7_830_000, "2h 11m"],
    [86_400_000, "1d"],
    [93_600_000, "1d 2h"],
    [-5, "0ms"],
  ])("%d ms are %s", (ms, text) => {
    expect(formatLength(ms)).toBe(text);
  });
});
