import type { OrchestrationContext } from "./orchestration-context.ts";

/**
 * User code of an orchestration, in any of the styles: a generator (`yield task`, typed `yield* task`), an async
 * function (`await task`), an async generator (`yield task`), or a plain function that waits for nothing.
 */
// biome-ignore lint/suspicious/noExplicitAny: definitions of every input type are kept together; callers are typed.
export type Orchestrator = (context: OrchestrationContext, input: any) => unknown;

/** The typed form of {@link Orchestrator}. */
export type OrchestratorOf<Input, Output> = (
  context: OrchestrationContext,
  input: Input,
  // biome-ignore lint/suspicious/noExplicitAny: `yield` of tasks with different results has no common type.
) => Output | Promise<Output> | Generator<unknown, Output, any> | AsyncGenerator<unknown, Output, any>;

declare const inputType: unique symbol;
declare const outputType: unique symbol;

/** A registered activity, for calls whose input and result are checked by the compiler. */
export interface ActivityHandle<Input, Output> {
  readonly kind: "activity";
  readonly name: string;
  readonly [inputType]?: (input: Input) => void;
  readonly [outputType]?: Output;
}

/** A registered orchestration, to start it or to call it as a sub-orchestration. */
export interface OrchestrationHandle<Input, Output> {
  readonly kind: "orchestration";
  readonly name: string;
  readonly [inputType]?: (input: Input) => void;
  readonly [outputType]?: Output;
}

/** Arguments of a call with one input: none needed when the function takes none. */
export type InputArguments<Input> = undefined extends Input ? [input?: Input] : [input: Input];
