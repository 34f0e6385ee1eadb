import { DurableError } from "../../core/errors.ts";
import { Interest } from "./interest.ts";
import { type AwaitObserver, OrchestrationTask } from "./orchestration-task.ts";

type Task = OrchestrationTask<unknown>;
type Tasks = readonly Task[];

const isAlive = (task: Task): boolean => task.isCompleted || task.canSettle;

/** Completes `combined` with all results in order, or fails it with the first failure. */
export function settleWithAll(combined: Task, tasks: Tasks): void {
  combined.settlesIf(() => tasks.every(isAlive));
  let open = tasks.length;
  if (open === 0) return combined.complete([]);
  onEachSettled(combined, tasks, (task) => {
    open--;
    if (task.isFaulted) combined.fail(task.error);
    else if (open === 0) combined.complete(tasks.map((each) => each.result));
  });
}

/**
 * Completes `combined` with all results in order once every task has settled. Fails it with the one failure there was, or
 * with all of them in an `AggregateError`, in the order of the tasks.
 */
export function settleWithAllOrEveryFailure(combined: Task, tasks: Tasks): void {
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
export function settleWithAllSettled(combined: Task, tasks: Tasks): void {
  whenAllHaveSettled(combined, tasks, () => combined.complete(tasks.map(outcomeOf)));
}

function whenAllHaveSettled(combined: Task, tasks: Tasks, finish: () => void): void {
  combined.settlesIf(() => tasks.every(isAlive));
  let open = tasks.length;
  if (open === 0) return finish();
  onEachSettled(combined, tasks, () => {
    open--;
    if (open === 0) finish();
  });
}

/** Completes `combined` with the task that settles first, whether it completed or failed. */
export function settleWithAny(combined: Task, tasks: Tasks): void {
  combined.settlesIf(() => tasks.some(isAlive));
  onEachSettled(combined, tasks, (task) => combined.complete(task));
}

/** Settles `combined` as the task that settles first. */
export function settleWithRace(combined: Task, tasks: Tasks): void {
  combined.settlesIf(() => tasks.some(isAlive));
  onEachSettled(combined, tasks, (task) => {
    if (task.isFaulted) combined.fail(task.error);
    else combined.complete(task.result);
  });
}

/** Observes the tasks for `combined`, in their order, until it is decided. */
function onEachSettled(combined: Task, tasks: Tasks, onSettled: (task: Task) => void): void {
  const needsInterest = tasks.some(({ interest }) => interest !== undefined);
  const observation = needsInterest ? new Observation(combined, tasks) : undefined;
  for (const task of tasks) {
    if (combined.isCompleted) task.interest?.overlook();
    else {
      observation?.add(task);
      task.onSettled(() => onSettled(task));
    }
  }
}

/** The interest that a combination takes in its tasks: as long as it is active itself. */
class Observation extends Interest {
  readonly #combined: Task;
  readonly #tasks: Iterable<Task>;
  readonly #observed = new Set<Task>();

  /** @param tasks those to observe when it becomes active again, at that time */
  constructor(combined: Task, tasks: Iterable<Task>) {
    super();
    this.#combined = combined;
    this.#tasks = tasks;
    combined.heedInterest(this);
  }

  /** The task may settle in here. */
  add(task: Task): void {
    if (task.interest === undefined || this.#observed.has(task)) return;
    if (!this.isActive) return task.interest.overlook();
    this.#observed.add(task);
    task.interest.observe();
  }

  remove(task: Task): void {
    this.#observed.delete(task);
  }

  protected override wake(): void {
    for (const task of this.#tasks) {
      if (this.#combined.isCompleted) return;
      this.add(task);
    }
  }

  protected override rest(): void {
    const observed = [...this.#observed];
    this.#observed.clear();
    for (const task of observed) task.interest?.release();
  }
}

/**
 * Completes `combined` with the results of `start` for every item, in order, with at most `concurrency` of them under
 * way. The first failure fails it, and nothing more is started.
 */
export function settleWithMap<Item>(
  combined: Task,
  items: readonly Item[],
  start: (item: Item, index: number) => Task,
  concurrency: number,
): void {
  if (items.length === 0) return combined.complete([]);
  const results: unknown[] = [];
  const underWay = new Set<Task>();
  const observation = new Observation(combined, underWay);
  combined.settlesIf(() => [...underWay].every(isAlive));
  let next = 0;
  let done = 0;
  let isStarting = false;
  const startOne = (index: number): void => {
    const task = start(items[index]!, index);
    underWay.add(task);
    if (combined.isCompleted) task.interest?.overlook();
    else observation.add(task);
    task.onSettled(() => {
      underWay.delete(task);
      observation.remove(task);
      if (task.isFaulted) return combined.fail(task.error);
      results[index] = task.result;
      done++;
      if (done === items.length) combined.complete(results);
      else startMore();
    });
  };
  // Of tasks that are completed when they start, any number may follow one another: a loop, not a call of the next.
  const startMore = (): void => {
    if (isStarting) return;
    isStarting = true;
    try {
      while (next < items.length && next - done < concurrency && !combined.isCompleted) startOne(next++);
    } catch (error) {
      combined.fail(error);
    }
    isStarting = false;
  };
  startMore();
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
export function assertTask(task: unknown, what: string, turns: AwaitObserver): asserts task is Task {
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

function outcomeOf(task: Task): PromiseSettledResult<unknown> {
  return task.isFaulted ? { status: "rejected", reason: task.error } : { status: "fulfilled", value: task.result };
}

/** How a value that should have been a task is named in errors. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return "a Promise";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "null-prototype"} object` : `a ${typeof value}`;
}
