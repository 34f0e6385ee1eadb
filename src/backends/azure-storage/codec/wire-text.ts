import { DurableError } from "../../../core/errors.ts";

const shortEscapes = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\f", "\\f"],
  ["\r", "\\r"],
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON escapes
const mustEscape = /["\\\u0000-\u001f\u0085\u2028\u2029]/g;

/** A text of many millions of characters to escape is more than one `replace` can do: the process would end. */
const maxUnitsAtOnce = 1024 * 1024;

/** A JSON string as the .NET workers write it: only what must be escaped is, other non-ASCII stays literal. */
export function jsonString(text: string): string {
  if (text.length <= maxUnitsAtOnce) return `"${escapeForJson(text)}"`;
  const parts: string[] = [];
  for (let start = 0; start < text.length; start += maxUnitsAtOnce) {
    parts.push(escapeForJson(text.slice(start, start + maxUnitsAtOnce)));
  }
  return `"${parts.join("")}"`;
}

/** What stands between the quotes of {@link jsonString}. */
export function escapeForJson(text: string): string {
  return text.replace(mustEscape, (char) => shortEscapes.get(char) ?? unicodeEscape(char));
}

export function jsonStringOrNull(text: string | undefined): string {
  return text === undefined ? "null" : jsonString(text);
}

/** Members in the given order; each value is JSON text. */
export function jsonObject(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${jsonString(name)}:${json}`).join(",")}}`;
}

/** Lone surrogates have no UTF-8 form and would come back as another character. */
export function escapeLoneSurrogates(json: string): string {
  return json.isWellFormed() ? json : json.replace(/\p{Cs}/gu, unicodeEscape);
}

/** Queue texts travel in XML, which has no form at all for these two; the service would starve on the message. */
export function escapeXmlForbidden(json: string): string {
  return json.replace(/[\ufffe\uffff]/g, unicodeEscape);
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** ISO 8601 in UTC, without trailing zeros in the fraction. */
export function formatDate(date: Date): string {
  return date.toISOString().replace(/\.?0*Z$/, "Z");
}

const isoDate = /^(?:[+-]\d{6}|\d{4})-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,20})?)?(Z|[+-]\d\d:?\d\d)?$/i;
/** A form of the DataContract serializer: milliseconds, in UTC whatever the offset says. */
const ticksDate = /^\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\/$/;

/**
 * ISO 8601; a text without an offset is taken as UTC. Digits below the millisecond are cut.
 *
 * @throws DurableError `CorruptData`
 */
export function parseDate(text: string, what: string): Date {
  const date = new Date(millisecondsOf(text));
  if (Number.isNaN(date.getTime()))
    throw new DurableError("CorruptData", `${what} is not a date: ${text.slice(0, 40)}`);
  return date;
}

function millisecondsOf(text: string): number {
  const ticks = ticksDate.exec(text);
  if (ticks !== null) return Number(ticks[1]);
  const iso = isoDate.exec(text);
  if (iso === null) return Number.NaN;
  return Date.parse(iso[1] === undefined ? `${text}Z` : text);
}
