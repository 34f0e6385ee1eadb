import { DurableError } from "../core/errors.ts";
import type { Tags } from "../core/history-event.ts";
import { assertInstanceId } from "../core/ids.ts";
import { assertOptionNames } from "../core/option-names.ts";
import { type StandardSchema, validateSync } from "../core/payloads/standard-schema.ts";
import type { ResolvedRetryPolicy, RetryOptions, RetryPolicy } from "../core/retry-policy.ts";
import { resolveRetryPolicy } from "../core/retry-policy.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";

/** How one activity call is made. */
export interface CallActivityOptions {
  /** @defaultValue the policy of the handle, else no retry */
  readonly retry?: RetryPolicy | RetryOptions | undefined;
  /**
   * Most time for one attempt. The attempt fails with `TaskTimeout` that long after its scheduling, waits in a queue
   * included, and its late result is dropped. The activity's signal aborts that long after the activity has begun, so
   * that clocks of two machines need not agree: an activity that had to wait runs on for as long. @defaultValue no limit
   */
  readonly timeout?: TimeSpanInput | undefined;
  /** Version of the activity, for workers that look at it. @defaultValue none */
  readonly version?: string | undefined;
  /** Kept in history beside the call; `durable.attempt` and `durable.timeoutMs` are the engine's own, and left out. */
  readonly tags?: Tags | undefined;
}

/** How one sub-orchestration is called. */
export interface CallSubOrchestratorOptions {
  /** @defaultValue `{execution id}:{number of the task}` */
  readonly instanceId?: string | undefined;
  /** Version of the sub-orchestration. @defaultValue that of the app */
  readonly version?: string | undefined;
  /** @defaultValue the policy of the handle, else no retry */
  readonly retry?: RetryPolicy | RetryOptions | undefined;
  /** Added to the tags that the child inherits; `FireAndForget` is the engine's own, and left out. */
  readonly tags?: Tags | undefined;
}

/** A handle, or the name of what is to be called. */
export type CallTarget =
  | string
  | {
      readonly name: string;
      readonly inputSchema?: StandardSchema | undefined;
      readonly retry?: RetryPolicy | RetryOptions | undefined;
    };

/** One call, checked. */
export interface ResolvedCall {
  readonly name: string;
  readonly input: unknown;
  readonly retry: ResolvedRetryPolicy | undefined;
  readonly timeoutMs: number | undefined;
  readonly version: string | undefined;
  readonly tags: Tags | undefined;
  readonly instanceId: string | undefined;
}

const optionNames = {
  activity: ["retry", "timeout", "version", "tags"],
  "sub-orchestration": ["instanceId", "version", "retry", "tags"],
} as const;

/** @throws DurableError `OrchestrationMisuse`, `InvalidOption`, `InvalidPayload` that names the call */
export function resolveCall(
  what: "activity" | "sub-orchestration",
  target: CallTarget,
  input: unknown,
  options: (CallActivityOptions & CallSubOrchestratorOptions) | undefined,
): ResolvedCall {
  const name = typeof target === "string" ? target : target?.name;
  assertText(name, what === "activity" ? "the name of an activity" : "the name of a sub-orchestration");
  if (options !== undefined) assertOptionNames(options, optionNames[what], `the call of ${what} '${name}'`);
  const handle = typeof target === "string" ? undefined : target;
  const retry = options?.retry ?? handle?.retry;
  const { timeout, version, tags, instanceId } = options ?? {};
  // Checked here, sent as given: the callee runs the schema too, and a schema may change what it takes.
  validateSync(handle?.inputSchema, input, `the input of ${what} '${name}'`);
  // Other SDKs and JavaScript callers may hand over anything, and what storage refuses would be tried for ever.
  if (instanceId !== undefined) assertInstanceId(instanceId);
  if (version !== undefined) assertShortText(version, `the version of ${what} '${name}'`);
  if (tags !== undefined) assertTags(tags, `the tags of ${what} '${name}'`);
  return {
    name,
    input,
    retry: retry === undefined ? undefined : resolveRetryPolicy(retry),
    timeoutMs: timeout === undefined ? undefined : parseTimeSpan(timeout, `the timeout of ${what} '${name}'`),
    version,
    tags,
    instanceId,
  };
}

/** Most UTF-16 units of a text that has a column of its own in history. */
const maxShortTextLength = 1000;

/** @throws DurableError `InvalidOption` */
export function assertShortText(value: unknown, what: string): asserts value is string {
  if (typeof value === "string" && value.length <= maxShortTextLength) return;
  const given = typeof value === "string" ? `one of ${value.length}` : JSON.stringify(value);
  throw new DurableError(
    "InvalidOption",
    `${what} must be a text of at most ${maxShortTextLength} characters, but got ${given}`,
  );
}

function assertTags(value: unknown, what: string): void {
  const isPlain = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isPlain && Object.values(value).every((text) => typeof text === "string")) return;
  throw new DurableError("InvalidOption", `${what} must be an object whose values are texts`);
}

/** @throws DurableError `OrchestrationMisuse` */
export function assertText(value: unknown, what: string): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  throw new DurableError("OrchestrationMisuse", `${what} must be a non-empty text, but got ${JSON.stringify(value)}`);
}
