import { CombinedWait } from "./combined-wait.ts";
import type { OrchestrationTask } from "./orchestration-task.ts";

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
    // Once one has failed the others only come in.
    if (combined.isCompleted) return;
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

/** Waits for the tasks on behalf of `combined`, in their order, until it is decided. */
function onEachSettled(combined: Task, tasks: Tasks, onSettled: (task: Task) => void): void {
  const hasTracked = tasks.some(({ waiters }) => waiters !== undefined);
  const wait = hasTracked ? new CombinedWait(combined, tasks) : undefined;
  combined.consistsOf(() => tasks);
  let listening = 0;
  let isBegun = false;
  let isOver = false;
  const leaveLosers = () => {
    if (isOver || !isBegun || !combined.isCompleted) return;
    isOver = true;
    for (const [index, task] of tasks.entries()) {
      if (!task.isCompleted) combined.goOnWithout(task, index < listening ? 1 : 0);
    }
  };
  for (const task of tasks) {
    if (combined.isCompleted) task.waiters?.skipWaiter();
    else {
      listening++;
      wait?.addTask(task);
      task.onSettled(() => {
        onSettled(task);
        leaveLosers();
      });
    }
  }
  isBegun = true;
  leaveLosers();
}

/** How {@link settleWithMap} goes about it. */
export interface MapPlan {
  /** Most items under way at once. */
  readonly concurrency: number;
  /** Most failures. */
  readonly tolerated: number;
  /** Outcomes in place of results. */
  readonly hasOutcomes: boolean;
}

/**
 * Completes `combined` with the results of `start` for every item, in order, with at most so many of them under way; where
 * failures are tolerated with their outcomes. One failure too many fails it, and nothing more is started.
 */
export function settleWithMap<Item>(
  combined: Task,
  items: readonly Item[],
  start: (item: Item, index: number) => Task,
  { concurrency, tolerated, hasOutcomes }: MapPlan,
): void {
  if (items.length === 0) return combined.complete([]);
  const results: unknown[] = [];
  const failures: unknown[] = [];
  const underWay = new Set<Task>();
  const wait = new CombinedWait(combined, underWay);
  combined.consistsOf(() => underWay);
  combined.settlesIf(() => [...underWay].every(isAlive));
  let next = 0;
  let done = 0;
  let isStarting = false;
  const startOne = (index: number): void => {
    const task = start(items[index]!, index);
    underWay.add(task);
    if (combined.isCompleted) task.waiters?.skipWaiter();
    else wait.addTask(task);
    task.onSettled(() => {
      underWay.delete(task);
      wait.removeTask(task);
      if (task.isFaulted && failures.push(task.error) > tolerated) {
        if (combined.isCompleted) return;
        combined.fail(failures.length === 1 ? task.error : aggregate(failures, items.length));
        for (const other of underWay) combined.goOnWithout(other, 1);
        return;
      }
      results[index] = hasOutcomes ? outcomeOf(task) : task.result;
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

function outcomeOf(task: Task): PromiseSettledResult<unknown> {
  return task.isFaulted ? { status: "rejected", reason: task.error } : { status: "fulfilled", value: task.result };
}
