import { DurableError } from "./errors.ts";

/** A failure as it is kept in history: data, readable by the other Durable Task SDKs. Not an `Error`. */
export interface FailureDetails {
  /** The error's class name, for example `TypeError`. */
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: string | undefined;
  readonly innerFailure?: FailureDetails | undefined;
  /** A retry policy gives up at once. */
  readonly isNonRetriable: boolean;
  /** JSON values that the failing code attached. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

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
  if (thrown instanceof Error) return describeError(thrown, depth);
  return { errorType: nameOfThrownValue(thrown), errorMessage: clip(textOf(thrown)), isNonRetriable: false };
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
  const cause = read(error, "cause") ?? firstOf(read(error, "errors"));
  const stack = read(error, "stack");
  const properties = describeProperties(error);
  return {
    errorType: clip(textOf(read(error, "name")) || "Error"),
    errorMessage: clip(textOf(read(error, "message"))),
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

function describeProperties(error: Error): Record<string, unknown> | undefined {
  const entries: [string, unknown][] = [];
  for (const key of ownKeys(error)) {
    if (describedElsewhere.has(key) || (key === "code" && error instanceof DurableError)) continue;
    const json = toJson(read(error, key));
    if (json !== undefined && json.length <= maxTextLength) entries.push([key, JSON.parse(json)]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** An `AggregateError` is told by its message and its first error, as an inner failure has no siblings. */
function firstOf(errors: unknown): unknown {
  return Array.isArray(errors) ? errors[0] : undefined;
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

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function nameOfThrownValue(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "Object" : typeof value;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return (typeof value === "object" && value !== null ? toJson(value) : undefined) ?? String(value);
  } catch {
    return "a value that cannot be shown";
  }
}

function clip(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
