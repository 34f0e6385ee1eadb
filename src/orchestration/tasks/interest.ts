/**
 * Whether anybody would act on a task now. Kept for tasks that take something from others when they complete: waits for
 * events, and combinations that hold them. A wait whose race is over without it leaves the events to other waits.
 *
 * I1. A task that was never observed is active: its time is to come.
 * I2. A task that was observed is active while an observer is left. Observers are combinations, while active and
 *     undecided, and code that awaits the task, for good.
 */
export abstract class Interest {
  #observers = 0;
  #wasObserved = false;

  /** The task has become active again. It may settle in here. */
  protected abstract wake(): void;

  /** The task is active no more, or settled. Called at rest too. */
  protected abstract rest(): void;

  get isActive(): boolean {
    return this.#observers > 0 || !this.#wasObserved;
  }

  /** One more observer. The task may settle in here. */
  observe(): void {
    const wasActive = this.isActive;
    this.#wasObserved = true;
    this.#observers++;
    if (!wasActive) this.wake();
  }

  /** One observer less. */
  release(): void {
    this.#observers--;
    if (this.#observers === 0) this.rest();
  }

  /** An observer came that does not need the task any more. */
  overlook(): void {
    if (this.#wasObserved) return;
    this.#wasObserved = true;
    this.rest();
  }

  /** The task has settled. */
  end(): void {
    this.rest();
  }
}
