import type { FailureDetails } from "../core/failure-details.ts";
import type {
  ExecutionStarted,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  SubOrchestrationInstanceFailed,
  TaskFailed,
} from "../core/history-event.ts";
import { answerIn } from "./answers.ts";
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
 */
export function planRewind(history: readonly HistoryEvent[]): RewindPlan {
  const end = history.findLastIndex((event) => event.type === "ExecutionCompleted" && isFailed(event));
  const answers = pairAnswers(history);
  const { unhandled, consequences } = findUnhandled(history, end, answers);
  const undone = new Set(end < 0 ? consequences : [end, ...consequences]);
  const openChildren: OpenChild[] = [];
  const undoQuestion = (index: number) => {
    const event = history[index]!;
    if (event.type !== "SubOrchestrationInstanceCreated") undone.add(index);
    else if (!isFireAndForget(event.tags)) openChildren.push({ created: event, index });
  };
  for (const { index } of unhandled) {
    const question = answers.questionOf.get(index);
    undone.add(index);
    if (question === undefined) continue;
    undoQuestion(question);
    for (const answer of answers.byQuestion.get(question) ?? []) undone.add(answer);
  }
  for (const [question, { length }] of answers.byQuestion) if (length === 0) undoQuestion(question);
  return { undone: [...undone].sort((a, b) => a - b), openChildren };
}

interface Unhandled {
  readonly unhandled: readonly Failure[];
  /** Places of what the code decided because of them, and will not decide again: nobody else undoes those. */
  readonly consequences: readonly number[];
}

/**
 * Unhandled are all failures after the last decision. What the last episode decided does not count, as nothing has come
 * of it yet, unless the code ended by itself and will decide the same again. An earlier failure is unhandled if the code
 * did not act upon it (an `all` that goes on waiting) and the end names it; to take all of them, when there is no later
 * one, would break the replay where the code had handled some.
 */
function findUnhandled(history: readonly HistoryEvent[], end: number, answers: Answers): Unhandled {
  if (end < 0) return { unhandled: [], consequences: [] };
  const failures = answers.first.filter((answer): answer is Failure => isFailure(answer.event));
  const withoutConsequence = failuresWithoutConsequence(history);
  const byPlace = new Map(failures.map((failure) => [failure.index, failure]));
  const split = (decision: number) => ({
    late: failures.filter(({ index }) => index > decision),
    early: withoutConsequence.flatMap((index) => (index < decision ? (byPlace.get(index) ?? []) : [])),
  });

  const lastEpisode = history.findLastIndex(({ type }) => type === "OrchestratorStarted");
  const isOfLastEpisode = (event: HistoryEvent, index: number) =>
    index > lastEpisode && (event.type === "EventSent" || answers.byQuestion.get(index)?.length === 0);
  const suspects = split(history.findLastIndex((event, index) => isDecision(event) && !isOfLastEpisode(event, index)));
  const isEndOfItsOwn =
    failures.every(({ index }) => index < lastEpisode) &&
    textNaming(history[end], [...suspects.late, ...suspects.early]) === "";
  const { late, early } = isEndOfItsOwn ? split(history.findLastIndex(isDecision)) : suspects;
  const places = history.flatMap((event, index) => (isOfLastEpisode(event, index) ? [index] : []));
  return {
    unhandled: [...late, ...findNamed(history[end], late, early)],
    // Children are looked at before they are undone, but for those that answer nobody.
    consequences: isEndOfItsOwn ? [] : places.filter((index) => !isAwaitedChild(history[index]!)),
  };
}

function isAwaitedChild(event: HistoryEvent): boolean {
  return event.type === "SubOrchestrationInstanceCreated" && !isFireAndForget(event.tags);
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
    const answered = answerIn(event);
    if (isQuestion(event)) {
      latest.set(event.eventId, index);
      byQuestion.set(index, []);
    } else if (answered !== undefined) {
      const question = latest.get(answered.id);
      if (question === undefined) first.push({ index, event });
      else if (history[question]!.type === answered.question) {
        const known = byQuestion.get(question)!;
        if (known.length === 0) first.push({ index, event });
        known.push(index);
        questionOf.set(index, question);
      }
    }
  }
  return { byQuestion, questionOf, first };
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

/**
 * Places of the failures that the code need not have acted upon, although history goes on: no decision follows in their
 * episode, or it may be due to another event of the same episode. The less certain come first.
 */
function failuresWithoutConsequence(history: readonly HistoryEvent[]): readonly number[] {
  const certain: number[] = [];
  const uncertain: number[] = [];
  let ofEpisode: number[] = [];
  let beforeDecision: number[] = [];
  let answers = 0;
  let isSuspended = false;
  for (const [index, event] of history.entries()) {
    if (event.type === "ExecutionSuspended" || event.type === "ExecutionResumed") {
      isSuspended = event.type === "ExecutionSuspended";
    }
    if (event.type === "OrchestratorStarted") {
      certain.push(...ofEpisode);
      if (answers > 1) uncertain.push(...beforeDecision);
      [ofEpisode, beforeDecision, answers] = [[], [], 0];
    } else if (event.eventId >= 0) {
      // Also what an earlier rewind has undone: it keeps its number, and was a decision.
      beforeDecision.push(...ofEpisode);
      ofEpisode = [];
    }
    if (event.type === "EventRaised" || answerIn(event) !== undefined) answers++;
    if (isFailure(event) && !isSuspended) ofEpisode.push(index);
  }
  return [...uncertain, ...certain];
}

/** Those of the early failures that the end tells of, besides the late ones. */
function findNamed(
  end: HistoryEvent | undefined,
  late: readonly Failure[],
  early: readonly Failure[],
): readonly Failure[] {
  let text = textNaming(end, [...late, ...early]);
  const isNamed = (failure: Failure) => {
    const isFound = names(text, failure);
    if (isFound) text = text.replace(messageOf(failure.event), () => "");
    return isFound;
  };
  for (const failure of late) isNamed(failure);
  return early.toReversed().filter(isNamed);
}

/** The outermost message of the end that names one of the failures; empty if none does. */
function textNaming(end: HistoryEvent | undefined, failures: readonly Failure[]): string {
  if (end?.type !== "ExecutionCompleted") return "";
  const texts = [...messagesOf(end.failureDetails), end.result ?? ""];
  return texts.find((text) => failures.some((failure) => names(text, failure))) ?? "";
}

function names(text: string, { event }: Failure): boolean {
  const message = messageOf(event);
  return message !== "" && text.includes(message);
}

function messageOf({ failureDetails, reason }: Failure["event"]): string {
  return failureDetails?.errorMessage ?? reason ?? "";
}

function messagesOf(failure: FailureDetails | undefined): readonly string[] {
  return failure === undefined ? [] : [failure.errorMessage, ...messagesOf(failure.innerFailure)];
}
