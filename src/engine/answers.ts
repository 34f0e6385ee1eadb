import type { HistoryEvent } from "../core/history-event.ts";
import type { TaskMessage } from "../core/task-message.ts";
import { isAnswerEvent } from "../entities/entity-message.ts";

/** A question: an action that something outside answers. */
export type QuestionType = "TaskScheduled" | "TimerCreated" | "SubOrchestrationInstanceCreated";

/** What an event answers: a numbered question, or the request to an entity of that id. */
export type Answer = NumberedAnswer | { readonly requestId: string };

export interface NumberedAnswer {
  /** Number of the question. */
  readonly id: number;
  readonly question: QuestionType;
  /** Of a timer, when it was due: an episode that is repeated after a crash asks for a later one. */
  readonly firedAt?: Date;
}

/** What the message answers; `undefined` for one that answers nothing. */
export function answerOfMessage({ event, target }: TaskMessage): Answer | undefined {
  // Entities answer one execution; events of others are for whichever is current.
  const mayBeOfEntity = event.type === "EventRaised" && target.executionId !== undefined;
  if (mayBeOfEntity) return isAnswerEvent(event) ? { requestId: event.name } : undefined;
  return answerIn(event);
}

/** What the event answers, unless it is a request to an entity; `undefined` for one that answers nothing. */
export function answerIn(event: HistoryEvent): NumberedAnswer | undefined {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
      return { id: event.taskScheduledId, question: "TaskScheduled" };
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return { id: event.taskScheduledId, question: "SubOrchestrationInstanceCreated" };
    case "TimerFired":
      return { id: event.timerId, question: "TimerCreated", firedAt: event.fireAt };
    default:
      return undefined;
  }
}
