import { DurableError } from "../../core/errors.ts";
import type { EventRaised } from "../../core/history-event.ts";
import { type StandardSchema, validateSync } from "../../core/payloads/standard-schema.ts";
import { parseTimeSpan, type TimeSpanInput } from "../../core/time-span.ts";
import type { DurableTask } from "../durable-task.ts";
import { assertEventName, type ExternalEvent } from "../external-event.ts";
import type { ExecutionScope } from "../replay/execution-scope.ts";
import { DurableTimer } from "./durable-timer.ts";
import type { EventReceiver, ReceiverQueue } from "./external-events.ts";
import type { OrchestrationTask } from "./orchestration-task.ts";
import { Waiters } from "./waiters.ts";

/** Waits for the next event of that name, for at most `timeout`. A wait that is over receives no event any more. */
export function waitForEvent<T>(
  scope: ExecutionScope,
  event: string | ExternalEvent<T>,
  timeout: TimeSpanInput | undefined,
): DurableTask<T> {
  const { name, schema } = typeof event === "object" && event !== null ? event : { name: event, schema: undefined };
  assertEventName(name, "the name of an external event");
  const timeoutMs = timeout === undefined ? undefined : parseTimeSpan(timeout, `the timeout of event '${name}'`);
  const task = scope.createTask<T>();
  const wait = new EventWait(scope, name, schema, task as OrchestrationTask<unknown>);
  task.trackWaiters(wait);
  wait.activate();
  if (timeoutMs === undefined || task.isCompleted) return task;
  const timer = new DurableTimer(scope, new Date(scope.now.getTime() + timeoutMs));
  task.onSettled(() => timer.withdraw());
  timer.onSettled(() => {
    task.fail(new DurableError("TaskTimeout", `no event '${name}' came within ${timeoutMs} ms`));
  });
  return task;
}

/** Receives one event for a task, while the task is active (I1, I2). */
class EventWait extends Waiters implements EventReceiver {
  readonly eventName: string;
  readonly order: number;
  readonly since: Date;
  readonly #scope: ExecutionScope;
  readonly #schema: StandardSchema | undefined;
  readonly #task: OrchestrationTask<unknown>;
  /** Where it waits at present. */
  #queue: ReceiverQueue | undefined;

  constructor(
    scope: ExecutionScope,
    eventName: string,
    schema: StandardSchema | undefined,
    task: OrchestrationTask<unknown>,
  ) {
    super();
    this.#scope = scope;
    this.eventName = eventName;
    this.order = scope.events.nextOrder();
    this.since = scope.now;
    this.#schema = schema;
    this.#task = task;
  }

  /** Events that come once the execution continues as new are for the next one. */
  override activate(): void {
    if (!this.#scope.isEnding) this.#queue = this.#scope.events.wait(this);
  }

  override deactivate(): void {
    this.#queue?.delete(this);
    this.#queue = undefined;
  }

  receive({ input }: EventRaised): void {
    this.#queue = undefined;
    const what = `the event '${this.eventName}'`;
    try {
      this.#task.complete(validateSync(this.#schema, this.#scope.dataConverter.deserialize(input, what), what));
    } catch (error) {
      this.#task.fail(error);
    }
  }
}
