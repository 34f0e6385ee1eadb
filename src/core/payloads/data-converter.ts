import { DurableError, isDurableError, messageOf } from "../errors.ts";
import { redactSecrets } from "../redact-secrets.ts";
import { findJsonLoss } from "./json-loss.ts";

/**
 * Turns user values into the JSON text that history keeps, and back. Used at the edge to user code only: the engine and
 * the backends carry payloads as opaque text.
 */
export interface DataConverter {
  /** @throws DurableError `InvalidPayload` when the value has no JSON form; `what` names it in the message. */
  serialize(value: unknown, what: string): string | undefined;
  /** @throws DurableError `InvalidPayload` when the text is not JSON. */
  deserialize(text: string | undefined, what: string): unknown;
}

/**
 * Plain JSON. `undefined` has no text and comes back as `undefined`. What JSON would empty without a word (`Map`, `Set`,
 * errors, functions, `NaN`, ...) is refused: {@link findJsonLoss} tells it.
 */
export const jsonDataConverter: DataConverter = {
  serialize(value, what) {
    if (value instanceof Promise) {
      throw new DurableError("InvalidPayload", `${what} is a promise, which would be stored as {}; await it first`);
    }
    const loss = findJsonLoss(value);
    if (loss !== undefined) {
      const { path } = loss;
      throw new DurableError(
        "InvalidPayload",
        `${what} holds ${loss.what}${path === "" ? "" : ` at '${path}'`}, which JSON does not keep: hand over what JSON ` +
          "has, or give the app a dataConverter that keeps more, such as createRichDataConverter()",
      );
    }
    return writeJson(value, what);
  },
  deserialize(text, what) {
    if (text === undefined || text === "") return undefined;
    try {
      return readShortString(text) ?? readLongString(text) ?? JSON.parse(text);
    } catch (cause) {
      // The parser's error shows a part of the payload, so that it is no cause to hand on.
      throw new DurableError("InvalidPayload", `${what} is not JSON: ${redactSecrets(messageOf(cause))}`);
    }
  },
};

/**
 * A converter as its users need it: whatever goes wrong in it is an `InvalidPayload` that says where, and what it writes is
 * a text.
 *
 * @param converter @defaultValue {@link jsonDataConverter}
 */
export function guardDataConverter(converter: DataConverter | undefined): DataConverter {
  if (converter === undefined || converter === jsonDataConverter || guarded.has(converter)) {
    return converter ?? jsonDataConverter;
  }
  const guard: DataConverter = {
    serialize(value, what) {
      const text: unknown = attempt(() => converter.serialize(value, what), what, "written");
      if (text === undefined || typeof text === "string") return text;
      throw new DurableError("InvalidPayload", `${what} cannot be written: the dataConverter gave ${describe(text)}`);
    },
    deserialize(text, what) {
      const value = attempt(() => converter.deserialize(text, what), what, "read");
      if (!(value instanceof Promise)) return value;
      throw new DurableError("InvalidPayload", `${what} cannot be read: the dataConverter gave ${describe(value)}`);
    },
  };
  guarded.add(guard);
  return guard;
}

const guarded = new WeakSet<DataConverter>();

function attempt<T>(convert: () => T, what: string, done: "written" | "read"): T {
  try {
    return convert();
  } catch (cause) {
    if (isDurableError(cause, "InvalidPayload")) throw cause;
    const why = `the dataConverter has thrown: ${messageOf(cause)}`;
    throw new DurableError("InvalidPayload", `${what} cannot be ${done}: ${why}`, { cause });
  }
}

/** What is no text, or comes too late. */
function describe(value: unknown): string {
  if (!(value instanceof Promise)) return `a ${typeof value}`;
  // Nobody waits for it.
  value.catch(() => {});
  return "a promise: its functions must not be async";
}

/** The JSON text of a value that holds nothing which JSON loses. @throws DurableError `InvalidPayload` */
export function writeJson(value: unknown, what: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return String(value);
  let text: string | undefined;
  try {
    text = writeLongString(value) ?? JSON.stringify(value);
  } catch (cause) {
    throw new DurableError("InvalidPayload", `${what} cannot be written as JSON: ${messageOf(cause)}`, { cause });
  }
  if (text === undefined) {
    throw new DurableError("InvalidPayload", `${what} is a ${typeof value}, which has no JSON form`);
  }
  return text;
}

const longestShortString = 64;
const [quote, backslash, firstPrintable] = [0x22, 0x5c, 0x20];

/**
 * The value of a short JSON string without escapes. Replay reads the results of all that was ever asked, most of them
 * are ids, names and words, and `JSON.parse` costs more than the rest of an event.
 */
function readShortString(text: string): string | undefined {
  const end = text.length - 1;
  if (end < 1 || end > longestShortString) return undefined;
  if (text.charCodeAt(0) !== quote || text.charCodeAt(end) !== quote) return undefined;
  for (let at = 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < firstPrintable || code === quote || code === backslash) return undefined;
  }
  return text.slice(1, end);
}

/** A string of so many units is worth a look before it is copied. */
const longString = 1024 * 1024;
/** What JSON writes with an escape. A `u` flag would make the search ten times as slow. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON escapes
const escapedCharacter = /["\\\u0000-\u001f]/;

/** The JSON of a long string that needs no escapes: without a copy, and in a third of the time. */
function writeLongString(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length < longString) return undefined;
  return escapedCharacter.test(value) || !value.isWellFormed() ? undefined : `"${value}"`;
}

/** The value of a long JSON string without escapes, which shares the memory of its text. */
function readLongString(text: string): string | undefined {
  if (text.length < longString || text.charCodeAt(0) !== quote) return undefined;
  // A string ends with its first quote, unless that is escaped.
  if (text.indexOf('"', 1) !== text.length - 1 || text.includes("\\")) return undefined;
  const value = text.slice(1, -1);
  return escapedCharacter.test(value) ? undefined : value;
}

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
