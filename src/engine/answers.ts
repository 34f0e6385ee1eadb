import type { HistoryEvent } from "../core/history-event.ts";

/** A question: an action that something outside answers. */
export type QuestionType = "TaskScheduled" | "TimerCreated" | "SubOrchestrationInstanceCreated";

/** What an event answers. */
export interface Answer {
  /** Number of the question. */
  readonly id: number;
  readonly question: QuestionType;
  /** Of a timer, when it was due: an episode that is repeated after a crash asks for a later one. */
  readonly firedAt?: Date;
}

/** What the event answers; `undefined` for one that answers nothing. */
export function answerIn(event: HistoryEvent): Answer | undefined {
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
