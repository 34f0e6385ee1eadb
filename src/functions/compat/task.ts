import type { RetryOptions } from "../../core/retry-policy.ts";
import type { DurableTask } from "../../orchestration/durable-task.ts";

/** Any durable task, as code written for `durable-functions` 3.x names it. */
// biome-ignore lint/suspicious/noExplicitAny: results have no type there.
export interface Task extends DurableTask<any> {}

/**
 * What the failed tasks of a `Task.all` have thrown, when it waits for all of them: an `AggregateError`. It does not have
 * that name, because apps of the template of Azure Functions are compiled with the library of ES2015, which lacks it.
 */
export interface AggregatedError extends Error {
  /** One for each failed task, in the order of the tasks. */
  // biome-ignore lint/suspicious/noExplicitAny: as in the library of TypeScript
  errors: any[];
}

/** A call of a registered activity: made when an orchestrator waits for it. */
export interface RegisteredActivityTask extends Task {
  /** The same call, tried again when it fails. */
  withRetry: (retryOptions: RetryOptions) => Task;
}

/** A call of a registered orchestration: made when an orchestrator waits for it. */
export interface RegisteredOrchestrationTask extends Task {
  /** The same call, tried again when it fails. */
  withRetry: (retryOptions: RetryOptions) => Task;
}

/** What `df.app.activity` returns: `yield sayHello("Tokyo")`. */
export type RegisteredActivity = (input?: unknown) => RegisteredActivityTask;

/** What `df.app.orchestration` returns: `yield child({ n: 1 }, "child-1")`. */
export type RegisteredOrchestration = (input?: unknown, instanceId?: string) => RegisteredOrchestrationTask;
