import { DurableError } from "../../core/errors.ts";
import { type AwaitObserver, OrchestrationTask } from "./orchestration-task.ts";

type Task = OrchestrationTask<unknown>;

/** @throws DurableError `OrchestrationMisuse` when the list holds anything but tasks of this execution */
export function assertTasks(tasks: unknown, what: string, observer: AwaitObserver): asserts tasks is readonly Task[] {
  if (!Array.isArray(tasks)) {
    throw new DurableError(
      "OrchestrationMisuse",
      `${what} takes an array of durable tasks, but got ${describeValue(tasks)}`,
    );
  }
  for (const [index, task] of tasks.entries()) assertTask(task, `element ${index} of ${what}`, observer);
}

/** @throws DurableError `OrchestrationMisuse` when it is anything else */
export function assertTask(task: unknown, what: string, observer: AwaitObserver): asserts task is Task {
  if (OrchestrationTask.isTask(task)) {
    if (task.belongsTo(observer)) return;
    throw new DurableError(
      "OrchestrationMisuse",
      `${what} is a task of another orchestration, which this one never gets`,
    );
  }
  throw new DurableError(
    "OrchestrationMisuse",
    `${what} is ${describeValue(task)}; it must be a durable task, as the calls on the context return it`,
  );
}

/** How a value that should have been a task is named in errors. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return "a Promise";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "null-prototype"} object` : `a ${typeof value}`;
}
