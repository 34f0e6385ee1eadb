/** A class of errors, as it stands behind `throw new`. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Among the properties of a failure: further classes of the error, from the nearest on, where it has any of its own. */
export const otherTypesProperty = "$errorTypes";
/** Among the properties of a failure: the failures that an `AggregateError` stands for. */
export const aggregatedProperty = "errors";

/** Derived classes are followed this far. */
const maxClasses = 20;

/**
 * What an error is an instance of, by name: the name that it or its class gives itself, and that of its class where none
 * does (`class CardDeclined extends Error {}` is a `CardDeclined`).
 */
export function errorTypeOf(error: Error): string {
  const name = nameOf(error);
  const holder = holderOfName(error);
  const isInherited =
    holder !== undefined && holder !== error && isBuiltIn(holder) && !isInstanceOfItself(error, holder);
  return (isInherited ? classNamesOf(error)[0] : undefined) ?? (name || "Error");
}

/** Names of the classes of an error that are not built in, from its own on; the type that it says it has is left out. */
export function otherTypesOf(error: Error): readonly string[] {
  const type = errorTypeOf(error);
  return classNamesOf(error).filter((name) => name !== type);
}

/** The names that instances of the class may have given themselves. */
export function typeNamesOf(type: string | ErrorClass): readonly string[] {
  if (typeof type === "string") return [type];
  const given: unknown = Object.hasOwn(type.prototype, "name") ? type.prototype.name : undefined;
  return typeof given === "string" && given !== type.name ? [type.name, given] : [type.name];
}

function classNamesOf(error: Error): readonly string[] {
  const names: string[] = [];
  for (let type: unknown = Object.getPrototypeOf(error); isObject(type) && names.length < maxClasses; ) {
    if (isBuiltIn(type)) break;
    const name = Object.hasOwn(type, "constructor") ? textOf((type.constructor as { name?: unknown }).name) : "";
    if (name !== "" && !names.includes(name)) names.push(name);
    type = Object.getPrototypeOf(type);
  }
  return names;
}

function holderOfName(error: Error): object | undefined {
  let holder: unknown = error;
  while (isObject(holder) && !Object.hasOwn(holder, "name")) holder = Object.getPrototypeOf(holder);
  return isObject(holder) ? holder : undefined;
}

/** `TypeError.prototype` and the like. */
function isBuiltIn(prototype: object): boolean {
  const type: unknown = Object.hasOwn(prototype, "constructor") ? prototype.constructor : undefined;
  return typeof type === "function" && /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(type));
}

function isInstanceOfItself(error: Error, prototype: object): boolean {
  return Object.getPrototypeOf(error) === prototype;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Getters of user code may throw. */
function nameOf(error: Error): string {
  try {
    return textOf(error.name);
  } catch {
    return "";
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
