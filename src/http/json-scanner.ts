/** Levels of nesting that a JSON body may have. Deeper ones exhaust the stack of whoever walks them later. */
export const defaultMaxJsonDepth = 1000;

// What may come next.
const value = 0;
const firstItem = 1; // a value or `]`
const firstName = 2; // a name or `}`
const name = 3;
const colon = 4;
const afterValue = 5;
const inString = 6;
const inEscape = 7;
const hex = 8;
const literal = 9;
const afterMinus = 10;
const afterZero = 11;
const digits = 12;
const afterPoint = 13;
const fraction = 14;
const exponent = 15;
const afterSign = 16;
const exponentDigits = 17;

const quote = 0x22;
const backslash = 0x5c;
const literals: ReadonlyMap<number, string> = new Map([
  [0x74, "rue"],
  [0x66, "alse"],
  [0x6e, "ull"],
]);
const escapes: ReadonlySet<number> = new Set([...'"\\/bfnrt'].map((char) => char.charCodeAt(0)));

/**
 * Looks at JSON in UTF-8 as it comes, and takes what `JSON.parse` takes. It makes no objects: a text of a million brackets
 * or names costs no more than any other of its length, and chunks leave the event loop room.
 *
 * @example
 * const scanner = new JsonScanner(1000);
 * for await (const chunk of body) scanner.take(chunk);
 * if (scanner.isTooDeep || !scanner.isWhole) refuse();
 */
export class JsonScanner {
  readonly #maxDepth: number;
  /** Of the levels that are open: `true` for an object. */
  readonly #open: boolean[] = [];
  #state = value;
  #isName = false;
  #literal = "";
  /** Letters of the literal, or digits of the escape, that were seen. */
  #seen = 0;
  #isBroken = false;
  #isTooDeep = false;
  #isFirst = true;

  /** @param maxDepth levels of nesting */
  constructor(maxDepth: number = Number.POSITIVE_INFINITY) {
    this.#maxDepth = maxDepth;
  }

  /** Nothing behind such a place is looked at. */
  get isTooDeep(): boolean {
    return this.#isTooDeep;
  }

  /** Whether all that was taken is one JSON value. That it is UTF-8 is for a decoder to say. */
  get isWhole(): boolean {
    if (this.#isBroken || this.#isTooDeep || this.#open.length > 0) return false;
    const state = this.#state;
    return (
      state === afterValue || state === afterZero || state === digits || state === fraction || state === exponentDigits
    );
  }

  take(bytes: Uint8Array): void {
    if (this.#isBroken || this.#isTooDeep || bytes.length === 0) return;
    let at = 0;
    // A byte order mark, which decoders leave out.
    if (this.#isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
    this.#isFirst = false;
    for (; at < bytes.length; at++) {
      if (this.#state === inString) at = endOfPlainText(bytes, at);
      if (at === bytes.length) return;
      if (this.#step(bytes[at]!)) continue;
      this.#isBroken = !this.#isTooDeep;
      return;
    }
  }

  #step(byte: number): boolean {
    switch (this.#state) {
      case inString:
        if (byte === backslash) return this.#to(inEscape);
        return byte === quote && this.#to(this.#isName ? colon : afterValue);
      case inEscape:
        this.#seen = 0;
        if (byte === 0x75) return this.#to(hex);
        return escapes.has(byte) && this.#to(inString);
      case hex:
        if (!isHexDigit(byte)) return false;
        this.#seen++;
        return this.#seen < 4 || this.#to(inString);
      case literal:
        if (byte !== this.#literal.charCodeAt(this.#seen)) return false;
        this.#seen++;
        return this.#seen < this.#literal.length || this.#to(afterValue);
      case afterMinus:
        return byte === 0x30 ? this.#to(afterZero) : isDigit(byte) && this.#to(digits);
      case afterPoint:
        return isDigit(byte) && this.#to(fraction);
      case exponent:
        return byte === 0x2b || byte === 0x2d ? this.#to(afterSign) : isDigit(byte) && this.#to(exponentDigits);
      case afterSign:
        return isDigit(byte) && this.#to(exponentDigits);
      case digits:
      case fraction:
      case exponentDigits:
        return isDigit(byte) || this.#afterDigits(byte);
      case afterZero:
        return this.#afterDigits(byte);
    }
    return isSpace(byte) || this.#betweenTokens(byte);
  }

  #afterDigits(byte: number): boolean {
    if (byte === 0x2e && (this.#state === digits || this.#state === afterZero)) return this.#to(afterPoint);
    if ((byte === 0x65 || byte === 0x45) && this.#state !== exponentDigits) return this.#to(exponent);
    this.#state = afterValue;
    return isSpace(byte) || this.#betweenTokens(byte);
  }

  #betweenTokens(byte: number): boolean {
    switch (this.#state) {
      case afterValue:
        return this.#afterValue(byte);
      case colon:
        return byte === 0x3a && this.#to(value);
      case firstName:
        return byte === 0x7d ? this.#close() : this.#beginName(byte);
      case name:
        return this.#beginName(byte);
      case firstItem:
        return byte === 0x5d ? this.#close() : this.#beginValue(byte);
      default:
        return this.#beginValue(byte);
    }
  }

  #afterValue(byte: number): boolean {
    const isObject = this.#open.at(-1);
    if (isObject === undefined) return false;
    if (byte === 0x2c) return this.#to(isObject ? name : value);
    return byte === (isObject ? 0x7d : 0x5d) && this.#close();
  }

  #beginName(byte: number): boolean {
    this.#isName = true;
    return byte === quote && this.#to(inString);
  }

  #beginValue(byte: number): boolean {
    if (byte === 0x5b) return this.#enter(false);
    if (byte === 0x7b) return this.#enter(true);
    this.#isName = false;
    if (byte === quote) return this.#to(inString);
    if (byte === 0x2d) return this.#to(afterMinus);
    if (byte === 0x30) return this.#to(afterZero);
    if (isDigit(byte)) return this.#to(digits);
    this.#seen = 0;
    this.#literal = literals.get(byte) ?? "";
    return this.#literal !== "" && this.#to(literal);
  }

  #enter(isObject: boolean): boolean {
    this.#isTooDeep = this.#open.length >= this.#maxDepth;
    if (this.#isTooDeep) return false;
    this.#open.push(isObject);
    return this.#to(isObject ? firstName : firstItem);
  }

  #close(): boolean {
    this.#open.pop();
    return this.#to(afterValue);
  }

  #to(state: number): true {
    this.#state = state;
    return true;
  }
}

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  const scanner = new JsonScanner();
  scanner.take(Buffer.from(text, "utf8"));
  return scanner.isWhole && !text.startsWith("\ufeff");
}

/** Where a string has its next byte that means something: a quotation mark, a backslash, a control character. */
function endOfPlainText(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === quote || byte === backslash || byte < 0x20) break;
    at++;
  }
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
