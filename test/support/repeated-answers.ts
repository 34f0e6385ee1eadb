import type { HistoryEvent } from "../../src/core/history-event.ts";

/** Answers in a history to a question that had one: `2: TaskCompleted and TaskFailed`. What a rewind has undone does not count. */
export function repeatedAnswersIn(history: readonly HistoryEvent[]): readonly string[] {
  const answers = new Map<number, string[]>();
  for (const event of history) {
    switch (event.type) {
      case "TaskCompleted":
      case "TaskFailed":
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        answers.set(event.taskScheduledId, [...(answers.get(event.taskScheduledId) ?? []), event.type]);
        break;
      case "TimerFired":
        answers.set(event.timerId, [...(answers.get(event.timerId) ?? []), event.type]);
    }
  }
  return [...answers].flatMap(([id, types]) => (types.length > 1 ? [`${id}: ${types.join(" and ")}`] : []));
}
