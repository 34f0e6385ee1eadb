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
