import { types } from "node:util";
import { isError } from "../errors.ts";

/** Something that JSON would drop or empty without a word. */
export interface JsonLoss {
  /** Where it stands: `items[2].price`; empty for the value itself. */
  readonly path: string;
  /** What it is: `a Map`. */
  readonly what: string;
}

/**
 * Looks for what would not come back from JSON as more than an empty shell: `Map`, `Set`, errors, bytes, functions, symbols,
 * `NaN`, and instances whose state JSON does not see, such as those of classes with `#private` fields alone. What has a
 * `toJSON` is taken at its word. A `Date`, which becomes text, and `undefined` are left to the types.
 */
export function findJsonLoss(value: unknown): JsonLoss | undefined {
  try {
    return search(value, []);
  } catch {
    // A circle, or a getter that throws: JSON.stringify says so itself.
    return undefined;
  }
}

type Path = readonly (string | number)[];

function search(value: unknown, path: Path): JsonLoss | undefined {
  switch (typeof value) {
    case "function":
      return { path: formatPath(path), what: "a function" };
    case "symbol":
      return { path: formatPath(path), what: "a symbol" };
    case "number":
      return Number.isFinite(value) ? undefined : { path: formatPath(path), what: String(value) };
    case "object":
      return value === null ? undefined : searchObject(value, path);
    default:
      return undefined;
  }
}

function searchObject(value: object, path: Path): JsonLoss | undefined {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const loss = search(value[index], [...path, index]);
      if (loss !== undefined) return loss;
    }
    return undefined;
  }
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return search(toJSON.call(value, String(path.at(-1) ?? "")), path);
  const what = describeShell(value);
  if (what !== undefined) return { path: formatPath(path), what };
  for (const name of Object.keys(value)) {
    const loss = search((value as Record<string, unknown>)[name], [...path, name]);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

/** What an object is whose state is not in the members that JSON writes. */
function describeShell(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return undefined;
  if (types.isBoxedPrimitive(value)) return undefined;
  if (types.isMap(value)) return "a Map";
  if (types.isSet(value)) return "a Set";
  if (isError(value)) return `an error (${value.name})`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (types.isGeneratorObject(value)) return "a generator";
  // Also Promise, RegExp, Headers, Blob, and classes whose fields are all #private.
  if (Object.keys(value).length > 0 || isPlainOfAnotherRealm(value)) return undefined;
  const { name } = value.constructor ?? {};
  return `an instance of ${name === undefined || name === "" ? "a class" : name} without fields that JSON sees`;
}

/** `{}` of a test runner's context, say. */
function isPlainOfAnotherRealm(value: object): boolean {
  const prototype: object = Object.getPrototypeOf(value);
  return Object.getPrototypeOf(prototype) === null && prototype.constructor?.name === "Object";
}

function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}
