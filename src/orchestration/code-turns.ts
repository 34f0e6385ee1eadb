import { DurableError } from "../core/errors.ts";
import { OrchestrationTask } from "./orchestration-task.ts";
import { type OrchestratorDriver, type OrchestratorOutcome, startOrchestrator } from "./orchestrator-driver.ts";

/**
 * The user code of one execution, which runs in turns: from the event that resumes it to its next wait.
 *
 * U1. User code runs only inside a turn; turns are never nested.
 * U2. Whoever calls the context outside a turn was resumed by something that replay does not control.
 */
export class CodeTurns {
  readonly #isEnding: () => boolean;
  readonly #awaited = new Set<OrchestrationTask<unknown>>();
  #driver: OrchestratorDriver | undefined;
  #inTurn = false;
  #misuse: DurableError | undefined;

  /** @param isEnding `true` once the code shall not be resumed any more */
  constructor(isEnding: () => boolean) {
    this.#isEnding = isEnding;
  }

  /** How the code ended, if it has. */
  get outcome(): OrchestratorOutcome | undefined {
    return this.#driver?.outcome;
  }

  /** Why replay cannot go on with this code. */
  get misuse(): DurableError | undefined {
    return this.#misuse ?? this.#driver?.stuck;
  }

  /** Calls the orchestrator; inside a turn. */
  begin(run: () => unknown): void {
    this.#driver = startOrchestrator(run, {
      hasAwaitedTask: () => this.#awaited.size > 0,
      isEnding: this.#isEnding,
    });
  }

  /** Runs `enter`, then user code until it waits again, then `after`. A promise comes back only from asynchronous code. */
  run(enter: () => void, after: () => void): Promise<void> | undefined {
    this.#inTurn = true;
    let advanced: Promise<void> | undefined;
    try {
      enter();
      advanced = this.#driver?.advance();
    } finally {
      if (advanced === undefined) this.#inTurn = false;
    }
    if (advanced === undefined) {
      after();
      return undefined;
    }
    return advanced.then(() => {
      this.#inTurn = false;
      after();
    });
  }

  /** @throws DurableError `OrchestrationMisuse` outside a turn */
  assertInside(api: string): void {
    if (this.#inTurn) return;
    this.#misuse ??= new DurableError(
      "OrchestrationMisuse",
      `${api} was called while the orchestrator was not being replayed: it was resumed by something that is not a durable task (a promise of I/O, a callback, a timer of Node). Move such work into an activity`,
    );
    throw this.#misuse;
  }

  createTask<T>(): OrchestrationTask<T> {
    return new OrchestrationTask<T>((task) => this.observeAwait(task));
  }

  /** User code awaits this open task. */
  observeAwait(task: OrchestrationTask<unknown>): void {
    if (this.#awaited.has(task)) return;
    this.#awaited.add(task);
    task.onSettled(() => this.#awaited.delete(task));
  }

  /** The task will never settle. */
  forget(task: OrchestrationTask<unknown>): void {
    this.#awaited.delete(task);
  }
}
