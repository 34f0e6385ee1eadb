import type { InstanceId } from "../core/ids.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import type { ActivityHandle, OrchestrationHandle } from "../orchestration/handles.ts";

// What calls and clients know of what they call, by its name, its handle or its function.

// biome-ignore lint/suspicious/noExplicitAny: of every function; its parts are inferred.
export type AnyFunction = (...args: any[]) => unknown;

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

/** Whether a caller says what an instance returns by `typeof` of its orchestration. */
type IsTarget<Told> = 0 extends 1 & Told
  ? false
  : [Told] extends [AnyFunction | OrchestrationHandle<never, unknown>]
    ? true
    : false;

/** What an instance returns, as it comes back: as its id knows, or as a caller says, by a type or by `typeof handle`. */
export type ToldOutput<Converter, Told> =
  IsTarget<Told> extends true ? TargetOutput<Told, Converter, unknown> : StoredAs<Converter, Told>;

/** What an instance was started with, in the same way. */
export type ToldInput<Converter, Told, Input> =
  IsTarget<Told> extends true
    ? unknown extends Input
      ? StoredAs<Converter, TargetInput<Told>>
      : StoredAs<Converter, Input>
    : StoredAs<Converter, Input>;

/** The id of an instance of which a caller says what it returns. */
export type ToldId<Converter, Told> =
  | InstanceId<Told>
  | (IsTarget<Told> extends true ? InstanceId<ToldOutput<Converter, Told>> : never);
