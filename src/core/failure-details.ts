import { aggregatedProperty, errorTypeOf, otherTypesOf, otherTypesProperty } from "./error-type.ts";
import { DurableError, isError, messageOf } from "./errors.ts";

/** A failure as it is kept in history: data, readable by the other Durable Task SDKs. Not an `Error`. */
export interface FailureDetails {
  /** The error's own `name`, or else the name of its class, for example `TypeError`. */
  readonly errorType: string;
  /** Message of the error. */
  readonly errorMessage: string;
  /** Its stack, as text. */
  readonly stackTrace?: string | undefined;
  /** What has caused it. */
  readonly innerFailure?: FailureDetails | undefined;
  /** A retry policy gives up at once. */
  readonly isNonRetriable: boolean;
  /** JSON values that the failing code attached. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** Of an `AggregateError`, so many errors are kept. */
const maxAggregated = 50;
/** Causes are followed this deep. */
const maxDepth = 10;
/** Longest message and stack kept, in UTF-16 units; a failure travels in every copy of its history. */
const maxTextLength = 16_384;

/**
 * Describes whatever user code has thrown: an error, a string, `null`, a frozen or circular object. Never throws.
 * An own `isNonRetriable: true` on the error is kept, and so are its own enumerable JSON values.
 */
export function describeFailure(thrown: unknown, depth = 0): FailureDetails {
  try {
    return describeThrown(thrown, depth);
  } catch {
    // A proxy may throw at whatever is asked of it.
    return { errorType: "Error", errorMessage: "a value was thrown that cannot be looked at", isNonRetriable: false };
  }
}

function describeThrown(thrown: unknown, depth: number): FailureDetails {
  if (thrown instanceof DurableError) {
    return { ...describeError(thrown, depth), errorType: thrown.code };
  }
  if (isError(thrown)) return describeError(thrown, depth);
  return { errorType: nameOfThrownValue(thrown), errorMessage: clip(messageOf(thrown)), isNonRetriable: false };
}

/** The failure of an attempt whose time is up, whether its orchestrator or its worker noticed first. */
export function describeTimeout(timeoutMs: number): FailureDetails {
  const errorMessage = `it did not complete within ${timeoutMs} ms`;
  return { errorType: "TaskTimeout", errorMessage, isNonRetriable: false };
}

/** The one-line form that status queries show: `TypeError: x is not a function`. */
export function formatFailure(details: FailureDetails): string {
  return `${details.errorType}: ${details.errorMessage}`;
}

/**
 * The text that DurableTask.Core keeps beside the details of a failure: its message alone, and of a task's failure that
 * nobody has handled the message of what the task has thrown.
 */
export function failureMessage({ errorType, errorMessage, innerFailure }: FailureDetails): string {
  const isOfTask = errorType === "TaskFailedError" && innerFailure !== undefined;
  return isOfTask ? failureMessage(innerFailure) : errorMessage;
}

/** {@link formatFailure} with the causes: `Error: no answer (caused by Error: connect ECONNREFUSED)`. */
export function formatFailureChain(details: FailureDetails): string {
  const { innerFailure } = details;
  const text = formatFailure(details);
  return innerFailure === undefined ? text : `${text} (caused by ${formatFailureChain(innerFailure)})`;
}

function describeError(error: Error, depth: number): FailureDetails {
  const errors = read(error, "errors");
  const aggregated: readonly unknown[] = isAggregate(error) && Array.isArray(errors) ? errors : [];
  const cause = read(error, "cause") ?? aggregated[0];
  const stack = read(error, "stack");
  const properties = describeProperties(error, aggregated, depth);
  return {
    errorType: clip(errorTypeOf(error)),
    errorMessage: clip(messageOf(error)),
    ...(typeof stack === "string" ? { stackTrace: clip(stack) } : {}),
    ...(cause !== undefined && cause !== null && depth < maxDepth
      ? { innerFailure: describeFailure(cause, depth + 1) }
      : {}),
    isNonRetriable: read(error, "isNonRetriable") === true,
    ...(properties === undefined ? {} : { properties }),
  };
}

/** Own properties that are told elsewhere. */
const describedElsewhere = new Set(["name", "message", "stack", "cause", "isNonRetriable", "failureDetails"]);

function describeProperties(
  error: Error,
  aggregated: readonly unknown[],
  depth: number,
): Record<string, unknown> | undefined {
  const entries: [string, unknown][] = [];
  for (const key of ownKeys(error)) {
    if (describedElsewhere.has(key) || (key === "code" && error instanceof DurableError)) continue;
    const json = toJson(read(error, key));
    if (json !== undefined && json.length <= maxTextLength) entries.push([key, JSON.parse(json)]);
  }
  if (aggregated.length > 0 && depth < maxDepth) {
    const failures = aggregated.slice(0, maxAggregated).map((each) => withoutStacks(describeFailure(each, depth + 1)));
    entries.push([aggregatedProperty, failures]);
  }
  const otherTypes = otherTypesOf(error);
  if (otherTypes.length > 0) entries.push([otherTypesProperty, otherTypes]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Also of another realm: their `errors` is no property that is listed. */
function isAggregate(error: Error): boolean {
  return error instanceof AggregateError || !Object.prototype.propertyIsEnumerable.call(error, "errors");
}

/** One of many: its place in the code is that of the others, and all of them travel in every copy of the history. */
function withoutStacks({ stackTrace: _, innerFailure, ...details }: FailureDetails): FailureDetails {
  return { ...details, ...(innerFailure && { innerFailure: withoutStacks(innerFailure) }) };
}

function ownKeys(value: object): string[] {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
}

/** A property of a foreign object, whose getters may throw. */
function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** As far as JSON can tell: what refers back to something that holds it is left out. */
function toJson(value: unknown): string | undefined {
  const above: object[] = [];
  try {
    return JSON.stringify(value, function (this: object, _key: string, member: unknown) {
      if (typeof member === "bigint") return String(member);
      if (typeof member !== "object" || member === null) return member;
      while (above.length > 0 && above.at(-1) !== this) above.pop();
      if (above.includes(member)) return undefined;
      above.push(member);
      return member;
    });
  } catch {
    return undefined;
  }
}

function nameOfThrownValue(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "Object" : typeof value;
}

function clip(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
