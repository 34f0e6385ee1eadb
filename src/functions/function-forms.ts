import type { GivesResult, ReadsStored, ReadsStoredSecond } from "../core/payloads/json-types.ts";
import type { ActivityContext } from "../worker/activity-context.ts";
import type { OrchestrationContext } from "./function-contexts.ts";

declare const untyped: unique symbol;

/** Stands for the input of a function that does not say what it takes: annotate the parameter. */
export interface UntypedInput {
  /** @internal */
  readonly [untyped]: true;
}

/** What the caller of a function passes: nothing, where the function says nothing of an input. */
export type GivenInput<Input> = 0 extends 1 & Input
  ? Input
  : [Input] extends [UntypedInput]
    ? undefined
    : OptionalInput<Input>;

/** The `undefined` of an optional parameter is one like others. */
export type OptionalInput<Input> = undefined extends Input ? Exclude<Input, undefined> | undefined : Input;

/**
 * User code of an activity. It may run more than once for one call.
 *
 * By its number of parameters, so that the compiler gives a context its type, and a lone parameter none but its own: one
 * without an annotation is an implicit any, and a default says what it is.
 */
export type ActivityOf<Input, Output> =
  | ((input: Input, context: ActivityContext) => Output | Promise<Output>)
  | ((input: Input) => Output | Promise<Output>);

/** Refuses an activity that reads its input as what it will not be, or has no result. */
export type CheckedCode<Converter, Input, Output> = ReadsStored<Converter, GivenInput<Input>> & GivesResult<Output>;

/** User code of an orchestration as a generator or async generator. */
export type GeneratorOrchestrator<Input, Output, Converter = undefined> = (
  context: OrchestrationContext<NoInfer<Input>, Converter>,
  input: Input,
  // biome-ignore lint/suspicious/noExplicitAny: what a plain `yield` gives back has no common type.
) => Generator<unknown, Output, any> | AsyncGenerator<unknown, Output, any>;

/** User code of an orchestration as an async function, or as one that waits for nothing. */
export type AsyncOrchestrator<Input, Output, Converter = undefined> = (
  context: OrchestrationContext<NoInfer<Input>, Converter>,
  input: Input,
) => Output | Promise<Output>;

/**
 * An orchestration as it is written, unless it reads its input as what it will not be.
 *
 * @typeParam Code the function itself, which knows whether its input has a default
 */
export type CheckedOrchestrator<Converter, Input, Code> = Code & ReadsStoredSecond<Converter, Input>;

/** What an orchestration takes; anything when it has no second parameter. */
export type InputOf<Code> = Code extends (context: never, ...input: infer Arguments) => unknown
  ? Arguments extends readonly []
    ? unknown
    : Arguments extends readonly [input?: infer Input, ...rest: unknown[]]
      ? OptionalInput<Input | (Arguments extends readonly [unknown, ...unknown[]] ? never : undefined)>
      : unknown
  : unknown;

/** A function, or an object that holds it, as `durable-functions` 3.x takes it. */
export type Definition<Handler> = Handler | { readonly handler: Handler };
