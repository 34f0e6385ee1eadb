import { DurableError } from "../../core/errors.ts";
import { type RetryOptions, resolveRetryPolicy } from "../../core/retry-policy.ts";
import type { DurableTask } from "../../orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import type { RegisteredActivity, RegisteredOrchestration, Task } from "./task.ts";

type Schedule = (context: OrchestrationContext, retry: RetryOptions | undefined) => DurableTask<unknown>;

/**
 * A call that knows no orchestration yet: that of whoever waits for it. So a call that is never waited for is never made,
 * as in `durable-functions` 3.x, and `withRetry` may follow it.
 */
export class RegisteredTask implements Task {
  readonly #what: string;
  readonly #schedule: Schedule;
  readonly #retry: RetryOptions | undefined;
  #task: DurableTask<unknown> | undefined;

  constructor(what: string, schedule: Schedule, retry?: RetryOptions) {
    this.#what = what;
    this.#schedule = schedule;
    this.#retry = retry;
  }

  static isRegisteredTask(value: unknown): value is RegisteredTask {
    return typeof value === "object" && value !== null && #schedule in value;
  }

  readonly withRetry = (retryOptions: RetryOptions): Task => {
    resolveRetryPolicy(retryOptions);
    return new RegisteredTask(this.#what, this.#schedule, retryOptions);
  };

  /** The task of this call; makes the call the first time. */
  bind(context: OrchestrationContext): DurableTask<unknown> {
    this.#task ??= this.#schedule(context, this.#retry);
    return this.#task;
  }

  get isCompleted(): boolean {
    return this.#task?.isCompleted ?? false;
  }

  get isFaulted(): boolean {
    return this.#task?.isFaulted ?? false;
  }

  /** Nothing while the call has not completed. @throws what the call has failed with */
  // biome-ignore lint/suspicious/noExplicitAny: see Task.
  get result(): any {
    return this.isCompleted ? this.#task?.result : undefined;
  }

  /** As a text, a number or a member of JSON it would hold nothing of its result. @throws DurableError `OrchestrationMisuse` */
  [Symbol.toPrimitive](): never {
    return this.toJSON();
  }

  /** @throws DurableError `OrchestrationMisuse` */
  toJSON(): never {
    throw new DurableError(
      "OrchestrationMisuse",
      `the call of ${this.#what} was used as a value; wait for its result first: yield it`,
    );
  }

  // biome-ignore lint/suspicious/noThenProperty: it says what to do instead of waiting for ever.
  then(): never {
    throw new DurableError(
      "OrchestrationMisuse",
      `the call of ${this.#what} can be yielded by a generator only; an async orchestrator calls it by its context`,
    );
  }

  // biome-ignore lint/suspicious/noExplicitAny: see Task.
  *[Symbol.iterator](): Generator<Task, any, any> {
    return yield this;
  }
}

/** A function that calls that activity. */
export function createRegisteredActivity(name: string): RegisteredActivity {
  return (input) =>
    new RegisteredTask(`activity '${name}'`, (context, retry) => context.callActivity(name, input, { retry }));
}

/** A function that calls that orchestration. */
export function createRegisteredOrchestration(name: string): RegisteredOrchestration {
  return (input, instanceId) =>
    new RegisteredTask(`orchestration '${name}'`, (context, retry) =>
      context.callSubOrchestrator(name, input, { instanceId, retry }),
    );
}
