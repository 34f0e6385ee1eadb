/**
 * Counts who waits for a task. Kept for tasks that take something from others when they complete: waits for events, and
 * combinations that hold them. A wait whose race is over without it leaves the events to other waits.
 *
 * I1. A task that nobody has waited for yet is active: its time is to come.
 * I2. A task that was waited for is active while a waiter is left. Waiters are combinations, while active and
 *     undecided, and code that awaits the task, for good.
 */
export abstract class Waiters {
  #count = 0;
  #hadAny = false;

  /** The task has become active again. It may settle in here. */
  protected abstract activate(): void;

  /** The task is active no more, or settled. Called when it is not active too. */
  protected abstract deactivate(): void;

  get isActive(): boolean {
    return this.#count > 0 || !this.#hadAny; // I2, I1
  }

  /** The task may settle in here. */
  addWaiter(): void {
    const wasActive = this.isActive;
    this.#hadAny = true;
    this.#count++;
    if (!wasActive) this.activate();
  }

  removeWaiter(): void {
    this.#count--;
    if (this.#count === 0) this.deactivate();
  }

  /** A waiter came that was served before it got to this task. */
  skipWaiter(): void {
    if (this.#hadAny) return;
    this.#hadAny = true;
    this.deactivate();
  }

  /** The task has settled. */
  close(): void {
    this.deactivate();
  }
}
