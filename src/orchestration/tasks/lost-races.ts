import type { OrchestrationTask } from "./orchestration-task.ts";

type Task = OrchestrationTask<unknown>;

/**
 * The open tasks of an execution that a combination was decided without, and which of them nobody waits for. Kept for
 * those alone, because most tasks never lose.
 *
 * J1. A task is unwanted while all that has listened to it are combinations that are decided, or are unwanted themselves,
 *     and no code awaits it. A combination that is made of it later makes it wanted again.
 *     What nothing has ever waited for is wanted: its time is to come.
 */
export class LostRaces {
  /** How many decided combinations listen to it. */
  readonly #losses = new Map<Task, number>();
  #hadAny = false;

  /** Nothing has ever been lost. */
  get isEmpty(): boolean {
    return !this.#hadAny;
  }

  /** @param listeners how often the decided combination listens to it */
  lose(task: Task, listeners: number): void {
    this.#hadAny = true;
    this.#losses.set(task, (this.#losses.get(task) ?? 0) + listeners);
  }

  /** @param isAwaited tells whether code awaits a task */
  findUnwanted(isAwaited: (task: Task) => boolean): ReadonlySet<Task> {
    for (const task of this.#losses.keys()) if (task.isCompleted) this.#losses.delete(task);
    const listeners = new Map(this.#losses);
    const unwanted = new Set<Task>();
    const left = [...listeners.keys()];
    for (let task = left.pop(); task !== undefined; task = left.pop()) {
      if (task.isCompleted || unwanted.has(task)) continue;
      if (isAwaited(task) || task.listenerCount > (listeners.get(task) ?? 0)) continue; // J1
      unwanted.add(task);
      for (const part of task.parts) {
        listeners.set(part, (listeners.get(part) ?? 0) + 1);
        left.push(part);
      }
    }
    return unwanted;
  }
}
