import { DurableError } from "../../../core/errors.ts";
import { countBackslashes, jsonStringEnd } from "../../../core/payloads/data-converter.ts";
import { sliceText } from "./gzip-text.ts";
import { escapeForJson, escapeLoneSurrogates } from "./wire-text.ts";

/**
 * JSON whose texts may be too long to be written or read at once.
 *
 * What is to be written is formatted with a short mark in place of each long text, and cut at the marks; the texts are
 * escaped in slices where it was cut. What is read is looked through for long texts as it comes; they are taken out and
 * unescaped in slices, so that what is left is small and parsed as always.
 */

/** A text of more UTF-16 units is long. */
export const longTextUnits: number = 64 * 1024;
/** What is left without the long texts: more is nothing that a writer of messages made. */
const maxFrameUnits = 16 * 1024 * 1024;

/** Short stand-ins for long texts, which no other text can be taken for. */
export class LongTexts {
  readonly #mark: string;
  readonly #texts: string[] = [];

  /** Texts of more UTF-16 units are long. */
  readonly longUnits: number;

  /** @param mark of letters, digits and dashes, that nobody can guess */
  constructor(mark: string, longUnits: number = longTextUnits) {
    this.#mark = mark;
    this.longUnits = longUnits;
  }

  get count(): number {
    return this.#texts.length;
  }

  /** The stand-in of a text. */
  add(text: string): string {
    return `${this.#mark}:${this.#texts.push(text) - 1}:`;
  }

  /** A copy of a value with stand-ins for its long texts. */
  takeOut<T>(value: T): T {
    return mapTexts(value, (text) => (text.length > this.longUnits ? this.add(text) : text)) as T;
  }

  /** Undoes {@link takeOut}, wherever the stand-ins have come to. */
  putBack<T>(value: T): T {
    if (this.#texts.length === 0) return value;
    return mapTexts(value, (text) => {
      if (!text.startsWith(this.#mark)) return text;
      return this.#texts[Number(text.slice(this.#mark.length + 1, -1))] ?? text;
    }) as T;
  }

  /** A JSON text that was written of what {@link takeOut} gave, in pieces, with the long texts in their places. */
  *write(json: string): Generator<string> {
    const parts = json.split(new RegExp(`${this.#mark}:(\\d+):`));
    for (const [index, part] of parts.entries()) {
      if (index % 2 === 0) yield part;
      else for (const slice of sliceText(this.#texts[Number(part)]!)) yield escapeLoneSurrogates(escapeForJson(slice));
    }
  }
}

/** Plain data only; whatever has a class of its own, a date say, stays as it is. */
function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [map(name), mapTexts(item, map)]));
}

/**
 * Takes a JSON text apart as it comes.
 *
 * @example
 * const reader = new LongTextReader(texts);
 * for await (const piece of pieces) reader.push(piece);
 * const value = texts.putBack(JSON.parse(reader.end()));
 */
export class LongTextReader {
  readonly #texts: LongTexts;
  readonly #frame: string[] = [];
  #frameUnits = 0;
  #isInText = false;
  /** Of the text under way: as it is written while it is short, then as it is read. */
  #parts: string[] = [];
  #units = 0;
  #isLong = false;
  /** The begin of an escape of which the end has not come yet. */
  #carry = "";

  constructor(texts: LongTexts) {
    this.#texts = texts;
  }

  /** @throws DurableError `CorruptData` */
  push(piece: string): void {
    const json = this.#carry + piece;
    this.#carry = "";
    for (let at = 0; at < json.length; ) {
      const end = this.#isInText ? jsonStringEnd(json, at) : json.indexOf('"', at);
      const part = json.slice(at, end < 0 ? undefined : end);
      at = end < 0 ? json.length : end + 1;
      if (!this.#isInText) this.#addFrame(end < 0 ? part : `${part}"`);
      else this.#addPart(end < 0 ? this.#withoutOpenEscape(part) : part);
      if (end < 0) return;
      if (this.#isInText) this.#endText();
      this.#isInText = !this.#isInText;
    }
  }

  /** The JSON text with stand-ins for its long texts. @throws DurableError `CorruptData` */
  end(): string {
    this.#addFrame(this.#parts.join("") + this.#carry);
    return this.#frame.join("");
  }

  #addFrame(part: string): void {
    this.#frameUnits += part.length;
    if (this.#frameUnits > maxFrameUnits) {
      throw new DurableError(
        "CorruptData",
        `the message has more than ${maxFrameUnits} characters beside its long texts`,
      );
    }
    this.#frame.push(part);
  }

  #addPart(part: string): void {
    this.#units += part.length;
    if (!this.#isLong && this.#units > this.#texts.longUnits) {
      this.#isLong = true;
      this.#parts = this.#parts.map(unescaped);
    }
    this.#parts.push(this.#isLong ? unescaped(part) : part);
  }

  #endText(): void {
    const text = this.#parts.length === 1 ? this.#parts[0]! : this.#parts.join("");
    this.#addFrame(this.#isLong ? `${this.#texts.add(text)}"` : `${text}"`);
    this.#parts = [];
    this.#units = 0;
    this.#isLong = false;
  }

  #withoutOpenEscape(part: string): string {
    const start = openEscapeOf(part);
    if (start === undefined) return part;
    this.#carry = part.slice(start);
    return part.slice(0, start);
  }
}

/** Where an escape begins that the part does not end. */
function openEscapeOf(part: string): number | undefined {
  const last = part.lastIndexOf("\\");
  if (last < 0 || part.length - last > 5) return undefined;
  if (countBackslashes(part, last + 1, 0) % 2 === 0) return undefined;
  return last === part.length - 1 || part.charCodeAt(last + 1) === 0x75 ? last : undefined;
}

function unescaped(part: string): string {
  // Most have nothing to unescape, and need no copy.
  if (!part.includes("\\")) return part;
  try {
    return JSON.parse(`"${part}"`) as string;
  } catch (cause) {
    throw new DurableError("CorruptData", "the message holds a text that is no JSON", { cause });
  }
}
