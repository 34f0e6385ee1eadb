import type { TaskExecutor } from "./task-executor.ts";

/** How a server calls entities for its clients: by the built-in orchestration, which runs in its own process. */
export interface EntityCalls {
  /** Starts the built-in orchestration. @param input an `EntityCallMessage` as JSON text */
  start(instanceId: string, input: string | undefined): Promise<string>;
  /** Runs it. */
  readonly executor: TaskExecutor;
}
