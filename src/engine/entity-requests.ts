import { isEntityInstanceId } from "../core/entity-id.ts";
import type { EventSent } from "../core/history-event.ts";
import { readRequest } from "../entities/entity-message.ts";

/** What becomes of an answer, given the history it meets. */
export type AnswerFate = "wanted" | "repeated" | "early";

/** The requests of one execution that entities answer, by their ids: GUIDs, in either case. */
export class EntityRequests {
  /** Whether it is answered. Absent before the first request. */
  #requests: Map<string, boolean> | undefined;

  ask({ instanceId, input }: EventSent): void {
    if (typeof instanceId !== "string" || !isEntityInstanceId(instanceId)) return;
    const request = readRequest(input);
    if (request === undefined || request.isSignal) return;
    this.#requests ??= new Map();
    this.#requests.set(request.id.toLowerCase(), false);
  }

  /** An event of that name has come. */
  answer(name: string): void {
    if (this.#requests === undefined) return;
    const id = name.toLowerCase();
    if (this.#requests.has(id)) this.#requests.set(id, true);
  }

  fateOfAnswer(requestId: string): AnswerFate {
    const isAnswered = this.#requests?.get(requestId.toLowerCase());
    if (isAnswered === undefined) return "early";
    return isAnswered ? "repeated" : "wanted";
  }
}
