import fc from "fast-check";

const surrogates = { first: 0xd800, count: 0x800 };
const codePoint = fc
  .integer({ min: 0, max: 0x10ffff - surrogates.count })
  .map((number) => String.fromCodePoint(number < surrogates.first ? number : number + surrogates.count));
/** What JSON or XML must escape or cannot carry, and the ends of the planes. */
const special = fc.constantFrom(
  ...['"', "\\", "\0", "\n", "\u001f", "\u007f", "\u0085", "\u2028", "\ufeff", "\ufffe", "\uffff", "\u{10ffff}"],
);

/**
 * Any character: every code point but the surrogates, and often those that encodings stumble over. The unit `"binary"` of
 * fast-check has the same characters, and takes a second to be made.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof({ arbitrary: codePoint, weight: 7 }, special);
