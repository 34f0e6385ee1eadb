import { DurableError } from "../../core/errors.ts";
import type { DurableTask } from "../durable-task.ts";
import type { Waiters } from "./waiters.ts";

type Outcome<T> =
  | { readonly kind: "completed"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown };

/** Learns which open tasks user code awaits. */
export interface AwaitObserver {
  remember(task: OrchestrationTask<unknown>): void;
  /** It has settled, or never will. */
  forget(task: OrchestrationTask<unknown>): void;
  /** Somebody waits for it, or reads its result, be it settled or not. */
  use?(task: OrchestrationTask<unknown>): void;
  /** `false` once the code has waited without end for what has settled already: it is not resumed any more. */
  mayResume?(): boolean;
  /** A combination is decided without it, to which it has so many listeners. */
  lose(task: OrchestrationTask<unknown>, listeners: number): void;
}

/**
 * The task behind {@link DurableTask}.
 *
 * T1. It settles once, by a call of replay; listeners (combinators) run inside that call, in the order they came.
 * T2. A promise exists only if user code awaits the task, so an unobserved failure rejects nothing.
 * T3. To look at a task changes nothing: only to wait for it does.
 */
export class OrchestrationTask<T> implements DurableTask<T> {
  #outcome: Outcome<T> | undefined;
  #listeners: (() => void)[] | undefined;
  #promise: Promise<void> | undefined;
  #settlePromise: (() => void) | undefined;
  #unwrapped = 0;
  #condition: (() => boolean) | undefined;
  #parts: (() => Iterable<OrchestrationTask<unknown>>) | undefined;
  #waiters: Waiters | undefined;
  readonly #observer: AwaitObserver;

  constructor(observer: AwaitObserver) {
    this.#observer = observer;
  }

  /** A brand check: no prototype chain is walked on the path of every wait. */
  static isTask(value: unknown): value is OrchestrationTask<unknown> {
    return typeof value === "object" && value !== null && #outcome in value;
  }

  /** A text or number made of a task would hold nothing of its result. @throws DurableError `OrchestrationMisuse` */
  [Symbol.toPrimitive](): never {
    throw new DurableError(
      "OrchestrationMisuse",
      "a task was used as a text or a number; wait for its result first (await, yield or yield*)",
    );
  }

  // T3: neither this nor the two below wake anything.
  get isCompleted(): boolean {
    return this.#outcome !== undefined;
  }

  /** Who waits for this task, while it is open. Most tasks need not know. */
  get waiters(): Waiters | undefined {
    return this.#waiters;
  }

  trackWaiters(waiters: Waiters): void {
    this.#waiters = waiters;
  }

  /**
   * `false` when no event can complete it: a cancelled timer, a promise that was mapped, a combination that needs one of
   * them. Waiting for it alone would never end.
   */
  get canSettle(): boolean {
    return this.#condition?.() ?? true;
  }

  /** Says what it takes for this task to be able to settle. */
  settlesIf(condition: () => boolean): void {
    this.#condition = condition;
  }

  /** The tasks that this one waits for itself, each of which it listens to once for each time it is named. */
  get parts(): Iterable<OrchestrationTask<unknown>> {
    return this.#parts?.() ?? [];
  }

  /** Says what {@link parts} are. */
  consistsOf(parts: () => Iterable<OrchestrationTask<unknown>>): void {
    this.#parts = parts;
  }

  /** How many wait for it by {@link onSettled}. */
  get listenerCount(): number {
    return this.#listeners?.length ?? 0;
  }

  /** This combination is decided without that task. */
  goOnWithout(task: OrchestrationTask<unknown>, listeners: number): void {
    this.#observer.lose(task, listeners);
  }

  /** `false` for a task of another execution, which this one never completes. */
  belongsTo(observer: AwaitObserver): boolean {
    return this.#observer === observer;
  }

  get isFaulted(): boolean {
    return this.#outcome?.kind === "failed";
  }

  get result(): T {
    const outcome = this.#outcome;
    if (outcome === undefined) {
      throw new DurableError(
        "OrchestrationMisuse",
        "the result of a task was read before the task completed; wait for it first (await, yield or yield*)",
      );
    }
    this.#observer.use?.(this);
    if (outcome.kind === "failed") throw outcome.error;
    return outcome.value;
  }

  /** The failure of a faulted task. */
  get error(): unknown {
    return this.#outcome?.kind === "failed" ? this.#outcome.error : undefined;
  }

  complete(value: T): void {
    this.#settle({ kind: "completed", value });
  }

  fail(error: unknown): void {
    this.#settle({ kind: "failed", error });
  }

  /** Calls `listener` when the task settles, or now if it has. */
  onSettled(listener: () => void): void {
    this.#observer.use?.(this);
    if (this.#outcome !== undefined) return listener();
    // An array that grows makes room for many; most tasks have one listener.
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  #settle(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) return; // T1
    this.#outcome = outcome;
    if (this.#waiters !== undefined) {
      const waiters = this.#waiters;
      this.#waiters = undefined;
      waiters.close();
    }
    const listeners = this.#listeners;
    if (listeners !== undefined) {
      this.#listeners = undefined;
      for (const listener of listeners) listener();
    }
    if (this.#settlePromise === undefined) return;
    this.#observer.forget(this);
    this.#settlePromise();
  }

  /**
   * Hides itself while it is handed over as the winner of an `any`: a promise resolved with a thenable would wait for
   * it and give its result instead.
   */
  // biome-ignore lint/suspicious/noThenProperty: being awaitable is the point.
  get then(): DurableTask<T>["then"] {
    return this.#unwrapped > 0 ? (undefined as never) : this.#then;
  }

  #then<R, E>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    if (this.#promise === undefined) {
      this.#observer.use?.(this);
      this.#waiters?.addWaiter();
    }
    if (this.#outcome === undefined) this.#observer.remember(this);
    else if (this.#observer.mayResume?.() === false) return new Promise(() => {});
    // T2
    this.#promise ??=
      this.#outcome === undefined
        ? new Promise((resolve) => {
            this.#settlePromise = resolve;
          })
        : Promise.resolve();
    return this.#promise.then(() => {
      const outcome = this.#outcome!;
      if (outcome.kind === "completed") return deliver(outcome.value, onFulfilled);
      if (onRejected) return onRejected(outcome.error);
      throw outcome.error;
    }) as Promise<R | E>;
  }

  // biome-ignore lint/suspicious/noExplicitAny: see DurableTask.
  *[Symbol.iterator](): Generator<DurableTask<T>, T, any> {
    return (yield this) as T;
  }

  /**
   * A task is no value: it would be stored as `{}`.
   *
   * @throws DurableError `OrchestrationMisuse`
   */
  toJSON(): never {
    throw new DurableError(
      "OrchestrationMisuse",
      "a durable task was used as a value (an input, an output or a status); wait for its result first (await, yield* or yield)",
    );
  }

  /** Runs `action` while this task does not look like a promise. */
  withoutThen<R>(action: () => R): R {
    this.#unwrapped++;
    try {
      return action();
    } finally {
      this.#unwrapped--;
    }
  }
}

function deliver<T, R>(value: T, onFulfilled: ((value: T) => R) | null | undefined): R | T {
  if (!onFulfilled) return value;
  return OrchestrationTask.isTask(value) ? value.withoutThen(() => onFulfilled(value)) : onFulfilled(value);
}
