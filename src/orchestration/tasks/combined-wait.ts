import type { OrchestrationTask } from "./orchestration-task.ts";
import { Waiters } from "./waiters.ts";

type Task = OrchestrationTask<unknown>;

/** A combination as a waiter of its tasks: it waits for them as long as it is active itself (I2). */
export class CombinedWait extends Waiters {
  readonly #combined: Task;
  readonly #tasks: Iterable<Task>;
  readonly #awaited = new Set<Task>();

  /** @param tasks those to wait for when it becomes active again, at that time */
  constructor(combined: Task, tasks: Iterable<Task>) {
    super();
    this.#combined = combined;
    this.#tasks = tasks;
    combined.trackWaiters(this);
  }

  /** The task may settle in here. */
  addTask(task: Task): void {
    if (task.waiters === undefined || this.#awaited.has(task)) return;
    if (!this.isActive) return task.waiters.skipWaiter();
    this.#awaited.add(task);
    task.waiters.addWaiter();
  }

  removeTask(task: Task): void {
    this.#awaited.delete(task);
  }

  protected override activate(): void {
    for (const task of this.#tasks) {
      if (this.#combined.isCompleted) return;
      this.addTask(task);
    }
  }

  protected override deactivate(): void {
    const awaited = [...this.#awaited];
    this.#awaited.clear();
    for (const task of awaited) task.waiters?.removeWaiter();
  }
}
