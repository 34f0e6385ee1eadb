import type { StandardSchema } from "../core/payloads/standard-schema.ts";
import type { RetryOptions, RetryPolicy } from "../core/retry-policy.ts";
import { resolveRetryPolicy } from "../core/retry-policy.ts";

declare const inputType: unique symbol;
declare const outputType: unique symbol;

/** A registered activity, for calls whose input and result are checked by the compiler. */
export interface ActivityHandle<Input, Output> {
  /** Tells handles apart. */
  readonly kind: "activity";
  /** Name of the activity. */
  readonly name: string;
  /** Checks the input where the activity is called. */
  readonly inputSchema?: StandardSchema | undefined;
  /** Used by every call through this handle that does not say otherwise. */
  readonly retry?: RetryPolicy | RetryOptions | undefined;
  /**
   * The same activity with a retry policy.
   *
   * @example yield* context.callActivity(charge.withRetry({ firstInterval: "5s", maxAttempts: 3 }), order)
   * @throws DurableError `InvalidOption`
   */
  withRetry(policy: RetryPolicy | RetryOptions): ActivityHandle<Input, Output>;
  /** @internal */
  readonly [inputType]?: (input: Input) => void;
  /** @internal */
  readonly [outputType]?: Output;
}

/** A registered orchestration, to start it or to call it as a sub-orchestration. */
export interface OrchestrationHandle<Input, Output> {
  /** Tells handles apart. */
  readonly kind: "orchestration";
  /** Name of the orchestration. */
  readonly name: string;
  /** Checks the input where the orchestration is started or called. */
  readonly inputSchema?: StandardSchema | undefined;
  /** Used by every call as a sub-orchestration through this handle that does not say otherwise. */
  readonly retry?: RetryPolicy | RetryOptions | undefined;
  /** The same orchestration with a retry policy for calls as a sub-orchestration. @throws DurableError `InvalidOption` */
  withRetry(policy: RetryPolicy | RetryOptions): OrchestrationHandle<Input, Output>;
  /** @internal */
  readonly [inputType]?: (input: Input) => void;
  /** @internal */
  readonly [outputType]?: Output;
}

/** Handle of an activity that is registered under that name, here or by other workers of the hub. */
export function createActivityHandle<Input, Output>(
  name: string,
  inputSchema?: StandardSchema,
): ActivityHandle<Input, Output> {
  return createHandle("activity", name, inputSchema, undefined) as ActivityHandle<Input, Output>;
}

/** Handle of an orchestration that is registered under that name, here or by other workers of the hub. */
export function createOrchestrationHandle<Input, Output>(
  name: string,
  inputSchema?: StandardSchema,
): OrchestrationHandle<Input, Output> {
  return createHandle("orchestration", name, inputSchema, undefined) as OrchestrationHandle<Input, Output>;
}

function createHandle(
  kind: string,
  name: string,
  inputSchema: StandardSchema | undefined,
  retry: RetryPolicy | RetryOptions | undefined,
): unknown {
  return Object.freeze({
    kind,
    name,
    inputSchema,
    retry,
    withRetry(policy: RetryPolicy | RetryOptions) {
      resolveRetryPolicy(policy);
      return createHandle(kind, name, inputSchema, policy);
    },
  });
}
