import fc from "fast-check";
import { expect, it } from "vitest";
import { escapeKey, unescapeKey } from "../../../../../src/backends/azure-storage/codec/key-escaping.ts";

it.each([
  ["plain-1", "plain-1"],
  ["a^b", "a^^b"],
  ["a/b\\c#d?e", "a^0b^1c^2d^3e"],
  ["\t", "^\u00c9"],
  ["\u007f", "^\u013f"],
  ["\u0085", "^\u0145"],
  ["🌍 it's", "🌍 it's"],
])("escapes %j", (id, key) => {
  expect(escapeKey(id)).toBe(key);
  expect(unescapeKey(key)).toBe(id);
});

it("is not idempotent", () => {
  expect(escapeKey(escapeKey("^"))).toBe("^^^^");
});

it("reads a caret that nothing follows", () => {
  expect(unescapeKey("a^")).toBe("a^");
  expect(unescapeKey("a^b")).toBe("ab");
});

// A failure prints its seed; pass it to fc.assert as { seed, path } to repeat.
it("gives every id back, and a key without forbidden characters", () => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom("^", "/", "\\", "#", "?", "\u0000", "\u009f", "0", "3"),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
      const id = units.join("");
      const key = escapeKey(id);
      expect(unescapeKey(key)).toBe(id);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters under test
      expect(key).not.toMatch(/[/\\#?\u0000-\u001f\u007f-\u009f]/);
    }),
    { numRuns: 500, verbose: 1 },
  );
});
