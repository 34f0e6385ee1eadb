import { DurableError } from "../../core/errors.ts";
import { LostRaces } from "../tasks/lost-races.ts";
import { type AwaitObserver, OrchestrationTask } from "../tasks/orchestration-task.ts";
import { type OrchestratorDriver, type OrchestratorOutcome, startOrchestrator } from "./orchestrator-driver.ts";

/** More often than any program goes on within one turn. */
const maxResumes = 1_000_000;

/**
 * Runs the user code of one execution in turns: from the event that resumes it to its next wait.
 *
 * U1. User code runs only inside a turn; turns are never nested.
 * U2. Whoever calls the context outside a turn was resumed by something that replay does not control. Once the runner is
 *     closed this is reported to nobody, not even to the caller.
 * U3. Code that goes on and on in one turn, without a wait, is taken for an endless loop and fails.
 */
export class TurnRunner implements AwaitObserver {
  readonly #isEnding: () => boolean;
  readonly #onMisuse: () => void;
  /** Leaves the turn, once per turn. */
  readonly #leave: () => void;
  readonly #awaited = new Set<OrchestrationTask<unknown>>();
  readonly #lostRaces = new LostRaces();
  /** Calls that nobody has waited for by now, with the names of what is called. */
  readonly #unawaitedCalls = new Map<OrchestrationTask<unknown>, string>();
  #driver: OrchestratorDriver | undefined;
  #inTurn = false;
  #hasUnsettleable = false;
  #misuse: DurableError | undefined;
  #isClosed = false;
  /** How often the code was resumed in this turn. */
  #resumes = 0;

  /**
   * @param isEnding `true` once the code shall not be resumed any more
   * @param afterTurn called after every turn
   * @param onMisuse called once, when the code was resumed outside a turn
   */
  constructor(isEnding: () => boolean, afterTurn: () => void, onMisuse: () => void) {
    this.#isEnding = isEnding;
    this.#onMisuse = onMisuse;
    this.#leave = () => {
      this.#inTurn = false;
      afterTurn();
    };
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
      hasAwaitedTask: () => this.#hasAwaitedTask(),
      owns: (task) => task.belongsTo(this),
      use: (task) => this.use(task),
      isEnding: this.#isEnding,
      countResume: () => this.#countResume(),
      reportMisuse: (misuse) => this.#reportMisuse(misuse),
    });
  }

  /** Runs `enter`, then user code until it waits again. A promise comes back only from asynchronous code. */
  run(enter: () => void): Promise<void> | undefined {
    this.#inTurn = true; // U1
    this.#resumes = 0;
    try {
      enter();
    } catch (error) {
      this.#inTurn = false;
      throw error;
    }
    if (this.#driver !== undefined) return this.#driver.advance(this.#leave); // D2
    this.#leave();
    return undefined;
  }

  #countResume(): DurableError | undefined {
    if (++this.#resumes <= maxResumes) return undefined;
    return new DurableError(
      "OrchestrationMisuse",
      `the orchestrator went on ${maxResumes} times without waiting for anything: it waits in a loop for tasks that have completed already, such as an empty list`,
    );
  }

  /** U3. An async orchestrator is stopped by a promise that never settles. */
  mayResume(): boolean {
    this.#misuse ??= this.#countResume();
    return this.#misuse === undefined;
  }

  /** The code will not be resumed any more; what resumes it from outside has no effect. */
  close(): void {
    this.#isClosed = true;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws DurableError `OrchestrationMisuse` outside a turn */
  assertInside(api: string): void {
    if (this.#inTurn || this.#isClosed) return; // else U2
    const misuse = new DurableError(
      "OrchestrationMisuse",
      `${api} was called while the orchestrator was not being replayed: it was resumed by something that is not a durable task (a promise of I/O, a callback, a timer of Node). Move such work into an activity`,
    );
    this.#reportMisuse(misuse);
    throw misuse;
  }

  #reportMisuse(misuse: DurableError): void {
    if (this.#misuse !== undefined || this.#isClosed) return;
    this.#misuse = misuse;
    this.#onMisuse();
  }

  /** From now on some task may be unable to settle: a timer was cancelled, or a promise mapped. */
  allowUnsettleable(): void {
    this.#hasUnsettleable = true;
  }

  #hasAwaitedTask(): boolean {
    if (!this.#hasUnsettleable) return this.#awaited.size > 0;
    for (const task of this.#awaited) if (task.canSettle) return true;
    return false;
  }

  createTask<T>(): OrchestrationTask<T> {
    return new OrchestrationTask<T>(this);
  }

  remember(task: OrchestrationTask<unknown>): void {
    this.#awaited.add(task);
  }

  forget(task: OrchestrationTask<unknown>): void {
    this.#awaited.delete(task);
  }

  /** A call of user code, for which it should wait at some time. */
  watchCall(task: OrchestrationTask<unknown>, name: string): void {
    this.#unawaitedCalls.set(task, name);
  }

  use(task: OrchestrationTask<unknown>): void {
    if (this.#unawaitedCalls.size > 0) this.#unawaitedCalls.delete(task);
  }

  /** Names of what was called and never waited for. */
  get unawaitedCalls(): readonly string[] {
    return [...this.#unawaitedCalls.values()];
  }

  lose(task: OrchestrationTask<unknown>, listeners: number): void {
    this.#lostRaces.lose(task, listeners);
  }

  /** Tasks that nobody waits for since they have lost a race; `undefined` while none has ever. */
  get unwanted(): ReadonlySet<OrchestrationTask<unknown>> | undefined {
    if (this.#lostRaces.isEmpty) return undefined;
    return this.#lostRaces.findUnwanted((task) => this.#awaited.has(task) || this.#driver?.waiting === task);
  }
}
