import { DurableError } from "../core/errors.ts";
import { type AwaitObserver, OrchestrationTask } from "./orchestration-task.ts";

type Tasks = readonly OrchestrationTask<unknown>[];

const isAlive = (task: OrchestrationTask<unknown>): boolean => task.isCompleted || task.canSettle;

/** Completes `combined` with all results in order, or fails it with the first failure. */
export function settleWithAll(combined: OrchestrationTask<unknown>, tasks: Tasks): void {
  combined.settlesIf(() => tasks.every(isAlive));
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

/**
 * Completes `combined` with all results in order once every task has settled. Fails it with the one failure there was, or
 * with all of them in an `AggregateError`, in the order of the tasks.
 */
export function settleWithAllOrEveryFailure(combined: OrchestrationTask<unknown>, tasks: Tasks): void {
  whenAllHaveSettled(combined, tasks, () => {
    const failures = tasks.filter(({ isFaulted }) => isFaulted).map(({ error }) => error);
    if (failures.length === 0) combined.complete(tasks.map((each) => each.result));
    else combined.fail(failures.length === 1 ? failures[0] : aggregate(failures, tasks.length));
  });
}

function aggregate(failures: readonly unknown[], count: number): AggregateError {
  const texts = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  const error = new AggregateError(failures, `${failures.length} of ${count} tasks failed: ${texts.join("; ")}`);
  // A stack taken during replay shows the engine, and differs from one replay to the next.
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** Completes `combined` with the outcome of every task, in order. */
export function settleWithAllSettled(combined: OrchestrationTask<unknown>, tasks: Tasks): void {
  whenAllHaveSettled(combined, tasks, () => combined.complete(tasks.map(outcomeOf)));
}

function whenAllHaveSettled(combined: OrchestrationTask<unknown>, tasks: Tasks, finish: () => void): void {
  combined.settlesIf(() => tasks.every(isAlive));
  let open = tasks.length;
  if (open === 0) return finish();
  for (const task of tasks) {
    task.onSettled(() => {
      open--;
      if (open === 0) finish();
    });
  }
}

/** Completes `combined` with the task that settles first, whether it completed or failed. */
export function settleWithAny(combined: OrchestrationTask<unknown>, tasks: Tasks): void {
  combined.settlesIf(() => tasks.some(isAlive));
  for (const task of tasks) task.onSettled(() => combined.complete(task));
}

/** Settles `combined` as the task that settles first. */
export function settleWithRace(combined: OrchestrationTask<unknown>, tasks: Tasks): void {
  combined.settlesIf(() => tasks.some(isAlive));
  for (const task of tasks) {
    task.onSettled(() => {
      if (task.isFaulted) combined.fail(task.error);
      else combined.complete(task.result);
    });
  }
}

/**
 * Completes `combined` with the results of `start` for every item, in order, with at most `concurrency` of them under
 * way. The first failure fails it, and nothing more is started.
 */
export function settleWithMap<Item>(
  combined: OrchestrationTask<unknown>,
  items: readonly Item[],
  start: (item: Item, index: number) => OrchestrationTask<unknown>,
  concurrency: number,
): void {
  const results: unknown[] = [];
  const underWay = new Set<OrchestrationTask<unknown>>();
  combined.settlesIf(() => [...underWay].every(isAlive));
  let next = 0;
  let done = 0;
  if (items.length === 0) return combined.complete(results);
  const startNext = (): void => {
    const index = next++;
    const task = start(items[index]!, index);
    underWay.add(task);
    task.onSettled(() => {
      underWay.delete(task);
      if (task.isFaulted) return combined.fail(task.error);
      results[index] = task.result;
      done++;
      if (done === items.length) return combined.complete(results);
      if (next < items.length && !combined.isCompleted) guarded();
    });
  };
  const guarded = (): void => {
    try {
      startNext();
    } catch (error) {
      combined.fail(error);
    }
  };
  while (next < items.length && next - done < concurrency && !combined.isCompleted) guarded();
}

/** @throws DurableError `OrchestrationMisuse` when the list holds anything but tasks of this context */
export function assertTasks(tasks: unknown, what: string, turns: AwaitObserver): asserts tasks is Tasks {
  if (!Array.isArray(tasks)) {
    throw new DurableError(
      "OrchestrationMisuse",
      `${what} takes an array of durable tasks, but got ${describe(tasks)}`,
    );
  }
  for (const [index, task] of tasks.entries()) assertTask(task, `element ${index} of ${what}`, turns);
}

/** @throws DurableError `OrchestrationMisuse` when it is anything else */
export function assertTask(
  task: unknown,
  what: string,
  turns: AwaitObserver,
): asserts task is OrchestrationTask<unknown> {
  if (OrchestrationTask.isTask(task)) {
    if (task.belongsTo(turns)) return;
    throw new DurableError(
      "OrchestrationMisuse",
      `${what} is a task of another orchestration, which this one never gets`,
    );
  }
  throw new DurableError(
    "OrchestrationMisuse",
    `${what} is ${describe(task)}; it must be a durable task, as the calls on the context return it`,
  );
}

function outcomeOf(task: OrchestrationTask<unknown>): PromiseSettledResult<unknown> {
  return task.isFaulted ? { status: "rejected", reason: task.error } : { status: "fulfilled", value: task.result };
}

/** How a value that should have been a task is named in errors. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return "a Promise";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "null-prototype"} object` : `a ${typeof value}`;
}
