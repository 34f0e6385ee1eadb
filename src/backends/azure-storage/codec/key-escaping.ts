const escapes = new Map([
  ["^", "^^"],
  ["/", "^0"],
  ["\\", "^1"],
  ["#", "^2"],
  ["?", "^3"],
]);
const unescapes = new Map([...escapes].map(([plain, escaped]) => [escaped.charAt(1), plain]));

/** Control characters are moved out of the range that table keys forbid. */
const controlShift = 0xc0;

/**
 * An id as a table key. Not idempotent: escape exactly once, where the key is made.
 *
 * Works on UTF-16 units, as the other writers of the format do.
 */
export function escapeKey(id: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that keys must not hold
  return id.replace(/[\^/\\#?\u0000-\u001f\u007f-\u009f]/g, (char) => {
    return escapes.get(char) ?? `^${String.fromCharCode(char.charCodeAt(0) + controlShift)}`;
  });
}

/** Undoes {@link escapeKey}. A text that it cannot have written comes back as well as it can be read. */
export function unescapeKey(key: string): string {
  return key.replace(/\^([\s\S])/g, (_, char: string) => {
    const plain = unescapes.get(char);
    if (plain !== undefined) return plain;
    const code = char.charCodeAt(0);
    return code >= controlShift ? String.fromCharCode(code - controlShift) : char;
  });
}
