import type { EventSent, HistoryEvent } from "../core/history-event.ts";
import { type EntityRequest, readRequest } from "./entity-message.ts";
import { MessageSorter } from "./message-sorter.ts";
import { noTime } from "./wire-time.ts";

/**
 * Gives the requests of one execution to entities their places in the order of what they are sent.
 *
 * E1. An episode that is repeated after a crash stamps its requests as before: stamps follow the events, not the clock.
 * E2. What history holds was sent, and counts more than what this code would have sent: ids and stamps of other SDKs.
 */
export class RequestStamps {
  readonly #sorter = new MessageSorter();
  #latestMs = 0;

  /** An event is about to be applied, of history or new. */
  observe(event: HistoryEvent): void {
    const time = messageTime(event)?.getTime();
    if (time !== undefined && time > this.#latestMs) this.#latestMs = time;
  }

  /** History holds a request; `undefined` when the event is none. */
  record({ instanceId, input }: EventSent): EntityRequest | undefined {
    const request = readRequest(input);
    // E2
    if (request !== undefined && request.timestamp !== noTime) this.#sorter.noteSent(instanceId, request);
    return request;
  }

  /** Gives a request its place behind the earlier ones to that entity. */
  stamp(request: EntityRequest, target: string): EntityRequest {
    return this.#sorter.label(request, target, new Date(this.#latestMs)); // E1
  }
}

/** When a message was sent; `undefined` for what an episode itself has recorded, whose times a repeat does not keep. */
function messageTime(event: HistoryEvent): Date | undefined {
  switch (event.type) {
    case "ExecutionStarted":
    case "TaskCompleted":
    case "TaskFailed":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
    case "EventRaised":
    case "ExecutionSuspended":
    case "ExecutionResumed":
      return event.timestamp;
    case "TimerFired":
      return event.fireAt;
    default:
      return undefined;
  }
}
