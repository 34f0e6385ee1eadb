import type { ActivityContext } from "./activity-context.ts";

/** Any activity: what is given by reference. */
export type ActivityReference = (context: ActivityContext, ...input: never[]) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: of every function; its parts are inferred.
type AnyFunction = (...args: any[]) => unknown;

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
