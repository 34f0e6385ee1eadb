import type { FailureDetails } from "../../core/failure-details.ts";
import type { OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import type { CriticalSection } from "../tasks/critical-section.ts";
import type { EntityMessages } from "../tasks/entity-messages.ts";
import type { ExternalEvents } from "../tasks/external-events.ts";
import type { AwaitObserver, OrchestrationTask } from "../tasks/orchestration-task.ts";

/** Receives the answer to an action. */
export interface PendingAnswer {
  readonly complete: (result: string | undefined) => void;
  readonly fail: (details: FailureDetails) => void;
  /** The task that it settles, of a call or a timer. */
  readonly task?: OrchestrationTask<unknown>;
}

/** What tasks may use of the execution that they belong to. */
export interface ExecutionScope {
  readonly instanceId: string;
  readonly executionId: string;
  /** Time of the current episode (R1). */
  readonly now: Date;
  /** The code has asked to continue as new, or its session is closed: what it calls from now on belongs to no execution. */
  readonly isEnding: boolean;
  readonly dataConverter: DataConverter;
  /** Version of the sub-orchestrations that name none. */
  readonly defaultVersion: string | undefined;
  readonly events: ExternalEvents;
  readonly entities: EntityMessages;
  readonly criticalSection: CriticalSection;
  /** Learns which of its tasks user code awaits. Each execution has its own, by which its tasks are recognised. */
  readonly observer: AwaitObserver;

  /** Guards every call of user code on its context (R2). @throws DurableError `OrchestrationMisuse` outside a turn */
  enterCall(api: string): void;
  createTask<T>(): OrchestrationTask<T>;
  /** A call of user code: it is told of at the end, if nobody has waited for its task by then. */
  watchCall<T extends OrchestrationTask<unknown>>(task: T, name: string): T;
  /** Asks for what `create` makes of the next number. */
  addAction<A extends OrchestratorAction>(create: (id: number) => A): A;
  /** Takes an action back, if history does not hold it yet. */
  withdrawAction(id: number): void;
  /** Has the answer to that action delivered. */
  expectAnswer(id: number, answer: PendingAnswer): void;
  /** Nothing will answer this number any more. */
  forgetAnswer(id: number, task: OrchestrationTask<unknown>): void;
  /** The time of a call is over: {@link forgetAnswer}, and whoever works on it shall know. */
  forsakeAnswer(id: number, task: OrchestrationTask<unknown>): void;
  /** From now on some task may be unable to settle: a timer was cancelled, or a promise mapped. */
  allowUnsettleable(): void;
}
