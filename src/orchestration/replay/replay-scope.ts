import type { ExecutionStarted } from "../../core/history-event.ts";
import type { OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import type { LogLevel } from "../../core/ports.ts";
import { CriticalSection } from "../tasks/critical-section.ts";
import type { EntityMessages } from "../tasks/entity-messages.ts";
import type { ExternalEvents } from "../tasks/external-events.ts";
import type { AwaitObserver, OrchestrationTask } from "../tasks/orchestration-task.ts";
import type { ActionLedger } from "./action-ledger.ts";
import type { ContextScope, ContinueAsNewRequest } from "./context-scope.ts";
import { deterministicGuid } from "./deterministic-guid.ts";
import type { ExecutionEnd } from "./execution-end.ts";
import type { PendingAnswer } from "./execution-scope.ts";
import type { OpenTasks } from "./open-tasks.ts";
import type { Patches } from "./patches.ts";
import type { StartedOrchestration } from "./started-orchestration.ts";
import type { TurnRunner } from "./turn-runner.ts";

/** Where an execution stands in its stream of events. */
export interface ReplayPosition {
  /** Time of the current episode; absent before the first one has begun. */
  now: Date | undefined;
  isReplaying: boolean;
}

/** The parts of one execution that its code acts on. */
export interface ExecutionParts {
  readonly position: ReplayPosition;
  readonly ledger: ActionLedger;
  readonly openTasks: OpenTasks;
  readonly events: ExternalEvents;
  readonly entities: EntityMessages;
  readonly patches: Patches;
  readonly turns: TurnRunner;
  readonly end: ExecutionEnd;
  readonly log: (level: LogLevel, name: string, args: readonly unknown[]) => void;
}

/** What the code of an execution can reach of it, once it has started. */
export class ReplayScope implements ContextScope {
  readonly started: ExecutionStarted;
  readonly dataConverter: DataConverter;
  readonly events: ExternalEvents;
  readonly entities: EntityMessages;
  readonly criticalSection: CriticalSection = new CriticalSection();
  readonly observer: AwaitObserver;
  readonly #orchestration: StartedOrchestration;
  readonly #parts: ExecutionParts;
  #customStatus: string | undefined;
  #guids = 0;

  constructor(orchestration: StartedOrchestration, parts: ExecutionParts) {
    this.started = orchestration.started;
    this.dataConverter = orchestration.dataConverter;
    this.events = parts.events;
    this.entities = parts.entities;
    this.observer = parts.turns;
    this.#orchestration = orchestration;
    this.#parts = parts;
  }

  get instanceId(): string {
    return this.started.orchestrationInstance.instanceId;
  }

  get executionId(): string {
    return this.started.orchestrationInstance.executionId;
  }

  get now(): Date {
    return this.#parts.position.now ?? this.started.timestamp;
  }

  get isReplaying(): boolean {
    return this.#parts.position.isReplaying;
  }

  get isEnding(): boolean {
    return this.#parts.end.request !== undefined || this.#parts.turns.isClosed;
  }

  get defaultVersion(): string | undefined {
    return this.#orchestration.code.versioning?.version;
  }

  get customStatus(): string | undefined {
    return this.#customStatus;
  }

  setCustomStatus(text: string | undefined): void {
    this.#customStatus = text;
  }

  readInput(): unknown {
    return this.#orchestration.readInput();
  }

  enterCall(api: string): void {
    this.#parts.turns.assertInside(api);
  }

  createTask<T>(): OrchestrationTask<T> {
    return this.#parts.turns.createTask<T>();
  }

  watchCall<T extends OrchestrationTask<unknown>>(task: T, name: string): T {
    if (!this.isEnding) this.#parts.turns.watchCall(task, name);
    return task;
  }

  addAction<A extends OrchestratorAction>(create: (id: number) => A): A {
    return this.#parts.ledger.add(create);
  }

  withdrawAction(id: number): void {
    this.#parts.ledger.withdraw(id);
  }

  expectAnswer(id: number, answer: PendingAnswer): void {
    this.#parts.openTasks.add(id, answer);
  }

  forgetAnswer(id: number, task: OrchestrationTask<unknown>): void {
    this.#parts.openTasks.remove(id);
    this.#parts.turns.forget(task);
  }

  forsakeAnswer(id: number, task: OrchestrationTask<unknown>): void {
    this.#parts.openTasks.forsake(id);
    this.#parts.turns.forget(task);
  }

  allowUnsettleable(): void {
    this.#parts.turns.allowUnsettleable();
  }

  continueAsNew(request: ContinueAsNewRequest): void {
    this.#parts.end.continueAsNew(request);
  }

  isPatched(patchId: string): boolean {
    return this.#parts.patches.isPatched(patchId, this.isReplaying);
  }

  newGuid(instanceId: string): string {
    return deterministicGuid(instanceId, this.executionId, this.now, this.#guids++);
  }

  log(level: LogLevel, args: readonly unknown[]): void {
    if (!this.isReplaying && !this.#parts.turns.isClosed) this.#parts.log(level, this.started.name, args);
  }
}
