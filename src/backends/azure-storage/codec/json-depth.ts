import { DurableError } from "../../../core/errors.ts";

/** What the format needs is six deep, and a failure adds one for each of its causes. */
const maxJsonDepth = 1000;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Looks at a text before it becomes objects: whoever walks deep ones later runs out of stack. One pass, which remembers
 * nothing; brackets inside strings do not count.
 *
 * @throws DurableError `CorruptData`
 */
export function assertJsonDepth(json: string, what: string): void {
  if (json.length <= maxJsonDepth) return;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json.charCodeAt(at);
    if (char === quote) at = endOfString(json, at);
    else if (char === 0x5b || char === 0x7b) depth++;
    else if (char === 0x5d || char === 0x7d) depth--;
    else continue;
    if (depth > maxJsonDepth) throw new DurableError("CorruptData", `${what} is nested deeper than ${maxJsonDepth}`);
  }
}

/** Position of the closing quotation mark, or the length of the text when there is none. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let escapes = 0;
    while (json.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return json.length;
}
