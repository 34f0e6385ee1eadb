import { jsonStringEnd } from "./payloads/data-converter.ts";

/**
 * A task hub keeps an activity's input as a JSON array of its arguments, as the .NET workers do. Ours have one argument
 * or none: `"Tokyo"` is kept as `["Tokyo"]`, no argument as `[]`.
 */
export function encodeActivityInput(input: string | undefined): string {
  return input === undefined ? "[]" : `[${input}]`;
}

/**
 * Undoes {@link encodeActivityInput} without parsing. An array of several arguments, which only other SDKs write, and a
 * text that is no array are handed on as they are.
 */
export function decodeActivityInput(stored: string | undefined): string | undefined {
  if (stored === undefined) return undefined;
  const text = stored.trim();
  if (!text.startsWith("[") || !text.endsWith("]")) return stored;
  const inner = text.slice(1, -1).trim();
  if (inner === "") return undefined;
  return hasTopLevelComma(inner) ? stored : inner;
}

function hasTopLevelComma(json: string): boolean {
  let depth = 0;
  for (let index = 0; index < json.length; index++) {
    const char = json.charCodeAt(index);
    if (char === 0x22) {
      index = jsonStringEnd(json, index + 1);
      if (index < 0) return false;
    } else if (char === 0x5b || char === 0x7b) depth++;
    else if (char === 0x5d || char === 0x7d) depth--;
    else if (char === 0x2c && depth === 0) return true;
  }
  return false;
}
