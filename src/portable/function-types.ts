import type { GivesResult, ReadsStoredSecond, StoredAs } from "../core/payloads/json-types.ts";
import type { ActivityHandle, OrchestrationHandle } from "../orchestration/handles.ts";
import type { ActivityContext } from "./activity-context.ts";

/** An activity that may be added to a worker with such a converter. */
export type AddedActivity<F extends ActivityReference, Converter> = F &
  CheckedReference<Converter, F> &
  GivesResult<ReturnType<F>>;

/** Any activity: what is given by reference. */
export type ActivityReference = (context: ActivityContext, ...input: never[]) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: of every function; its parts are inferred.
type AnyFunction = (...args: any[]) => unknown;

/** Refuses code that takes its input as what it will not be: a `Date` where JSON brings a text. */
export type CheckedReference<Converter, F extends AnyFunction> = ReadsStoredSecond<Converter, InputOf<F>>;

/** The input of a function that takes `(context, input)`: `Otherwise` for one that takes none. */
export type InputOf<F extends AnyFunction, Otherwise = undefined> =
  Parameters<F> extends readonly [] | readonly [unknown]
    ? Otherwise
    : Parameters<F> extends readonly [unknown, infer Input, ...unknown[]]
      ? Input
      : Parameters<F> extends readonly [unknown?, (infer Input)?, ...unknown[]]
        ? Input | undefined
        : unknown;

/** What a function gives in the end, in whatever style it is written. */
export type OutputOf<F extends AnyFunction> =
  ReturnType<F> extends infer Returned
    ? // biome-ignore lint/suspicious/noExplicitAny: what `yield` gives back does not matter.
      Returned extends Generator<any, infer Output, any>
      ? Output
      : // biome-ignore lint/suspicious/noExplicitAny: what `yield` gives back does not matter.
        Returned extends AsyncGenerator<any, infer Output, any>
        ? Output
        : Awaited<Returned>
    : never;

/**
 * A call as one object: the input, and how the call is made. Known for one by having `input`, and no member that is no
 * option.
 */
export type CallForm<Input, Options> = { readonly input: Input } & Options;

/** An input that has a member `input` could be taken for a {@link CallForm}, so that it has to be wrapped in one. */
type Direct<Input> = 0 extends 1 & Input
  ? Input
  : Input extends unknown
    ? "input" extends keyof Input
      ? never
      : Input
    : never;

/** Arguments of a call by reference: `(input, options?)`, or one {@link CallForm}; none needed when there is no input. */
export type CallArguments<Input, Options> = undefined extends Input
  ? [input?: Direct<Input>, options?: Options] | [call: CallForm<Input, Options>]
  : [input: Direct<Input>, options?: Options] | [call: CallForm<Input, Options>];

/**
 * What the target of a call takes.
 *
 * @typeParam Otherwise of a function that takes none
 */
export type TargetInput<Target, Otherwise = undefined> = Target extends AnyFunction
  ? InputOf<Target, Otherwise>
  : Target extends ActivityHandle<infer Input, unknown>
    ? Input
    : Target extends OrchestrationHandle<infer Input, unknown>
      ? Input
      : unknown;

/**
 * What the target of a call gives, as it comes back; where only its name is known, what the caller says. What a handle
 * gives is known by the app that it is of.
 */
export type TargetOutput<Target, Converter, Output> = Target extends AnyFunction
  ? StoredAs<Converter, OutputOf<Target>>
  : Target extends ActivityHandle<never, infer Known>
    ? Known
    : Target extends OrchestrationHandle<never, infer Known>
      ? Known
      : StoredAs<Converter, Output>;

/** Arguments of a call: of a name, whatever is given is the input, unless it is a {@link CallForm}. */
export type TargetArguments<Target, Options, Otherwise = undefined> = Target extends string
  ? [input?: unknown, options?: Options]
  : CallArguments<TargetInput<Target, Otherwise>, Options>;
