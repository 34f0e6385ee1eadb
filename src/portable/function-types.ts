import type { AnyFunction, InputOf, TargetInput } from "../client/target-types.ts";
import type { GivesResult, ReadsStoredSecond } from "../core/payloads/json-types.ts";
import type { ActivityContext } from "./activity-context.ts";

/** An activity that may be added to a worker with such a converter. */
export type AddedActivity<F extends ActivityReference, Converter> = F &
  CheckedReference<Converter, F> &
  GivesResult<ReturnType<F>>;

/** Any activity: what is given by reference. */
export type ActivityReference = (context: ActivityContext, ...input: never[]) => unknown;

/** Refuses code that takes its input as what it will not be: a `Date` where JSON brings a text. */
export type CheckedReference<Converter, F extends AnyFunction> = ReadsStoredSecond<Converter, InputOf<F>>;

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

/** Arguments of a call: of a name, whatever is given is the input, unless it is a {@link CallForm}. */
export type TargetArguments<Target, Options, Otherwise = undefined> = Target extends string
  ? [input?: unknown, options?: Options]
  : CallArguments<TargetInput<Target, Otherwise>, Options>;
