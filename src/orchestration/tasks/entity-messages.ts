import type { EventRaised, EventSent, HistoryEvent } from "../../core/history-event.ts";
import { type EntityAnswer, type EntityRequest, readAnswer } from "../../entities/entity-message.ts";
import { RequestStamps } from "../../entities/request-stamps.ts";
import type { ExternalEvents } from "./external-events.ts";

/** Somebody who waits for the answer to a request. */
export interface AnswerReceiver {
  /** @param requestId as history holds it, which another SDK may have chosen */
  receive(answer: EntityAnswer, requestId: string): void;
}

interface OpenRequest {
  id: string;
  readonly receiver: AnswerReceiver;
}

/**
 * What one execution says to entities, and what they answer.
 *
 * E3. An answer is an event named by the id of its request. One that nobody waits for is kept with the events, because
 *     after a crash it may come before its question.
 */
export class EntityMessages {
  readonly #events: ExternalEvents;
  readonly #stamps = new RequestStamps();
  /** By id, in lower case. */
  readonly #open = new Map<string, OpenRequest>();
  /** Open requests that history does not hold yet, by number of their action. */
  readonly #unrecorded = new Map<number, OpenRequest>();

  constructor(events: ExternalEvents) {
    this.#events = events;
  }

  /** An event is about to be applied. */
  observe(event: HistoryEvent): void {
    this.#stamps.observe(event);
  }

  /** Gives a request its place behind the earlier ones to that entity. */
  stamp(request: EntityRequest, target: string): EntityRequest {
    return this.#stamps.stamp(request, target);
  }

  /** Has the answer delivered; at once, if it has come already. */
  expectAnswer(actionId: number, requestId: string, receiver: AnswerReceiver): void {
    const early = this.#events.take(requestId); // E3
    if (early !== undefined) {
      const answer = readAnswer(early.input);
      if (answer !== undefined) return receiver.receive(answer, requestId);
    }
    const open = { id: requestId, receiver };
    this.#open.set(requestId, open);
    this.#unrecorded.set(actionId, open);
  }

  /** History holds a request. Returns its answer, if that has come already under an id that was not known until now. */
  record(event: EventSent): EventRaised | undefined {
    const request = this.#stamps.record(event);
    const open = this.#unrecorded.get(event.eventId);
    if (request === undefined || open === undefined) return undefined;
    this.#unrecorded.delete(event.eventId);
    const id = request.id.toLowerCase();
    if (id === open.id || !this.#open.has(open.id)) return undefined;
    this.#open.delete(open.id);
    open.id = id;
    this.#open.set(id, open);
    return this.#events.take(id);
  }

  /** Delivers an answer. `false` for an event that answers no open request. */
  receive({ name, input }: EventRaised): boolean {
    if (this.#open.size === 0) return false;
    const id = name.toLowerCase();
    const open = this.#open.get(id);
    const answer = open && readAnswer(input);
    if (open === undefined || answer === undefined) return false;
    this.#open.delete(id);
    open.receiver.receive(answer, id);
    return true;
  }
}
