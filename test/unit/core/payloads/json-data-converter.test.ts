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
