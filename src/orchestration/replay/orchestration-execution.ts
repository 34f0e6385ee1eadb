import { DurableError } from "../../core/errors.ts";
import type { EventWaits } from "../../core/event-waits.ts";
import { describeFailure, type FailureDetails } from "../../core/failure-details.ts";
import { unregisteredFunction } from "../../core/function-names.ts";
import type { EventRaised, ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import { type CompleteOrchestration, type OrchestratorAction, readPatchMark } from "../../core/orchestrator-action.ts";
import type { LogLevel } from "../../core/ports.ts";
import { isReservedName } from "../../core/reserved-names.ts";
import type { OrchestrationContext } from "../orchestration-context.ts";
import { EntityMessages } from "../tasks/entity-messages.ts";
import { ExternalEvents } from "../tasks/external-events.ts";
import { ActionLedger, isRecordedAction, type RecordedAction } from "./action-ledger.ts";
import type { ContextScope } from "./context-scope.ts";
import { assertSoundEvent, refuseEvent } from "./event-soundness.ts";
import { ExecutionEnd, endedTooEarly } from "./execution-end.ts";
import { failureOf, type OpenTask, OpenTasks } from "./open-tasks.ts";
import type { OrchestrationCode } from "./orchestration-code.ts";
import { Patches } from "./patches.ts";
import { type ReplayPosition, ReplayScope } from "./replay-scope.ts";
import { StartedOrchestration } from "./started-orchestration.ts";
import { Suspension } from "./suspension.ts";
import { TurnRunner } from "./turn-runner.ts";

export interface ExecutionOptions {
  readonly instanceId: string;
  readonly executionId: string;
  /** Makes what user code holds of the execution. */
  readonly createContext: (scope: ContextScope) => OrchestrationContext;
  /** Finds the code of an orchestration by its name. */
  readonly findOrchestration: (name: string) => OrchestrationCode | undefined;
  /** Names of the orchestrations that can be found, for an error that lists them. @defaultValue none */
  readonly orchestrationNames?: (() => readonly string[]) | undefined;
  /** An orchestration whose name is not known rejects the episode, instead of failing its instance. @defaultValue false */
  readonly rejectsUnknownNames?: boolean | undefined;
  /** Most actions that the code may ask for at a time. @defaultValue 100,000 */
  readonly maxActions?: number | undefined;
  /** Receives what user code logs outside replay. */
  readonly log: (level: LogLevel, name: string, args: readonly unknown[]) => void;
  /** Called once at most: user code was resumed outside `apply` before the execution had ended. */
  readonly onMisuse?: (() => void) | undefined;
}

const defaultMaxActions = 100_000;

/**
 * One execution of one instance, from its first event on: user code, suspended between events.
 *
 * R1. Same events, same actions: no clock, randomness, environment or I/O in here. Where the stream of events is cut
 *     into past and new, and into episodes, makes no difference.
 * R2. User code runs only inside `apply`, which is never re-entered; each event is applied once, in order. The code
 *     reaches the execution through its scope alone.
 * R3. Each recorded decision is checked against the one the code makes now; the first mismatch fails the instance.
 * R4. Once the execution has completed it changes no more; raised events that come later are kept for the next one.
 */
export class OrchestrationExecution {
  readonly #options: ExecutionOptions;
  readonly #position: ReplayPosition = { now: undefined, isReplaying: false };
  readonly #ledger: ActionLedger;
  readonly #openTasks = new OpenTasks();
  readonly #events = new ExternalEvents();
  readonly #entities = new EntityMessages(this.#events);
  readonly #patches = new Patches();
  readonly #end = new ExecutionEnd();
  readonly #suspension = new Suspension();
  readonly #turns: TurnRunner = new TurnRunner(
    () => this.#end.request !== undefined,
    () => this.#afterTurn(),
    () => {
      if (this.#end.completion === undefined) this.#options.onMisuse?.();
    },
  );
  #orchestration: StartedOrchestration | undefined;
  #scope: ReplayScope | undefined;
  /** Index of the event that is being applied. */
  #index = -1;
  #rewound = false;
  #isRefused = false;
  #rejection: DurableError | undefined;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#ledger = new ActionLedger(options.maxActions ?? defaultMaxActions);
  }

  /** JSON text of what the code has set. */
  get customStatus(): string | undefined {
    return this.#scope?.customStatus;
  }

  /** `false` when the code was not run, or not as the instance has run: then its custom status is another one. */
  get knowsCustomStatus(): boolean {
    return !this.#isRefused && this.#end.fitsHistory;
  }

  /** Why this worker must leave the instance to others. */
  get rejection(): DurableError | undefined {
    return this.#rejection;
  }

  /** `false` when the answer to that action would have no effect. */
  waitsFor(id: number): boolean {
    return this.#end.completion === undefined && this.#openTasks.has(id);
  }

  /**
   * Calls that nobody waits for at the moment, by number: they have lost a race, or their time is over. Answered ones may
   * be among them. `undefined` while there has never been any.
   */
  get unwantedTasks(): readonly number[] | undefined {
    const { unwanted } = this.#turns;
    if (this.#end.completion !== undefined) return undefined;
    if (unwanted === undefined && !this.#openTasks.hasForsaken) return undefined;
    return this.#openTasks.unwantedCalls(unwanted);
  }

  /** `undefined` when the execution has ended, too. */
  get eventWaits(): EventWaits | undefined {
    return this.#end.completion === undefined ? this.#events.waits : undefined;
  }

  /** Names of calls that the code, which has ended in its own time, has never waited for. */
  get unawaitedCalls(): readonly string[] {
    const status = this.#end.isRecorded ? undefined : this.#end.completion?.status;
    return status === "Completed" || status === "ContinuedAsNew" ? this.#turns.unawaitedCalls : [];
  }

  /** Names of the events that the code has begun to wait for since the last call. */
  takeAwaitedEvents(): readonly string[] {
    const names = this.#events.takeBegun();
    return this.#end.completion === undefined ? names.filter((name) => !isReservedName(name)) : [];
  }

  /** What the orchestrator asks for that history does not hold, in order. */
  get actions(): readonly OrchestratorAction[] {
    if (this.#end.isRecorded) return [];
    const newPatches = this.#isRefused ? [] : this.#patches.unrecorded;
    const marks = newPatches.map((patchId) => ({ kind: "RecordPatch", id: -1, patchId }) as const);
    const { completion } = this.#end;
    // A1: what is open is what the code asks for.
    if (completion !== undefined) return [...marks, ...this.#ledger.open, this.#end.describe(completion, this.#events)];
    // The code has seen the answer already, so the mark is made even if what it decided waits for the resume.
    return this.#suspension.isSuspended ? marks : [...marks, ...this.#ledger.open];
  }

  /** Sets the events that are about to be applied, for {@link Patches}. */
  lookAhead(events: readonly (readonly HistoryEvent[])[]): void {
    this.#patches.lookAhead(events);
  }

  /** Applies the next event of the stream. A promise comes back only if user code is asynchronous. */
  apply(event: HistoryEvent, isReplaying: boolean): Promise<void> | undefined {
    this.#index++;
    this.#position.isReplaying = isReplaying;
    if (event.type === "GenericEvent") this.#patches.confirm(event);
    else if (event.type === "ExecutionCompleted") this.#end.record(event);
    return this.#accept(event);
  }

  /** No more events come. Code that is resumed from outside is not reported, and what it asks for goes nowhere. */
  close(): void {
    this.#turns.close();
  }

  #accept(event: HistoryEvent): Promise<void> | undefined {
    if (this.#end.completion !== undefined) {
      this.#applyAfterCompletion(event, this.#end.completion);
      return undefined;
    }
    try {
      if (this.#turns.misuse !== undefined) throw this.#turns.misuse;
      assertSoundEvent(event, this.#index);
      this.#entities.observe(event);
      return this.#suspension.isSuspended ? this.#handleSuspended(event) : this.#handle(event);
    } catch (error) {
      if (error === this.#turns.misuse) this.#failWith(error);
      else this.#refuse(error);
      return undefined;
    }
  }

  /** Changes nothing (R4), unless it is a termination of the instance; but history is still checked (R3). */
  #applyAfterCompletion(event: HistoryEvent, completion: CompleteOrchestration): void {
    this.#end.keep(event);
    if (event.type === "ExecutionTerminated" && this.#end.request !== undefined) {
      // The next execution would never receive it.
      this.#end.withdraw();
      return this.#complete("Terminated", event.input, undefined);
    }
    if (event.type === "GenericEvent" && readPatchMark(event.data) === undefined) this.#rewound = true;
    if (this.#rewound || this.#isRefused) return;
    try {
      if (isRecordedAction(event)) this.#ledger.confirm(event, this.#index);
      else if (event.type === "OrchestratorStarted" && this.#turns.misuse === undefined) {
        throw endedTooEarly(this.#index, completion);
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  #handle(event: HistoryEvent): Promise<void> | undefined {
    switch (event.type) {
      case "OrchestratorStarted":
        return this.#beginEpisode(event.timestamp);
      case "ExecutionStarted":
        return this.#start(event);
      case "TaskScheduled":
      case "TimerCreated":
      case "SubOrchestrationInstanceCreated":
      case "EventSent":
        return this.#record(event);
      case "TaskCompleted":
        return this.#answer(event.taskScheduledId, "TaskScheduled", (task) => task.complete(event.result));
      case "SubOrchestrationInstanceCompleted":
        return this.#answer(event.taskScheduledId, "SubOrchestrationInstanceCreated", (task) =>
          task.complete(event.result),
        );
      case "TaskFailed":
        return this.#answer(event.taskScheduledId, "TaskScheduled", (task) => task.fail(failureOf(event)));
      case "SubOrchestrationInstanceFailed":
        return this.#answer(event.taskScheduledId, "SubOrchestrationInstanceCreated", (task) =>
          task.fail(failureOf(event)),
        );
      case "TimerFired":
        return this.#answer(event.timerId, "TimerCreated", (task) => task.complete(undefined), event.fireAt);
      case "EventRaised":
        // The engine's own events have done their work by coming.
        return isReservedName(event.name) ? undefined : this.#raise(event);
      case "ExecutionSuspended":
        this.#suspension.begin();
        return undefined;
      case "ExecutionTerminated":
        this.#complete("Terminated", event.input, undefined);
        return undefined;
      case "GenericEvent":
        if (readPatchMark(event.data) === undefined) this.#rewound = true;
        return undefined;
      default:
        return undefined;
    }
  }

  /** Records of actions still confirm them; everything else waits for the resume, except a termination. */
  #handleSuspended(event: HistoryEvent): Promise<void> | undefined {
    switch (event.type) {
      case "ExecutionResumed":
        return this.#acceptAll(this.#suspension.end());
      case "ExecutionTerminated":
      case "TaskScheduled":
      case "TimerCreated":
      case "SubOrchestrationInstanceCreated":
      case "EventSent":
      case "OrchestratorStarted":
        return this.#handle(event);
      case "ExecutionSuspended":
      case "OrchestratorCompleted":
        return undefined;
      default:
        this.#suspension.keep(event);
        return undefined;
    }
  }

  #acceptAll(events: readonly HistoryEvent[]): Promise<void> | undefined {
    for (const [index, event] of events.entries()) {
      const turn = this.#accept(event);
      if (turn !== undefined) return turn.then(() => this.#acceptAll(events.slice(index + 1)));
    }
    return undefined;
  }

  #beginEpisode(at: Date): undefined {
    // A continued execution is recorded with an OrchestratorCompleted before its first actions, so the check of an
    // episode (R3) waits for the next one.
    if (!this.#rewound && !this.#suspension.isSuspended) this.#ledger.assertNothingUnrecorded(this.#index);
    const { now } = this.#position;
    if (now === undefined || at.getTime() > now.getTime()) this.#position.now = at;
  }

  #start(event: ExecutionStarted): Promise<void> | undefined {
    if (this.#orchestration !== undefined) refuseEvent(event, this.#index, "is a second start");
    const { instanceId, executionId } = event.orchestrationInstance;
    if (instanceId !== this.#options.instanceId || executionId !== this.#options.executionId) {
      refuseEvent(event, this.#index, `belongs to execution '${executionId}' of '${instanceId}'`);
    }
    const code = this.#options.findOrchestration(event.name);
    if (code === undefined) {
      const { orchestrationNames, rejectsUnknownNames } = this.#options;
      const error = unregisteredFunction("orchestration", event.name, orchestrationNames?.() ?? []);
      if (rejectsUnknownNames) this.#rejection = error;
      throw error;
    }
    const orchestration = new StartedOrchestration(event, code);
    this.#orchestration = orchestration;
    this.#assertVersion(orchestration);
    this.#scope = this.#createScope(orchestration);
    const context = this.#options.createContext(this.#scope);
    const input = orchestration.readInput();
    return this.#turn(() => this.#turns.begin(() => code.orchestrator(context, input)));
  }

  #createScope(orchestration: StartedOrchestration): ReplayScope {
    return new ReplayScope(orchestration, {
      position: this.#position,
      ledger: this.#ledger,
      openTasks: this.#openTasks,
      events: this.#events,
      entities: this.#entities,
      patches: this.#patches,
      turns: this.#turns,
      end: this.#end,
      log: this.#options.log,
    });
  }

  /** @throws DurableError `VersionMismatch`, which fails the instance or, by the strategy, ends this session */
  #assertVersion(orchestration: StartedOrchestration): void {
    const mismatch = orchestration.describeVersionMismatch();
    if (mismatch === undefined) return;
    const error = new DurableError("VersionMismatch", mismatch);
    if (orchestration.code.versioning?.failureStrategy !== "fail") this.#rejection = error;
    throw error;
  }

  #record(event: RecordedAction): Promise<void> | undefined {
    if (this.#orchestration === undefined) refuseEvent(event, this.#index, "comes before the start");
    this.#ledger.confirm(event, this.#index); // R3, A2
    this.#openTasks.record(event);
    const answer = event.type === "EventSent" ? this.#entities.record(event) : undefined;
    if (answer === undefined) return undefined;
    if (!this.#suspension.isSuspended) return this.#raise(answer);
    this.#suspension.keep(answer);
    return undefined;
  }

  #raise(event: EventRaised): Promise<void> | undefined {
    return this.#turn(() => {
      if (!this.#entities.receive(event)) this.#events.raise(event);
    });
  }

  #answer(
    id: number,
    question: RecordedAction["type"],
    settle: (task: OpenTask) => void,
    firedAt?: Date,
  ): Promise<void> | undefined {
    const task = this.#openTasks.take(id, question, firedAt);
    return task === undefined ? undefined : this.#turn(() => settle(task));
  }

  /** The only way to user code (R2). */
  #turn(enter: () => void): Promise<void> | undefined {
    return this.#turns.run(enter);
  }

  #afterTurn(): void {
    const { outcome, misuse } = this.#turns;
    // What it has asked for until then would be as much as nobody can send.
    if (this.#ledger.excess !== undefined) return this.#refuse(this.#ledger.excess);
    if (outcome?.kind === "threw") return this.#failWith(outcome.error);
    if (this.#end.request !== undefined) return this.#complete("ContinuedAsNew", this.#end.request.input, undefined);
    if (misuse !== undefined) return this.#failWith(misuse);
    if (outcome?.kind !== "returned") return;
    try {
      this.#complete("Completed", this.#orchestration?.writeOutput(outcome.value), undefined);
    } catch (error) {
      this.#failWith(error);
    }
  }

  #failWith(error: unknown): void {
    this.#complete("Failed", undefined, describeFailure(error));
  }

  /**
   * Fails an execution that cannot be replayed, for its first reason. What its code asks for now was never decided by the
   * instance: nothing of it may happen.
   */
  #refuse(error: unknown): void {
    this.#isRefused = true;
    this.#end.withdraw();
    this.#ledger.withdrawAll();
    this.#failWith(error);
  }

  #complete(
    status: CompleteOrchestration["status"],
    result: string | undefined,
    failureDetails: FailureDetails | undefined,
  ): void {
    this.#end.complete(this.#ledger.nextId, status, result, failureDetails);
  }
}
