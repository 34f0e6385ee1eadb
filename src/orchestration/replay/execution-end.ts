import type { FailureDetails } from "../../core/failure-details.ts";
import type { CarryoverEvent, CompleteOrchestration } from "../../core/orchestrator-action.ts";
import type { ExternalEvents } from "../tasks/external-events.ts";

export interface ContinueAsNewRequest {
  readonly input: string | undefined;
  readonly preserveUnprocessedEvents: boolean;
}

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

  /** An event that came after the end. */
  keep(event: CarryoverEvent): void {
    this.#lateEvents.push(event);
  }

  /** The end as an action, with the events for the next execution. */
  describe(completion: CompleteOrchestration, events: ExternalEvents): CompleteOrchestration {
    if (this.#request === undefined) return completion;
    const carryoverEvents = this.#request.preserveUnprocessedEvents
      ? [...events.unprocessed(), ...this.#lateEvents]
      : this.#lateEvents.filter(({ type }) => type !== "EventRaised");
    return { ...completion, carryoverEvents };
  }
}
