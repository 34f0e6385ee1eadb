/**
 * A result that an orchestration waits for: of an activity, a timer, an event, a combination of others. Settled only by
 * replay, never by the event loop.
 *
 * Wait for it with `await task` (async orchestrators), `yield* task` (generators, typed) or `yield task` (generators
 * and async generators, untyped). To look at it changes nothing.
 */
export interface DurableTask<T> extends PromiseLike<T> {
  /** `true` once it has a result or a failure. */
  readonly isCompleted: boolean;
  /** `true` once it has failed. */
  readonly isFaulted: boolean;
  /**
   * The result of a completed task.
   *
   * @throws the failure of a failed task; DurableError `OrchestrationMisuse` while it is not completed
   */
  readonly result: T;
  /** Lets `yield* task` give the result with its type. */
  // biome-ignore lint/suspicious/noExplicitAny: what `yield` hands back is typed by the return type of this generator.
  [Symbol.iterator](): Generator<DurableTask<T>, T, any>;
}

/** A durable timer. */
export interface TimerTask extends DurableTask<void> {
  /** It was taken back. */
  readonly isCanceled: boolean;
  /**
   * Takes the timer back: it never completes. A timer that lost a race should be cancelled.
   *
   * @throws DurableError `OrchestrationMisuse` when it has fired already
   */
  cancel(): void;
}

/**
 * The task that won an `any`: the very object that was passed in. Its type has no `then`, because `await` would
 * otherwise unwrap it to its result. A promise still does: an async function that returns the winner, or
 * `Promise.resolve(winner)`, gives the result of the task. Return it in an object (`{ winner }`), or return the
 * combination without waiting for it.
 */
export interface Winner<T> extends Omit<DurableTask<T>, "then"> {}

/** A timer that won an `any`: see {@link Winner}. */
export interface WinnerTimer extends Omit<TimerTask, "then"> {}

/** What an `any` of such tasks hands out: see {@link Winner}. */
export type WinnerOf<Task> = Task extends TimerTask
  ? WinnerTimer
  : Task extends DurableTask<infer Result>
    ? Winner<Result>
    : never;
