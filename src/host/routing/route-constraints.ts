import { messageOf } from "../../core/errors.ts";
/** Decides whether the text captured for a route parameter is acceptable. */
export type RouteConstraint = (value: string) => boolean;

const integerText = /^\s*[+-]?\d+\s*$/;
const numberText = /^\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const guidText =
  /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|\([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\))$/i;
const lastSegmentIsFile = /(?:^|\/)[^/]*\.[^/]+$/;

const plain = new Map<string, RouteConstraint>([
  ["int", (value) => isIntegerWithin(value, -(2n ** 31n), 2n ** 31n - 1n)],
  ["long", (value) => isIntegerWithin(value, -(2n ** 63n), 2n ** 63n - 1n)],
  ["bool", (value) => /^\s*(?:true|false)\s*$/i.test(value)],
  ["datetime", (value) => /\d/.test(value) && /[-/:.\s,]/.test(value) && !Number.isNaN(Date.parse(value))],
  ["decimal", (value) => /^[^e]*$/i.test(value) && numberText.test(value)],
  ["double", (value) => numberText.test(value)],
  ["float", (value) => numberText.test(value)],
  ["guid", (value) => guidText.test(value.trim())],
  ["alpha", (value) => /^[a-z]*$/i.test(value)],
  ["required", (value) => value !== ""],
  ["file", (value) => lastSegmentIsFile.test(value)],
  ["nonfile", (value) => !lastSegmentIsFile.test(value)],
]);

/** Number of arguments a parameterised constraint takes, and how it is made from them. */
const parameterised = new Map<string, { readonly counts: readonly number[]; make(args: bigint[]): RouteConstraint }>([
  [
    "length",
    {
      counts: [1, 2],
      make:
        ([least, most]) =>
        (value) =>
          isBetween(BigInt(value.length), least!, most ?? least!),
    },
  ],
  [
    "minlength",
    {
      counts: [1],
      make:
        ([least]) =>
        (value) =>
          BigInt(value.length) >= least!,
    },
  ],
  [
    "maxlength",
    {
      counts: [1],
      make:
        ([most]) =>
        (value) =>
          BigInt(value.length) <= most!,
    },
  ],
  [
    "min",
    {
      counts: [1],
      make:
        ([least]) =>
        (value) =>
          isIntegerWithin(value, least!, 2n ** 63n - 1n),
    },
  ],
  [
    "max",
    {
      counts: [1],
      make:
        ([most]) =>
        (value) =>
          isIntegerWithin(value, -(2n ** 63n), most!),
    },
  ],
  [
    "range",
    {
      counts: [2],
      make:
        ([least, most]) =>
        (value) =>
          isIntegerWithin(value, least!, most!),
    },
  ],
]);

/**
 * Makes the inline constraint written `name` or `name(argument)`, with the meaning it has in ASP.NET routing.
 *
 * @throws Error for an unknown name or a wrong argument; the message quotes the constraint.
 */
export function createRouteConstraint(name: string, argument: string | undefined): RouteConstraint {
  const key = name.toLowerCase();
  const shown = argument === undefined ? name : `${name}(${argument})`;
  if (key === "regex") return createRegexConstraint(shown, argument);

  const simple = plain.get(key);
  if (simple !== undefined) {
    if (argument !== undefined) throw new Error(`the constraint '${shown}' takes no argument`);
    return simple;
  }
  const family = parameterised.get(key);
  if (family === undefined) throw new Error(`the constraint '${shown}' is not known`);
  const args = (argument ?? "").split(",");
  if (!family.counts.includes(args.length) || !args.every((text) => integerText.test(text))) {
    throw new Error(`the constraint '${shown}' needs ${family.counts.join(" or ")} whole number(s) in parentheses`);
  }
  return family.make(args.map((text) => BigInt(text.trim().replace(/^\+/, ""))));
}

function createRegexConstraint(shown: string, pattern: string | undefined): RouteConstraint {
  if (pattern === undefined || pattern === "") throw new Error(`the constraint '${shown}' needs a pattern`);
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, "i");
  } catch (cause) {
    throw new Error(`the constraint '${shown}' is not a regular expression: ${messageOf(cause)}`, { cause });
  }
  return (value) => regex.test(value);
}

function isIntegerWithin(value: string, least: bigint, most: bigint): boolean {
  return integerText.test(value) && isBetween(BigInt(value.trim().replace(/^\+/, "")), least, most);
}

function isBetween(value: bigint, least: bigint, most: bigint): boolean {
  return value >= least && value <= most;
}
