import { DurableError, isError } from "./errors.ts";
import { orchestrationStatuses } from "./orchestration-status.ts";
import { parseTimeSpan } from "./time-span.ts";

/** What an option may hold. */
export type OptionKind =
  | "any"
  | "time span"
  | "text"
  | "flag"
  | "number"
  | "count"
  | "date"
  | "function"
  | "object"
  | "list"
  | "signal"
  | "converter"
  | "tags"
  | "statuses";

/** Each option of a function, also those that may be left out, with what it may hold. */
export type OptionKinds<Options> = { readonly [Name in keyof Options]-?: OptionKind };

/** What is wanted of a value, in words, and whether it is that. */
const kinds: Readonly<
  Record<Exclude<OptionKind, "any" | "time span">, readonly [string, (value: unknown) => boolean]>
> = {
  text: ["a text", (value: unknown) => typeof value === "string"],
  flag: ["true or false", (value: unknown) => typeof value === "boolean"],
  number: ["a number", (value: unknown) => typeof value === "number" && !Number.isNaN(value)],
  count: ["a whole number above 0", (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0],
  date: ["a valid Date", (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime())],
  function: ["a function", (value: unknown) => typeof value === "function"],
  object: ["an object", (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value)],
  list: ["a list", (value: unknown) => Array.isArray(value)],
  signal: ["an AbortSignal", (value: unknown) => typeof (value as AbortSignal | null)?.addEventListener === "function"],
  converter: ["an object with the functions 'serialize' and 'deserialize'", isConverter],
  tags: ["an object whose values are texts", isTags],
  statuses: [
    `a list of ${orchestrationStatuses.join(", ")}`,
    (value: unknown) => Array.isArray(value) && value.every((status) => orchestrationStatuses.includes(status)),
  ],
};

/**
 * Checks the options of a call by name and by what they hold. JavaScript may hand over anything, and what is wrong would be
 * passed over, or fail much later and elsewhere. An option may always be `undefined`.
 *
 * @param what whose options they are, such as "startNew"
 * @throws DurableError `InvalidOption` that names the option, and what it should be
 */
export function assertOptions(options: unknown, wanted: Readonly<Record<string, OptionKind>>, what: string): void {
  assertOptionNames(options, Object.keys(wanted), what);
  for (const [name, value] of Object.entries(options as object)) {
    assertKind(value, wanted[name]!, `'${name}' of ${what}`, true);
  }
}

/**
 * Checks one argument by what it holds.
 *
 * @param isOptional `undefined` will do
 * @throws DurableError `InvalidOption`
 */
export function assertKind(value: unknown, kind: OptionKind, what: string, isOptional = false): void {
  if (kind === "any" || (isOptional && value === undefined)) return;
  if (kind === "time span") {
    parseTimeSpan(value, what);
    return;
  }
  const [wanted, isKind] = kinds[kind];
  if (!isKind(value)) throw new DurableError("InvalidOption", `${what} must be ${wanted}, but got ${describe(value)}`);
}

function isConverter(value: unknown): boolean {
  const { serialize, deserialize } = (value ?? {}) as { readonly serialize?: unknown; readonly deserialize?: unknown };
  return typeof serialize === "function" && typeof deserialize === "function";
}

function isTags(value: unknown): boolean {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
  return isObject && Object.values(value).every((text) => typeof text === "string");
}

/** A longer text may be a payload, or a connection string, that stands in the wrong place. */
const longestShownText = 16;

/** What was given, in a few words; no payload is among them. */
function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (isError(value)) return "an error";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return value.length > longestShownText ? `a text of ${value.length} characters` : JSON.stringify(value);
}

/**
 * Refuses an option that nobody knows: a misspelt one would be passed over, and something else happen than was wished.
 *
 * @param what whose options they are, such as "startWorker"
 * @throws DurableError `InvalidOption` that names the option, and the one that was probably meant
 */
export function assertOptionNames(options: unknown, names: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options) || options instanceof Date) {
    const known = names.length > 3 ? `${names.slice(0, 3).join(", ")}, ...` : names.join(", ");
    const message = `${what} needs an object with options ({ ${known} }), but got ${describe(options)}`;
    throw new DurableError("InvalidOption", message);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = findNearName(name, names);
    const hint = meant === undefined ? `it takes ${names.join(", ")}` : `did you mean '${meant}'?`;
    throw new DurableError("InvalidOption", `${what} has no option '${name}'; ${hint}`);
  }
}

/** The name that was probably meant by a misspelt one: one letter more, less, or other, or two that have changed places. */
export function findNearName(given: string, names: readonly string[]): string | undefined {
  return names.find((known) => isNear(known.toLowerCase(), given.toLowerCase()));
}

/** One letter more, less, or other, or two that have changed places. */
function isNear(known: string, given: string): boolean {
  let start = 0;
  while (start < known.length && known[start] === given[start]) start++;
  const [restKnown, restGiven] = [known.slice(start), given.slice(start)];
  if (restKnown === restGiven || restKnown.slice(1) === restGiven || restKnown === restGiven.slice(1)) return true;
  if (restKnown.slice(1) === restGiven.slice(1)) return true;
  const isSwapped = restKnown[0] === restGiven[1] && restKnown[1] === restGiven[0];
  return isSwapped && restKnown.slice(2) === restGiven.slice(2);
}
