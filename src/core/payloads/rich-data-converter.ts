import { DurableError, messageOf } from "../errors.ts";
import { assertOptions } from "../option-names.ts";
import { type DataConverter, jsonDataConverter, writeJson } from "./data-converter.ts";
import { type RichClass, RichClasses } from "./rich-classes.ts";

/** What a rich converter keeps besides what JSON knows. */
export interface RichDataConverterOptions {
  /**
   * Classes whose instances come back as instances. Nothing else is ever constructed, whatever a payload says.
   *
   * @defaultValue none
   */
  readonly classes?: readonly RichClass[] | undefined;
}

/** Key that marks a value which JSON cannot express. An object of the user that has this key is wrapped. */
const tagKey = "$rich";

/**
 * A converter that keeps more than JSON does: `Date`, `Map`, `Set`, `BigInt`, `Uint8Array`, `undefined` in arrays, `NaN`,
 * the infinities, `-0`, and instances of registered classes. Payloads without such values are the same plain JSON.
 * All workers and clients of a task hub must use it before the first one does.
 *
 * @example
 * const app = new DFApp({ dataConverter: createRichDataConverter({ classes: [Money] }) });
 *
 * @throws DurableError `InvalidOption` when two classes have one name, or one has none
 */
export function createRichDataConverter(options: RichDataConverterOptions = {}): DataConverter {
  assertOptions(options, { classes: "list" }, "createRichDataConverter");
  const classes = new RichClasses(options.classes ?? []);
  return {
    serialize(value, what) {
      if (value === undefined) return undefined;
      let plain: unknown;
      try {
        plain = new Encoder(classes).encode(value, "");
      } catch (cause) {
        throw new DurableError("InvalidPayload", `${what} cannot be written: ${messageOf(cause)}`, { cause });
      }
      return writeJson(plain, what);
    },
    deserialize(text, what) {
      const plain = jsonDataConverter.deserialize(text, what);
      try {
        return decode(plain, classes);
      } catch (cause) {
        throw new DurableError("InvalidPayload", `${what} cannot be read: ${messageOf(cause)}`, { cause });
      }
    },
  };
}

function tagged(tag: string, value?: unknown): object {
  return value === undefined ? { [tagKey]: tag } : { [tagKey]: tag, value };
}

/** Turns a value into one that JSON can express. Finds cycles, which would never end. */
class Encoder {
  readonly #classes: RichClasses;
  readonly #open = new Set<object>();

  constructor(classes: RichClasses) {
    this.#classes = classes;
  }

  /** @param key of the value where it stands, as `toJSON` is given it */
  encode(value: unknown, key: string): unknown {
    switch (typeof value) {
      case "bigint":
        return tagged("BigInt", String(value));
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged("Number", formatNumber(value));
      case "object":
        return value === null ? null : this.#encodeObject(value, key);
      default:
        return value;
    }
  }

  #encodeObject(value: object, key: string): unknown {
    if (this.#open.has(value)) throw new TypeError("it holds itself");
    if (value instanceof Promise) throw new TypeError("it holds a promise; await it first");
    this.#open.add(value);
    try {
      return this.#encodeKnown(value) ?? this.#encodePlain(value, key);
    } finally {
      this.#open.delete(value);
    }
  }

  #encodeKnown(value: object): unknown {
    if (value instanceof Date) return tagged("Date", Number.isNaN(value.getTime()) ? null : value.toISOString());
    if (value instanceof Map)
      return tagged(
        "Map",
        [...value].map((entry) => this.#encodeArray(entry)),
      );
    if (value instanceof Set) return tagged("Set", this.#encodeArray([...value]));
    if (value instanceof Uint8Array) return tagged("Uint8Array", Buffer.from(value).toString("base64"));
    const known = this.#classes.find(value);
    if (known === undefined) return undefined;
    return { ...tagged("Class", this.encode(known.write(value), "")), name: known.name };
  }

  #encodePlain(value: object, key: string): unknown {
    if (Array.isArray(value)) return this.#encodeArray(value);
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === "function") return this.encode(toJSON.call(value, key), key);
    if (value instanceof Number || value instanceof String || value instanceof Boolean) {
      return this.encode(value.valueOf(), key);
    }
    const entries = Object.entries(value).filter(([, member]) => hasJsonForm(member));
    const encoded = entries.map(([name, member]) => [name, this.encode(member, name)] as const);
    if (Object.hasOwn(value, tagKey)) return tagged("Object", encoded);
    return Object.fromEntries(encoded);
  }

  #encodeArray(values: readonly unknown[]): unknown[] {
    return Array.from(values, (value, index) => {
      if (value === undefined) return tagged("Undefined");
      return hasJsonForm(value) ? this.encode(value, String(index)) : null;
    });
  }
}

/** As with JSON, members without a form are left out. */
function hasJsonForm(value: unknown): boolean {
  return value !== undefined && typeof value !== "function" && typeof value !== "symbol";
}

function formatNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Keys become own properties, `__proto__` too. */
function decode(value: unknown, classes: RichClasses): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => decode(element, classes));
  if (Object.hasOwn(value, tagKey)) return decodeTagged(value as TaggedValue, classes);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decode(member, classes)]));
}

interface TaggedValue {
  readonly [tagKey]: unknown;
  readonly value?: unknown;
  readonly name?: unknown;
}

function decodeTagged(given: TaggedValue, classes: RichClasses): unknown {
  const { [tagKey]: tag, value } = given;
  switch (tag) {
    case "Undefined":
      return undefined;
    case "BigInt":
      return BigInt(matching(value, /^-?\d+$/, tag));
    case "Number":
      return Number(matching(value, /^(?:NaN|-?Infinity|-0)$/, tag));
    case "Date":
      return value === null ? new Date(Number.NaN) : validDate(matching(value, /^[+-]?\d{4,6}-[\d:.TZ-]{5,21}$/, tag));
    case "Map":
      return new Map(listOf(value, tag).map((entry) => pairOf(decode(entry, classes), tag)));
    case "Set":
      return new Set(listOf(value, tag).map((element) => decode(element, classes)));
    case "Uint8Array":
      return new Uint8Array(Buffer.from(matching(value, /^[A-Za-z0-9+/]*={0,2}$/, tag), "base64"));
    case "Object":
      return Object.fromEntries(listOf(value, tag).map((entry) => memberOf(entry, tag, classes)));
    case "Class":
      return classes.get(given.name).read(decode(value, classes));
    default:
      throw new TypeError(`the tag ${JSON.stringify(tag)} is unknown`);
  }
}

function matching(value: unknown, pattern: RegExp, tag: string): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw malformed(tag);
}

function validDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw malformed("Date");
  return date;
}

function listOf(value: unknown, tag: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed(tag);
}

function pairOf(value: unknown, tag: string): [unknown, unknown] {
  if (Array.isArray(value) && value.length === 2) return value as [unknown, unknown];
  throw malformed(tag);
}

function memberOf(entry: unknown, tag: string, classes: RichClasses): [string, unknown] {
  const [name, value] = pairOf(entry, tag);
  if (typeof name !== "string") throw malformed(tag);
  return [name, decode(value, classes)];
}

function malformed(tag: string): TypeError {
  return new TypeError(`the value tagged '${tag}' is malformed`);
}
