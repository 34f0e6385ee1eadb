import { DurableError } from "../../core/errors.ts";
import { type FailureDetails, formatFailure } from "../../core/failure-details.ts";
import type { ExecutionCompleted, HistoryEvent } from "../../core/history-event.ts";
import type { OrchestrationRuntimeStatus } from "../../core/orchestration-status.ts";
import type { CarryoverEvent, CompleteOrchestration } from "../../core/orchestrator-action.ts";
import { isReservedName } from "../../core/reserved-names.ts";
import { isAnswerEvent } from "../../entities/entity-message.ts";
import type { ExternalEvents } from "../tasks/external-events.ts";
import { nondeterminismCure } from "./action-ledger.ts";
import type { ContinueAsNewRequest } from "./context-scope.ts";

/**
 * How an execution ends.
 *
 *   running ──continueAsNew asked──▶ ending ──turn over──▶ completed
 *      └──────────────returned, threw, terminated─────────────┘
 */
export class ExecutionEnd {
  #request: ContinueAsNewRequest | undefined;
  #completion: CompleteOrchestration | undefined;
  readonly #lateEvents: CarryoverEvent[] = [];
  /** How the execution has ended by its history. */
  #recordedStatus: OrchestrationRuntimeStatus | undefined;
  /** The code has ended in an episode whose record knows of no end. */
  #isUnrecorded = false;

  /** Set once the code has asked to continue as new. */
  get request(): ContinueAsNewRequest | undefined {
    return this.#request;
  }

  get completion(): CompleteOrchestration | undefined {
    return this.#completion;
  }

  continueAsNew(request: ContinueAsNewRequest): void {
    this.#request = request;
  }

  /** The first completion stands. */
  complete(
    id: number,
    status: CompleteOrchestration["status"],
    result: string | undefined,
    failureDetails: FailureDetails | undefined,
  ): void {
    this.#completion ??= {
      kind: "CompleteOrchestration",
      id,
      status,
      result,
      failureDetails,
      carryoverEvents: [],
      newVersion: undefined,
    };
  }

  /** Takes everything back: the execution cannot be replayed, so its end is not one that its code decided. */
  withdraw(): void {
    this.#request = undefined;
    this.#completion = undefined;
  }

  /** History has the end of the execution. */
  record(event: ExecutionCompleted): void {
    this.#recordedStatus = event.orchestrationStatus;
  }

  get isRecorded(): boolean {
    return this.#recordedStatus !== undefined;
  }

  /** `false` when history has another end, or goes on. */
  get fitsHistory(): boolean {
    if (this.#recordedStatus === undefined) return !this.#isUnrecorded;
    return this.#recordedStatus === this.#completion?.status;
  }

  /** An event that came after the end. */
  keep(event: HistoryEvent): void {
    if (event.type === "OrchestratorCompleted") this.#isUnrecorded = true;
    else if (isCarriedOver(event)) this.#lateEvents.push(event);
  }

  /** The end as an action, with the events for the next execution. */
  describe(completion: CompleteOrchestration, events: ExternalEvents): CompleteOrchestration {
    if (this.#request === undefined) return completion;
    const carryoverEvents = this.#request.preserveUnprocessedEvents
      ? [...events.unprocessed(), ...this.#lateEvents].filter((event) => !isAnswer(event))
      : this.#lateEvents.filter(({ type }) => type !== "EventRaised");
    return { ...completion, carryoverEvents };
  }
}

/** Nobody in another execution waits for the answer of an entity. */
function isAnswer(event: CarryoverEvent): boolean {
  return event.type === "EventRaised" && isAnswerEvent(event);
}

function isCarriedOver(event: HistoryEvent): event is CarryoverEvent {
  // Events that come after the end are not checked, so that a damaged one may have no name.
  if (event.type === "EventRaised") return !isReservedName(String(event.name));
  return event.type === "ExecutionSuspended" || event.type === "ExecutionResumed";
}

/** The code has ended where history goes on. */
export function endedTooEarly(position: number, completion: CompleteOrchestration): DurableError {
  const { status, failureDetails } = completion;
  const end = failureDetails === undefined ? status : `${status}: ${formatFailure(failureDetails)}`;
  return new DurableError(
    "NondeterministicOrchestration",
    `at event ${position} history has another episode, but the orchestrator has ended by now (${end}). Likely cause: a call was removed from the code while this instance was running, or a branch depends on something that replay cannot repeat. ${nondeterminismCure}`,
  );
}
