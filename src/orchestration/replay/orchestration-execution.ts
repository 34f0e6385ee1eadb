import { DurableError } from "../../core/errors.ts";
import { describeFailure, type FailureDetails, formatFailure } from "../../core/failure-details.ts";
import type { ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import {
  type CarryoverEvent,
  type CompleteOrchestration,
  type OrchestratorAction,
  readPatchMark,
} from "../../core/orchestrator-action.ts";
import { type DataConverter, jsonDataConverter } from "../../core/payloads/data-converter.ts";
import { type StandardSchema, validateSync } from "../../core/payloads/standard-schema.ts";
import type { LogLevel } from "../../core/ports.ts";
import { isReservedName } from "../../core/reserved-names.ts";
import { describeVersionMismatch, type VersioningOptions } from "../../core/versioning.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { ReplayContext } from "../replay-context.ts";
import { ExternalEvents } from "../tasks/external-events.ts";
import type { OrchestrationTask } from "../tasks/orchestration-task.ts";
import { ActionLedger, type RecordedAction } from "./action-ledger.ts";
import { assertSoundEvent, refuseEvent } from "./event-soundness.ts";
import { ExecutionEnd } from "./execution-end.ts";
import { failureOf, type OpenTask, OpenTasks } from "./open-tasks.ts";
import { Patches } from "./patches.ts";
import { TurnRunner } from "./turn-runner.ts";

/** The code of one orchestration, and how its values are written. */
export interface OrchestrationCode {
  readonly orchestrator: Orchestrator;
  readonly dataConverter: DataConverter;
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
  /** Which instances it runs. @defaultValue those of every version */
  readonly versioning?: VersioningOptions | undefined;
}

export interface ExecutionOptions {
  readonly instanceId: string;
  readonly executionId: string;
  /** Finds the code of an orchestration by its name. */
  readonly findOrchestration: (name: string) => OrchestrationCode | undefined;
  /** Receives what user code logs outside replay. */
  readonly log: (level: LogLevel, name: string, args: readonly unknown[]) => void;
  /** Called once at most: user code was resumed outside `apply` before the execution had ended. */
  readonly onMisuse?: (() => void) | undefined;
}

/**
 * One execution of one instance, from its first event on: user code, suspended between events.
 *
 * R1. Same events, same actions: no clock, randomness, environment or I/O in here. Where the stream of events is cut
 *     into past and new, and into episodes, makes no difference.
 * R2. User code runs only inside `apply`, which is never re-entered; each event is applied once, in order.
 * R3. Each recorded decision is checked against the one the code makes now; the first mismatch fails the instance.
 * R4. Once the execution has completed it changes no more; raised events that come later are kept for the next one.
 */
export class OrchestrationExecution {
  readonly instanceId: string;
  readonly executionId: string;
  readonly ledger: ActionLedger = new ActionLedger();
  readonly events: ExternalEvents = new ExternalEvents();
  readonly patches: Patches = new Patches();
  readonly #options: ExecutionOptions;
  readonly turns: TurnRunner = new TurnRunner(
    () => this.isEnding,
    () => this.#afterTurn(),
    () => {
      if (this.end.completion === undefined) this.#options.onMisuse?.();
    },
  );
  readonly openTasks: OpenTasks = new OpenTasks();
  readonly end: ExecutionEnd = new ExecutionEnd();
  #started: ExecutionStarted | undefined;
  #code: OrchestrationCode | undefined;
  #position = -1;
  #now: Date | undefined;
  #isReplaying = false;
  #rewound = false;
  #isRefused = false;
  #rejection: DurableError | undefined;
  #suspendedEvents: HistoryEvent[] | undefined;
  customStatus: string | undefined;
  /** GUIDs made so far. */
  guids = 0;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.instanceId = options.instanceId;
    this.executionId = options.executionId;
  }

  get started(): ExecutionStarted {
    if (this.#started === undefined) throw new DurableError("CorruptData", "the history has no ExecutionStarted event");
    return this.#started;
  }

  /** The input as user code gets it. @throws DurableError `InvalidPayload` */
  readInput(): unknown {
    const what = `the input of orchestration '${this.started.name}'`;
    return validateSync(this.#code?.inputSchema, this.dataConverter.deserialize(this.started.input, what), what);
  }

  /** Version of the sub-orchestrations that name none. */
  get defaultVersion(): string | undefined {
    return this.#code?.versioning?.version;
  }

  get dataConverter(): DataConverter {
    return this.#code?.dataConverter ?? jsonDataConverter;
  }

  get now(): Date {
    return this.#now ?? this.started.timestamp;
  }

  get isReplaying(): boolean {
    return this.#isReplaying;
  }

  /** What the orchestrator asks for that history does not hold, in order. */
  get actions(): readonly OrchestratorAction[] {
    const newPatches = this.#isRefused ? [] : this.patches.unrecorded;
    const marks = newPatches.map((patchId) => ({ kind: "RecordPatch", id: -1, patchId }) as const);
    const { completion } = this.end;
    if (completion !== undefined) return [...marks, ...this.ledger.open, this.end.describe(completion, this.events)];
    // The code has seen the answer already, so the mark is made even if what it decided waits for the resume.
    return this.#suspendedEvents === undefined ? [...marks, ...this.ledger.open] : marks;
  }

  /** Applies the next event of the stream. A promise comes back only if user code is asynchronous. */
  apply(event: HistoryEvent, isReplaying: boolean): Promise<void> | undefined {
    this.#position++;
    this.#isReplaying = isReplaying;
    if (event.type === "GenericEvent") this.patches.confirm(event);
    return this.#accept(event);
  }

  #accept(event: HistoryEvent): Promise<void> | undefined {
    if (this.end.completion !== undefined) {
      this.#applyAfterCompletion(event, this.end.completion);
      return undefined;
    }
    try {
      if (this.turns.misuse !== undefined) throw this.turns.misuse;
      assertSoundEvent(event, this.#position);
      return this.#suspendedEvents === undefined ? this.#handle(event) : this.#handleSuspended(event);
    } catch (error) {
      if (error === this.turns.misuse) this.#failWith(error);
      else this.#refuse(error);
      return undefined;
    }
  }

  #applyAfterCompletion(event: HistoryEvent, completion: CompleteOrchestration): void {
    if (isCarriedOver(event)) this.end.keep(event);
    if (event.type === "ExecutionTerminated" && this.end.request !== undefined) {
      // The next execution would never hear of it.
      this.end.withdraw();
      return this.#complete("Terminated", event.input, undefined);
    }
    if (event.type === "GenericEvent" && readPatchMark(event.data) === undefined) this.#rewound = true;
    if (this.#rewound || this.#isRefused) return;
    try {
      if (isRecordedAction(event)) this.ledger.confirm(event, this.#position);
      else if (event.type === "OrchestratorStarted" && this.turns.misuse === undefined) {
        throw completedTooEarly(this.#position, completion);
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  #handle(event: HistoryEvent): Promise<void> | undefined {
    switch (event.type) {
      case "OrchestratorStarted":
        // A continued execution is recorded with an OrchestratorCompleted before its first actions, so the check of an
        // episode waits for the next one.
        if (!this.#rewound && this.#suspendedEvents === undefined) this.ledger.assertNothingUnrecorded(this.#position);
        if (this.#now === undefined || event.timestamp.getTime() > this.#now.getTime()) this.#now = event.timestamp;
        return undefined;
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
        return isReservedName(event.name) ? undefined : this.#turn(() => this.events.raise(event));
      case "ExecutionSuspended":
        this.#suspendedEvents = [];
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
        return this.#resume();
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
        this.#suspendedEvents?.push(event);
        return undefined;
    }
  }

  #resume(): Promise<void> | undefined {
    const kept = this.#suspendedEvents ?? [];
    this.#suspendedEvents = undefined;
    return this.#acceptAll(kept);
  }

  #acceptAll(events: readonly HistoryEvent[]): Promise<void> | undefined {
    for (const [index, event] of events.entries()) {
      const turn = this.#accept(event);
      if (turn !== undefined) return turn.then(() => this.#acceptAll(events.slice(index + 1)));
    }
    return undefined;
  }

  #start(event: ExecutionStarted): Promise<void> | undefined {
    if (this.#started !== undefined) refuseEvent(event, this.#position, "is a second start");
    const { instanceId, executionId } = event.orchestrationInstance;
    if (instanceId !== this.instanceId || executionId !== this.executionId) {
      refuseEvent(event, this.#position, `belongs to execution '${executionId}' of '${instanceId}'`);
    }
    this.#started = event;
    this.#code = this.#options.findOrchestration(event.name);
    if (this.#code === undefined) {
      throw new DurableError(
        "OrchestratorNotRegistered",
        `no orchestration named '${event.name}' is registered in this app; register it with app.orchestration('${event.name}', ...) or correct the name`,
      );
    }
    const { orchestrator } = this.#code;
    const context = new ReplayContext(this);
    this.#assertVersion(this.#code.versioning, event.version ?? "");
    const input = this.readInput();
    return this.#turn(() => this.turns.begin(() => orchestrator(context, input)));
  }

  /** @throws DurableError `VersionMismatch`, which fails the instance or, by the strategy, ends this session */
  #assertVersion(versioning: VersioningOptions | undefined, version: string): void {
    const mismatch = versioning === undefined ? undefined : describeVersionMismatch(versioning, version);
    if (mismatch === undefined) return;
    const error = new DurableError("VersionMismatch", mismatch);
    if (versioning?.failureStrategy !== "fail") this.#rejection = error;
    throw error;
  }

  /** Why this worker must leave the instance to others. */
  get rejection(): DurableError | undefined {
    return this.#rejection;
  }

  #record(event: RecordedAction): undefined {
    if (this.#started === undefined) refuseEvent(event, this.#position, "comes before the start");
    this.ledger.confirm(event, this.#position);
    this.openTasks.record(event);
  }

  #answer(
    id: number,
    question: RecordedAction["type"],
    settle: (task: OpenTask) => void,
    firedAt?: Date,
  ): Promise<void> | undefined {
    const task = this.openTasks.take(id, question, firedAt);
    return task === undefined ? undefined : this.#turn(() => settle(task));
  }

  #turn(enter: () => void): Promise<void> | undefined {
    return this.turns.run(enter);
  }

  #afterTurn(): void {
    const { outcome, misuse } = this.turns;
    if (outcome?.kind === "threw") return this.#failWith(outcome.error);
    if (this.end.request !== undefined) return this.#complete("ContinuedAsNew", this.end.request.input, undefined);
    if (misuse !== undefined) return this.#failWith(misuse);
    if (outcome?.kind !== "returned") return;
    try {
      const what = `the output of orchestration '${this.started.name}'`;
      const output = validateSync(this.#code?.outputSchema, outcome.value, what);
      this.#complete("Completed", this.dataConverter.serialize(output, what), undefined);
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
    this.end.withdraw();
    this.ledger.withdrawAll();
    this.#failWith(error);
  }

  #complete(
    status: CompleteOrchestration["status"],
    result: string | undefined,
    failureDetails: FailureDetails | undefined,
  ): void {
    this.end.complete(this.ledger.nextId, status, result, failureDetails);
  }

  // What the context does on behalf of user code.

  /** Guards every call of user code on its context. @throws DurableError `OrchestrationMisuse` outside a turn */
  enterCall(api: string): void {
    this.turns.assertInside(api);
  }

  /** Nothing will answer this number any more. */
  forgetAnswer(id: number, task: OrchestrationTask<unknown>): void {
    this.openTasks.remove(id);
    this.turns.forget(task);
  }

  get isEnding(): boolean {
    return this.end.request !== undefined;
  }

  log(level: LogLevel, args: readonly unknown[]): void {
    if (!this.#isReplaying) this.#options.log(level, this.started.name, args);
  }
}

function isCarriedOver(event: HistoryEvent): event is CarryoverEvent {
  // Events that come after the end are not checked, so that a damaged one may have no name.
  if (event.type === "EventRaised") return !isReservedName(String(event.name));
  return event.type === "ExecutionSuspended" || event.type === "ExecutionResumed";
}

function isRecordedAction(event: HistoryEvent): event is RecordedAction {
  return (
    event.type === "TaskScheduled" ||
    event.type === "TimerCreated" ||
    event.type === "SubOrchestrationInstanceCreated" ||
    event.type === "EventSent"
  );
}

function completedTooEarly(position: number, completion: CompleteOrchestration): DurableError {
  const { status, failureDetails } = completion;
  const end = failureDetails === undefined ? status : `${status}: ${formatFailure(failureDetails)}`;
  return new DurableError(
    "NondeterministicOrchestration",
    `at event ${position} history has another episode, but the orchestrator has ended by now (${end}). Likely cause: a call was removed from the code while this instance was running, or a branch depends on something that replay cannot repeat.`,
  );
}
