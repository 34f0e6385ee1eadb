import type { FailureDetails } from "../core/failure-details.ts";
import type {
  ExecutionStarted,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  SubOrchestrationInstanceFailed,
  TaskFailed,
} from "../core/history-event.ts";
import { HistorySummary } from "./history-summary.ts";
import { isFireAndForget, waitingParentOf } from "./parent-answers.ts";

/** What a rewind does to the history of one execution. */
export interface RewindPlan {
  /** Places of the events that replay shall skip: they become generic events. In order. */
  readonly undone: readonly number[];
  /** Children whose answer is missing, or was a failure that is undone. */
  readonly openChildren: readonly OpenChild[];
}

export interface OpenChild {
  readonly created: SubOrchestrationInstanceCreated;
  /** Place of `created`, which is undone too unless the child {@link isFailedChild}. */
  readonly index: number;
}

interface Failure {
  readonly index: number;
  readonly event: TaskFailed | SubOrchestrationInstanceFailed;
}

/**
 * Undoes the failures that ended an execution, with the tasks that failed, and the tasks that nothing has answered: the
 * code asks for them again, under their numbers. A failure that the code has handled stays, because the decisions that
 * followed from it stay.
 *
 * Unhandled are all failures after the last decision but for what the last episode decided, of which nothing has
 * come yet. An earlier one is unhandled if its own episode decided nothing (an `all` that goes on waiting) and the end
 * names it; to undo all of them, when there is no later one, would break the replay where the code had handled some.
 */
export function planRewind(history: readonly HistoryEvent[]): RewindPlan {
  const end = history.findLastIndex((event) => event.type === "ExecutionCompleted" && isFailed(event));
  const answers = pairAnswers(history);
  const isUnanswered = (index: number) => answers.byQuestion.get(index)?.length === 0;
  const failures = end < 0 ? [] : answers.first.filter((answer): answer is Failure => isFailure(answer.event));
  const lastEpisode = history.findLastIndex(({ type }) => type === "OrchestratorStarted");
  const isLastUndone = failures.some(({ index }) => index > lastEpisode);
  const isOfLastEpisode = (index: number) =>
    isLastUndone && index > lastEpisode && (isUnanswered(index) || history[index]!.type === "EventSent");

  const lastDecision = history.findLastIndex((event, index) => isDecision(event) && !isOfLastEpisode(index));
  const late = failures.filter(({ index }) => index > lastDecision);
  const withoutConsequence = failuresWithoutConsequence(history);
  const early = failures.filter(({ index }) => index < lastDecision && withoutConsequence.has(index));
  const unhandled = [...late, ...findNamed(history[end], late, early)];

  const undone = new Set<number>(end < 0 ? [] : [end]);
  const openChildren: OpenChild[] = [];
  const undoQuestion = (index: number) => {
    const event = history[index]!;
    if (event.type !== "SubOrchestrationInstanceCreated") undone.add(index);
    else if (!isFireAndForget(event.tags)) openChildren.push({ created: event, index });
    else if (isOfLastEpisode(index)) undone.add(index);
  };
  for (const { index } of unhandled) {
    const question = answers.questionOf.get(index);
    undone.add(index);
    if (question === undefined) continue;
    undoQuestion(question);
    for (const answer of answers.byQuestion.get(question) ?? []) undone.add(answer);
  }
  for (const [index, event] of history.entries()) {
    if (isUnanswered(index)) undoQuestion(index);
    else if (event.type === "EventSent" && isOfLastEpisode(index)) undone.add(index);
  }
  return { undone: [...undone].sort((a, b) => a - b), openChildren };
}

/** `true` for a child that has ended as failed and is to be rewound; any other is started again, and knows the repeat. */
export function isFailedChild(
  history: readonly HistoryEvent[],
  created: SubOrchestrationInstanceCreated,
  parent: ExecutionStarted | undefined,
): boolean {
  const { started, completed } = HistorySummary.of(history);
  const waiting = started && waitingParentOf(started);
  if (completed === undefined || !isFailed(completed) || waiting === undefined || parent === undefined) return false;
  return (
    waiting.taskScheduleId === created.eventId &&
    waiting.orchestrationInstance.instanceId === parent.orchestrationInstance.instanceId &&
    waiting.orchestrationInstance.executionId === parent.orchestrationInstance.executionId
  );
}

interface Answers {
  /** Places of all answers, by the place of what they answer. */
  readonly byQuestion: ReadonlyMap<number, readonly number[]>;
  readonly questionOf: ReadonlyMap<number, number>;
  /** The answers that counted: the first to each question, and those to what an earlier rewind has undone. */
  readonly first: readonly { readonly index: number; readonly event: HistoryEvent }[];
}

function pairAnswers(history: readonly HistoryEvent[]): Answers {
  const latest = new Map<number, number>();
  const byQuestion = new Map<number, number[]>();
  const questionOf = new Map<number, number>();
  const first: { index: number; event: HistoryEvent }[] = [];
  for (const [index, event] of history.entries()) {
    const answered = answeredBy(event);
    if (isQuestion(event)) {
      latest.set(event.eventId, index);
      byQuestion.set(index, []);
    } else if (answered !== undefined) {
      const question = latest.get(answered.id);
      if (question === undefined) first.push({ index, event });
      else if (history[question]!.type === answered.type) {
        const known = byQuestion.get(question)!;
        if (known.length === 0) first.push({ index, event });
        known.push(index);
        questionOf.set(index, question);
      }
    }
  }
  return { byQuestion, questionOf, first };
}

function answeredBy(event: HistoryEvent): { readonly id: number; readonly type: HistoryEvent["type"] } | undefined {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
      return { id: event.taskScheduledId, type: "TaskScheduled" };
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return { id: event.taskScheduledId, type: "SubOrchestrationInstanceCreated" };
    case "TimerFired":
      return { id: event.timerId, type: "TimerCreated" };
    default:
      return undefined;
  }
}

function isQuestion({ type }: HistoryEvent): boolean {
  return type === "TaskScheduled" || type === "TimerCreated" || type === "SubOrchestrationInstanceCreated";
}

function isDecision(event: HistoryEvent): boolean {
  return isQuestion(event) || event.type === "EventSent";
}

function isFailure(event: HistoryEvent): event is Failure["event"] {
  return event.type === "TaskFailed" || event.type === "SubOrchestrationInstanceFailed";
}

function isFailed(event: HistoryEvent): boolean {
  return event.type === "ExecutionCompleted" && event.orchestrationStatus === "Failed";
}

/** Places of the failures that the code took note of at once, in an episode that decided nothing afterwards. */
function failuresWithoutConsequence(history: readonly HistoryEvent[]): ReadonlySet<number> {
  const found = new Set<number>();
  let ofEpisode: number[] = [];
  let isSuspended = false;
  for (const [index, event] of history.entries()) {
    if (event.type === "ExecutionSuspended" || event.type === "ExecutionResumed") {
      isSuspended = event.type === "ExecutionSuspended";
    }
    if (event.type === "OrchestratorStarted") {
      for (const failure of ofEpisode) found.add(failure);
      ofEpisode = [];
    } else if (isFailure(event) && !isSuspended) ofEpisode.push(index);
    // What an earlier rewind has undone keeps its number, and was a decision.
    else if (event.eventId >= 0) ofEpisode = [];
  }
  return found;
}

/** Those of the early failures that the end tells of, besides the late ones. */
function findNamed(
  end: HistoryEvent | undefined,
  late: readonly Failure[],
  early: readonly Failure[],
): readonly Failure[] {
  if (end?.type !== "ExecutionCompleted") return [];
  const names = (text: string, { event }: Failure) => messageOf(event) !== "" && text.includes(messageOf(event));
  const texts = [...messagesOf(end.failureDetails), end.result ?? ""];
  let text = texts.find((each) => [...late, ...early].some((failure) => names(each, failure))) ?? "";
  const isNamed = (failure: Failure) => {
    const isFound = names(text, failure);
    if (isFound) text = text.replace(messageOf(failure.event), () => "");
    return isFound;
  };
  for (const failure of late) isNamed(failure);
  return early.toReversed().filter(isNamed);
}

function messageOf({ failureDetails, reason }: Failure["event"]): string {
  return failureDetails?.errorMessage ?? reason ?? "";
}

function messagesOf(failure: FailureDetails | undefined): readonly string[] {
  return failure === undefined ? [] : [failure.errorMessage, ...messagesOf(failure.innerFailure)];
}
