import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { OrchestratorAction, SendEvent } from "../../src/core/orchestrator-action.ts";
import type { OrchestrationSession } from "../../src/core/task-executor.ts";
import { applyActions } from "../../src/engine/apply-actions.ts";
import { type EntityRequest, formatAnswer, lockGrantedResult, readRequest } from "../../src/entities/entity-message.ts";
import type { Orchestrator } from "../../src/orchestration/orchestrator.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
} from "../../src/testing/history-builder.ts";
import { openSession } from "./run-episode.ts";

/** An orchestration that uses entities, run episode by episode, with its whole history. */
export class EntityUser {
  readonly history: HistoryEvent[] = [];
  readonly #session: OrchestrationSession;
  #unseen: HistoryEvent[] = [];
  #seconds = 0;

  constructor(orchestrator: Orchestrator) {
    this.#session = openSession(orchestrator);
  }

  /** One episode with these messages, after the start in the first. Returns what the code has asked for. */
  async run(...messages: readonly HistoryEvent[]): Promise<readonly OrchestratorAction[]> {
    const start = this.history.length === 0 ? [executionStarted("test")] : [];
    const newEvents = [episodeStarted(this.#seconds), ...start, ...messages];
    const { actions } = await this.#session.execute({ pastEvents: this.#unseen, newEvents });
    const { events } = applyActions(executionStarted("test"), actions, at(this.#seconds));
    this.#unseen = [...events, episodeCompleted()];
    this.history.push(...newEvents, ...this.#unseen);
    this.#seconds += 10;
    return actions;
  }
}

/** The requests to entities among some actions. */
export function requestsOf(
  actions: readonly OrchestratorAction[],
): readonly (EntityRequest & { readonly to: string })[] {
  return sent(actions).flatMap(({ instanceId, input }) => {
    const request = readRequest(input);
    return request === undefined ? [] : { ...request, to: instanceId };
  });
}

export function sent(actions: readonly OrchestratorAction[]): readonly SendEvent[] {
  return actions.filter((action) => action.kind === "SendEvent");
}

/** The event that answers a request. */
export function answerTo({ id }: { readonly id: string }, result?: unknown): HistoryEvent {
  const text = result === undefined ? undefined : JSON.stringify(result);
  return { ...eventRaised(id), input: formatAnswer({ kind: "completed", result: text }) } as HistoryEvent;
}

export function failureTo({ id }: { readonly id: string }, errorMessage: string, errorType = "Error"): HistoryEvent {
  const failureDetails = { errorType, errorMessage, isNonRetriable: false };
  return { ...eventRaised(id), input: formatAnswer({ kind: "failed", failureDetails }) } as HistoryEvent;
}

export function grantOf({ id }: { readonly id: string }): HistoryEvent {
  return {
    ...eventRaised(id),
    input: formatAnswer({ kind: "completed", result: lockGrantedResult }),
  } as HistoryEvent;
}

/** How an orchestration has ended: its output, or the message of its failure. */
export function endOf(actions: readonly OrchestratorAction[]): unknown {
  const last = actions.at(-1);
  if (last?.kind !== "CompleteOrchestration") throw new Error(`not completed: ${JSON.stringify(actions)}`);
  if (last.failureDetails !== undefined) return last.failureDetails.errorMessage;
  return last.result === undefined ? undefined : JSON.parse(last.result);
}
