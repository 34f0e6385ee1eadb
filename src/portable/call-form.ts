import { DurableError } from "../core/errors.ts";
import type { RetryOptions, RetryPolicy } from "../core/retry-policy.ts";
import type { CallTarget } from "../orchestration/call-options.ts";
import { type DefinitionKind, definitionOf } from "./definitions.ts";

const activityOptions: ReadonlySet<string> = new Set(["input", "retry", "retryPolicy", "timeout", "version", "tags"]);
const orchestrationOptions: ReadonlySet<string> = new Set([
  "input",
  "instanceId",
  "retry",
  "retryPolicy",
  "version",
  "tags",
]);

/** A call taken apart. */
export interface Call<Options> {
  readonly target: CallTarget;
  readonly input: unknown;
  readonly options: Options | undefined;
}

interface Aliased {
  readonly retry?: RetryPolicy | RetryOptions | undefined;
  readonly retryPolicy?: RetryPolicy | RetryOptions | undefined;
}

/**
 * Finds out what is called, with which input, and how: `(target, input, options)`, or `(target, { input, ...options })`.
 *
 * @throws DurableError `InvalidOption` for a function that is something else, or has no name
 */
export function resolveCallForm<Options extends Aliased>(
  kind: "activity" | "orchestration",
  target: unknown,
  first: unknown,
  second: Options | undefined,
): Call<Options> {
  const names = kind === "activity" ? activityOptions : orchestrationOptions;
  const { input, options } = isCallForm(first, names)
    ? { input: first.input, options: withoutInput(first) as Options }
    : { input: first, options: second };
  if (second !== undefined && options !== second) {
    throw new DurableError(
      "OrchestrationMisuse",
      "a call has its options beside the input or after it, not in both places",
    );
  }
  return { target: resolveTarget(kind, target), input, options: withRetry(options) };
}

/** Only an object that has `input` and else nothing but options: anything more, and it is an input. */
function isCallForm(value: unknown, names: ReadonlySet<string>): value is { readonly input: unknown } {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "input")) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.keys(value).every((name) => names.has(name));
}

function withoutInput({ input: _input, ...options }: { readonly input: unknown }): object {
  return options;
}

function withRetry<Options extends Aliased>(options: Options | undefined): Options | undefined {
  if (typeof options !== "object" || options === null || options.retryPolicy === undefined) return options;
  const { retryPolicy, ...rest } = options;
  if (rest.retry !== undefined) {
    throw new DurableError("InvalidOption", "'retry' and 'retryPolicy' say the same: give one of them");
  }
  return { ...rest, retry: retryPolicy } as unknown as Options;
}

/** Functions become what they stand for; names and handles stay as they are. */
export function resolveTarget(kind: DefinitionKind, target: unknown): CallTarget {
  if (typeof target !== "function") return target as CallTarget;
  const { name, inputSchema } = definitionOf(kind, target);
  return { name, inputSchema };
}
