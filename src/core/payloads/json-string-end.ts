const backslash = 0x5c;

/**
 * Where the JSON string that goes on at `start` ends: the place of its closing quote, or -1. No escape goes on there.
 * As quick as a search, however long the string is.
 */
export function jsonStringEnd(json: string, start: number): number {
  for (let from = start; ; ) {
    const quote = json.indexOf('"', from);
    if (quote < 0 || countBackslashes(json, quote, start) % 2 === 0) return quote;
    from = quote + 1;
  }
}

/** Of those right before `end`. */
export function countBackslashes(json: string, end: number, start: number): number {
  let first = end;
  while (first > start && json.charCodeAt(first - 1) === backslash) first--;
  return end - first;
}
