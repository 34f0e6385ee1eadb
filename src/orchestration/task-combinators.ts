import { DurableError } from "../core/errors.ts";
import { OrchestrationTask } from "./orchestration-task.ts";

/** Completes `combined` with all results in order, or fails it with the first failure. */
export function settleWithAll(
  combined: OrchestrationTask<unknown>,
  tasks: readonly OrchestrationTask<unknown>[],
): void {
  let open = tasks.length;
  if (open === 0) return combined.complete([]);
  for (const task of tasks) {
    task.onSettled(() => {
      open--;
      if (task.isFaulted) combined.fail(task.error);
      else if (open === 0) combined.complete(tasks.map((each) => each.result));
    });
  }
}

/** Completes `combined` with the task that settles first, whether it completed or failed. */
export function settleWithAny(
  combined: OrchestrationTask<unknown>,
  tasks: readonly OrchestrationTask<unknown>[],
): void {
  for (const task of tasks) task.onSettled(() => combined.complete(task));
}

/** @throws DurableError `OrchestrationMisuse` when the list holds anything but tasks of this context */
export function assertTasks(tasks: unknown, what: string): asserts tasks is readonly OrchestrationTask<unknown>[] {
  if (!Array.isArray(tasks)) {
    throw new DurableError(
      "OrchestrationMisuse",
      `${what} takes an array of durable tasks, but got ${describe(tasks)}`,
    );
  }
  for (const [index, task] of tasks.entries()) {
    if (!(task instanceof OrchestrationTask)) {
      throw new DurableError(
        "OrchestrationMisuse",
        `${what} takes durable tasks, but element ${index} is ${describe(task)}; use the tasks that the context returns`,
      );
    }
  }
}

/** How a value that should have been a task is named in errors. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return "a Promise";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "null-prototype"} object` : `a ${typeof value}`;
}
