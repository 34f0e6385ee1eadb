import type { ActivityContext } from "../worker/activity-context.ts";
import type { OrchestrationContext } from "./function-contexts.ts";

/** User code of an activity. It may run more than once for one call. */
export type ActivityOf<Input, Output> = (input: Input, context: ActivityContext) => Output | Promise<Output>;

/** User code of an orchestration as a generator or async generator. `Arguments` holds its input, or nothing. */
export type GeneratorOrchestrator<Arguments extends [input?: unknown], Output> = (
  context: OrchestrationContext,
  ...input: Arguments
  // biome-ignore lint/suspicious/noExplicitAny: what a plain `yield` gives back has no common type.
) => Generator<unknown, Output, any> | AsyncGenerator<unknown, Output, any>;

/** User code of an orchestration as an async function, or as one that waits for nothing. */
export type AsyncOrchestrator<Arguments extends [input?: unknown], Output> = (
  context: OrchestrationContext,
  ...input: Arguments
) => Output | Promise<Output>;

/** What an orchestration takes; anything when it has no second parameter. */
export type InputOf<Arguments extends [input?: unknown]> = Arguments extends [] ? unknown : Arguments[0];

/** A function, or an object that holds it, as `durable-functions` 3.x takes it. */
export type Definition<Handler> = Handler | { readonly handler: Handler };
