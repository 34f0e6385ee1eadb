import { DurableError } from "../../core/errors.ts";
import { OrchestrationTask } from "../tasks/orchestration-task.ts";
import { describeValue } from "../tasks/task-arguments.ts";

/** How user code ended. */
export type OrchestratorOutcome =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: unknown };

/**
 * Runs user code of one authoring style from one wait to the next.
 *
 * D1. User code runs only inside `advance` (and the microtasks it drains), which is never re-entered.
 * D2. `advance` calls `whenWaiting` once user code waits again or has ended. It comes back `undefined` when that was done
 *     synchronously, else as a promise.
 */
export interface OrchestratorDriver {
  readonly outcome: OrchestratorOutcome | undefined;
  /** Why user code can never be resumed by an event, if it waits for something that replay does not control. */
  readonly stuck: DurableError | undefined;
  /** The task that a generator waits for. Those that other code awaits are known to their observer. */
  readonly waiting?: OrchestrationTask<unknown> | undefined;
  advance(whenWaiting: () => void): Promise<void> | undefined;
}

/** What a driver needs to know of the execution it belongs to. */
export interface DriverView {
  /** `true` while at least one open durable task is awaited. */
  hasAwaitedTask(): boolean;
  /** `false` for a task of another execution. */
  owns(task: OrchestrationTask<unknown>): boolean;
  /** The orchestrator waits for the task. */
  use(task: OrchestrationTask<unknown>): void;
  /** `true` once the orchestrator has asked to continue as new: it is not resumed any more. */
  isEnding(): boolean;
  /** Why the code is not to be resumed again in this turn; `undefined` while it may be. To be called for each resume. */
  countResume(): DurableError | undefined;
  /** The orchestrator ended outside a turn. */
  reportMisuse(misuse: DurableError): void;
}

/** Calls the orchestrator and chooses the driver by what comes back. */
export function startOrchestrator(run: () => unknown, view: DriverView): OrchestratorDriver {
  let returned: unknown;
  try {
    returned = run();
  } catch (error) {
    return settledDriver({ kind: "threw", error });
  }
  if (isGenerator(returned)) return new GeneratorDriver(returned, view);
  if (isAsyncGenerator(returned)) return new AsyncDriver(drainAsyncGenerator(returned), view);
  if (isPromiseLike(returned)) return new AsyncDriver(Promise.resolve(returned), view);
  return settledDriver({ kind: "returned", value: returned });
}

function settledDriver(outcome: OrchestratorOutcome): OrchestratorDriver {
  return {
    outcome,
    stuck: undefined,
    advance: (whenWaiting) => {
      whenWaiting();
      return undefined;
    },
  };
}

class GeneratorDriver implements OrchestratorDriver {
  outcome: OrchestratorOutcome | undefined;
  readonly stuck = undefined;
  readonly #generator: Generator<unknown, unknown, unknown>;
  readonly #view: DriverView;
  #waiting: OrchestrationTask<unknown> | undefined;

  constructor(generator: Generator<unknown, unknown, unknown>, view: DriverView) {
    this.#generator = generator;
    this.#view = view;
  }

  get waiting(): OrchestrationTask<unknown> | undefined {
    return this.#waiting;
  }

  advance(whenWaiting: () => void): undefined {
    while (this.outcome === undefined && !this.#view.isEnding() && this.#waiting?.isCompleted !== false) {
      const endless = this.#view.countResume();
      if (endless !== undefined) {
        this.outcome = { kind: "threw", error: endless };
        break;
      }
      try {
        const step = this.#resume();
        if (step.done) this.outcome = { kind: "returned", value: step.value };
        // `yield context.df.continueAsNew(input)`: the code is not resumed, whatever it yields.
        else if (step.value !== undefined || !this.#view.isEnding()) this.#waiting = this.#accept(step.value);
      } catch (error) {
        this.outcome = { kind: "threw", error };
      }
    }
    whenWaiting();
  }

  #resume(): IteratorResult<unknown, unknown> {
    const task = this.#waiting;
    if (task === undefined) return this.#generator.next();
    return task.isFaulted ? this.#generator.throw(task.error) : this.#generator.next(task.result);
  }

  #accept(yielded: unknown): OrchestrationTask<unknown> {
    if (OrchestrationTask.isTask(yielded)) {
      if (!this.#view.owns(yielded)) {
        throw new DurableError("OrchestrationMisuse", "the orchestrator waits for a task of another orchestration");
      }
      this.#view.use(yielded);
      yielded.waiters?.addWaiter();
      if (yielded.isCompleted || yielded.canSettle) return yielded;
      throw new DurableError(
        "OrchestrationMisuse",
        "the orchestrator waits for what no event can complete: a timer that it has cancelled, or an async function given to map(), which only async orchestrators can wait for",
      );
    }
    throw new DurableError(
      "OrchestrationMisuse",
      `the orchestrator yielded ${describeValue(yielded)}; only durable tasks of its context can be yielded${cureFor(yielded)}`,
    );
  }
}

/** What was probably meant by a `yield` of something else than a task. */
function cureFor(yielded: unknown): string {
  if (Array.isArray(yielded)) {
    return yielded.some((part) => OrchestrationTask.isTask(part))
      ? ". To wait for several tasks, write 'yield context.all([...])', or context.any([...]) for the first of them"
      : "";
  }
  if (isPromiseLike(yielded)) {
    return ". To wait for promises of durable tasks, write an async function: 'async (context, input) => { ... await ... }'; move I/O into an activity and yield context.callActivity(...)";
  }
  return " (calls that return nothing, such as sendEvent or setCustomStatus, are not yielded)";
}

class AsyncDriver implements OrchestratorDriver {
  outcome: OrchestratorOutcome | undefined;
  stuck: DurableError | undefined;
  readonly #view: DriverView;
  /** The driver is made inside the turn that begins the code. */
  #inTurn = true;

  constructor(promise: PromiseLike<unknown>, view: DriverView) {
    this.#view = view;
    promise.then(
      (value) => this.#end({ kind: "returned", value }),
      (error) => this.#end({ kind: "threw", error }),
    );
  }

  advance(whenWaiting: () => void): Promise<void> {
    this.#inTurn = true;
    return drainMicrotasks(() => {
      this.#inTurn = false;
      this.#assertWaiting();
      whenWaiting();
    });
  }

  /** D1: an end that no event brought about would not come at the same point of a replay: it fails the next episode. */
  #end(outcome: OrchestratorOutcome): void {
    if (this.#inTurn) this.outcome = outcome;
    else {
      const message =
        "the orchestrator ended between two events: it was resumed by something that is not a durable task (a timer of Node, a promise of I/O). Move such work into an activity";
      this.#view.reportMisuse(new DurableError("OrchestrationMisuse", message));
    }
  }

  #assertWaiting(): void {
    if (this.outcome !== undefined || this.#view.isEnding() || this.#view.hasAwaitedTask()) return;
    this.stuck = new DurableError(
      "OrchestrationMisuse",
      "the orchestrator awaits something that is not a durable task (fetch, a timer of Node, another promise, or a cancelled durable timer), so no event of its history can resume it. " +
        "Move the I/O into an activity and await context.callActivity(...); wait with context.createTimer(...)",
    );
  }
}

/** An async generator awaits what it yields by itself, so each result only needs to be handed back. */
async function drainAsyncGenerator(generator: AsyncGenerator<unknown, unknown, unknown>): Promise<unknown> {
  let step = await generator.next();
  while (!step.done) step = await generator.next(step.value);
  return step.value;
}

const microtask = Promise.resolve();

/**
 * Calls `whenDrained` when the microtask queue is empty. Node runs its tick queue only then, and nothing of the outside
 * (I/O, timers) can come in between: what has not settled by now does not depend on durable tasks alone. The microtask
 * comes first because outside of one, ticks would run before the queue.
 */
function drainMicrotasks(whenDrained: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const tick = () => {
      try {
        resolve(whenDrained());
      } catch (error) {
        reject(error);
      }
    };
    // Not queueMicrotask, which makes a resource for async hooks each time.
    void microtask.then(() => process.nextTick(tick));
  });
}

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return isIteratorLike(value) && Symbol.iterator in value && "throw" in value;
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, unknown> {
  return isIteratorLike(value) && Symbol.asyncIterator in value && "throw" in value;
}

function isIteratorLike(value: unknown): value is object {
  return typeof value === "object" && value !== null && typeof (value as { next?: unknown }).next === "function";
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
