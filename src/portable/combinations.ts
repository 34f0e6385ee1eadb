import { DurableError } from "../core/errors.ts";
import type { DurableTask, WinnerOf } from "../orchestration/durable-task.ts";
import type { ResultsOf } from "../orchestration/orchestration-context.ts";
import { type AwaitObserver, OrchestrationTask } from "../orchestration/tasks/orchestration-task.ts";
import type { OrchestrationContext } from "./orchestration-context.ts";

type Tasks = readonly DurableTask<unknown>[];

const contexts = new WeakMap<object, OrchestrationContext>();

/** Remembers whose task it is. */
export function belongsTo<T extends object>(task: T, context: OrchestrationContext): T {
  contexts.set(task, context);
  return task;
}

/**
 * All results, in the order of the tasks. Fails with the first failure. `ctx.whenAll` is the same.
 *
 * @example const greetings = yield* whenAll(cities.map((city) => ctx.callActivity(sayHello, city)));
 * @throws DurableError `OrchestrationMisuse` for what is no durable task
 */
export function whenAll<const T extends Tasks>(tasks: T): DurableTask<ResultsOf<T>> {
  if (Array.isArray(tasks) && tasks.length === 0) return new NoTasks() as never;
  return contextOf(tasks, "whenAll").all(tasks);
}

/**
 * The first task to complete or fail, itself: `winner === timer`. Never fails. `ctx.whenAny` is the same.
 *
 * @example
 * const approval = ctx.waitForExternalEvent("Approval");
 * const winner = yield* whenAny([approval, ctx.createTimer("3d")]);
 * return winner === approval;
 *
 * @throws DurableError `OrchestrationMisuse` for no task, and for what is none
 */
export function whenAny<T extends Tasks>(tasks: T): DurableTask<WinnerOf<T[number]>> {
  return contextOf(tasks, "whenAny").any(tasks);
}

function contextOf(tasks: unknown, api: string): OrchestrationContext {
  // Those that a stream of events hands out are known by the others beside them.
  for (const task of Array.isArray(tasks) ? (tasks as readonly unknown[]) : []) {
    const context = typeof task === "object" && task !== null ? contexts.get(task) : undefined;
    if (context !== undefined) return context;
  }
  throw new DurableError(
    "OrchestrationMisuse",
    `${api}() takes an array of durable tasks of one orchestration, as the calls on its context return them`,
  );
}

const nobody: AwaitObserver = { remember() {}, forget() {}, lose() {} };

/** All of none: known at once, and so of every orchestration. */
class NoTasks extends OrchestrationTask<readonly never[]> {
  constructor() {
    super(nobody);
    this.complete([]);
  }

  override belongsTo(): boolean {
    return true;
  }
}
