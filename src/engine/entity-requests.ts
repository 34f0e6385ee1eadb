import { isEntityInstanceId } from "../core/entity-id.ts";
import type { EventSent } from "../core/history-event.ts";
import { readRequest } from "../entities/entity-message.ts";

/** What becomes of an answer, given the history it meets. */
export type AnswerFate = "wanted" | "repeated" | "early";

/** The requests of one execution that entities answer, by their ids. */
export class EntityRequests {
  /** Whether it is answered. Absent before the first request. */
  #requests: Map<string, boolean> | undefined;

  ask({ instanceId, input }: EventSent): void {
    if (typeof instanceId !== "string" || !isEntityInstanceId(instanceId)) return;
    const request = readRequest(input);
    if (request === undefined || request.isSignal) return;
    this.#requests ??= new Map();
    this.#requests.set(request.id, false);
  }

  /** An event of that name has come. */
  answer(name: string): void {
    if (this.#requests?.has(name) === true) this.#requests.set(name, true);
  }

  fateOfAnswer(requestId: string): AnswerFate {
    const isAnswered = this.#requests?.get(requestId);
    if (isAnswered === undefined) return "early";
    return isAnswered ? "repeated" : "wanted";
  }
}
