import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonDataConverter } from "../../../../src/core/payloads/data-converter.ts";
import { anyCharacter } from "../../../support/any-character.ts";

/** What JSON itself says of a text, or that it says no. */
function parsed(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return "not JSON";
  }
}

it("reads every text as JSON.parse does, short strings without it included", () => {
  const character = fc.oneof(
    fc.constantFrom('"', "\\", "\n", "\u0000", "\u001f", "\u007f", "\u2028", "u"),
    anyCharacter,
  );
  const quoted = fc.array(character, { maxLength: 70 }).map((characters) => `"${characters.join("")}"`);
  const texts = fc.oneof(
    quoted,
    fc.string({ minLength: 1 }),
    fc.string().map((value) => JSON.stringify(value)),
    fc.json(),
  );

  fc.assert(
    fc.property(texts, (text) => {
      const read = parsed(() => jsonDataConverter.deserialize(text, "it"));
      expect(read).toEqual(parsed(() => JSON.parse(text)));
    }),
    { numRuns: 2000 },
  );
});

it.each([0, -0, 1, -1, 2 ** 53 - 1, 2 ** 53, 1e21, 1.5, true, false, null, "1"])(
  "writes %o as JSON.stringify does",
  (value) => {
    expect(jsonDataConverter.serialize(value, "it")).toBe(JSON.stringify(value));
  },
);

const million = 1024 * 1024;
it.each([
  ["plain", "abcdefgh".repeat(million / 8)],
  ["wide", "\u4e16\u{1f680}ü\u2028".repeat(million / 4)],
  ["with quotes", `${"x".repeat(million)}"`],
  ["with backslashes", `\\${"x".repeat(million)}\\`],
  ["with control characters", `${"x".repeat(million)}\n`],
  ["with a lone surrogate", `${"x".repeat(million)}\ud800`],
])("a long string is written and read as JSON does it: %s", (_, text) => {
  const json = jsonDataConverter.serialize(text, "it")!;
  expect(json === JSON.stringify(text)).toBe(true);
  expect(jsonDataConverter.deserialize(json, "it") === text).toBe(true);
});

it.each(["\n", '"', '","b', "\\"])("a long text that is no JSON is refused: %j within", (wrong) => {
  const text = `"${"x".repeat(million)}${wrong}"`;
  expect(() => jsonDataConverter.deserialize(text, "it")).toThrow(expect.objectContaining({ code: "InvalidPayload" }));
});
