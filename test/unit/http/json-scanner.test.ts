import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJson, JsonScanner } from "../../../src/http/json-scanner.ts";
import { anyCharacter } from "../../support/any-character.ts";

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function scan(text: string, options: { readonly maxDepth?: number; readonly chunk?: number } = {}): JsonScanner {
  const scanner = new JsonScanner(options.maxDepth);
  const bytes = Buffer.from(text);
  const chunk = options.chunk ?? bytes.length;
  for (let at = 0; at < bytes.length; at += chunk) scanner.take(bytes.subarray(at, at + chunk));
  return scanner;
}

const pieces = [
  ...["{", "}", "[", "]", ",", ":", '"', '"a"', '"a":', "\\", "\\u12aF", "\\u12g0", "\\n", "\\x", "\\/", "\\u"],
  ...["0", "00", "-", "-0", "1", "12", ".", "1.5", "e", "E+", "1e5", "1e", "1E-2", "01", "+1", "1.", "1e400"],
  ...["true", "tru", "false", "null", "nul", "truex", " ", "\t", "\n", "\r", "\u00a0", "\ufeff", "\u0000", "ä", "🌍"],
];

describe("a JSON scanner", () => {
  it("takes what JSON.parse takes, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        expect([text, isJson(text)]).toEqual([text, parses(text)]);
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.json({ stringUnit: anyCharacter, maxDepth: 5 }), fc.nat(), fc.nat(), (json, at, to) => {
        const [start, end] = [at % (json.length + 1), to % (json.length + 1)];
        for (const text of [json, ` ${json}\n`, json.slice(0, start), json.slice(0, start) + json.slice(end)]) {
          if (text.isWellFormed()) expect([text, isJson(text)]).toEqual([text, parses(text)]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("says the same of any chunks", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 1, max: 7 }), (json, chunk) => {
        expect(scan(json, { chunk }).isWhole).toBe(true);
        expect(scan(json.slice(0, -1), { chunk }).isWhole).toBe(scan(json.slice(0, -1)).isWhole);
      }),
    );
  });

  it.each([
    ["[[[]]]", 3],
    ['{"a":[{"b":1}]}', 3],
    ['["[[[[[[", "\\"[[[["]', 1],
    ["[[],[],[]]", 2],
    ["1", 0],
  ])("counts the levels of %s", (json, depth) => {
    expect(scan(json, { maxDepth: depth })).toMatchObject({ isWhole: true, isTooDeep: false });
    if (depth > 0) expect(scan(json, { maxDepth: depth - 1 })).toMatchObject({ isWhole: false, isTooDeep: true });
  });

  it("leaves out a byte order mark in front, as decoders do", () => {
    expect(scan("\ufeff[1]").isWhole).toBe(true);
    expect(scan("\ufeff\ufeff[1]").isWhole).toBe(false);
  });

  it("takes a million levels without a limit, and none too many with one", () => {
    const text = "[".repeat(1_000_000);
    expect(scan(text + "]".repeat(1_000_000)).isWhole).toBe(true);
    expect(scan(text, { maxDepth: 1000 }).isTooDeep).toBe(true);
  });
});
