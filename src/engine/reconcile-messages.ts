import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import { type Answer, answerOfMessage } from "./answers.ts";
import type { DeliveredMessage } from "./backend.ts";
import type { HistorySummary } from "./history-summary.ts";
import { isFireAndForget, waitingParentOf } from "./parent-answers.ts";

/** What becomes of each message of a work item, given the history it meets. */
export interface Reconciliation {
  /** The start of the execution that this episode begins, in place of whatever the history holds. */
  readonly start: ExecutionStarted | undefined;
  /** Go into history, in this order; the start first. */
  readonly accepted: readonly DeliveredMessage[];
  /** Have no effect any more: repeats, and messages for an execution that is over. */
  readonly discarded: readonly DeliveredMessage[];
  /** Start a child for a parent that waits, under an id that another execution holds: the parent has to be told. */
  readonly refused: readonly DeliveredMessage[];
  /** Came too early: answers whose question is not in history yet. */
  readonly deferred: readonly DeliveredMessage[];
  /** Timers that the code waits for no more: they need no episode, and no place in history. */
  readonly idle: readonly DeliveredMessage[];
  /** For an instance that has neither history nor a start among its messages; nothing is decided about these. */
  readonly orphaned: readonly DeliveredMessage[];
}

/** The start of a child waits so often for an earlier child of its parent to give the id up. */
const maxHeldDeliveries = 5;
/** An answer to a question that never appears is given up after this many deliveries. */
const maxEarlyDeliveries = 10;

/**
 * Sorts the messages of one work item.
 *
 * - A message that has been accepted before is a repeat, known by its id; so is the answer to a question that has one.
 * - A start begins a new execution when there is none, or when the present one has ended and was started by another
 *   message. Any other start is a repeat, or it is refused: the id is in use.
 * - A start waits for a while, instead of being refused, when an earlier child of the same parent holds the id.
 * - A message for an exact execution counts for that execution only.
 * - A failure that a rewind has undone is a repeat, whoever accepted it.
 * - An answer is accepted only once history holds its question; until then it waits, because the checkpoint that asks
 *   may still be on its way.
 */
export function reconcileMessages(
  history: HistorySummary,
  messages: readonly DeliveredMessage[],
  acceptedIds: readonly string[] = [],
): Reconciliation {
  const taken = new Set(acceptedIds);
  const startMessage = messages.find(({ id, message: { event } }) => {
    return event.type === "ExecutionStarted" && !taken.has(id) && isNewStart(history, event);
  });
  const start = startMessage?.message.event as ExecutionStarted | undefined;
  const current = start ?? history.started;
  if (current === undefined) {
    return { start: undefined, accepted: [], discarded: [], refused: [], deferred: [], idle: [], orphaned: messages };
  }

  const accepted: DeliveredMessage[] = startMessage === undefined ? [] : [startMessage];
  const discarded: DeliveredMessage[] = [];
  const refused: DeliveredMessage[] = [];
  const deferred: DeliveredMessage[] = [];
  const hasEnded = start === undefined && history.completed !== undefined;
  if (startMessage !== undefined) taken.add(startMessage.id);
  const answered = new Set<number | string>();
  for (const delivered of messages) {
    if (delivered === startMessage) continue;
    const { event, target } = delivered.message;
    const isForAnother =
      target.executionId !== undefined && target.executionId !== current.orchestrationInstance.executionId;
    if (isRefused(current, hasEnded, event)) {
      const mayEnd =
        start === undefined && isEarlierChild(current, event) && delivered.deliveryCount < maxHeldDeliveries;
      (mayEnd ? deferred : refused).push(delivered);
    } else if (isForAnother && mayBeAhead(delivered)) deferred.push(delivered);
    else if (hasEnded || isForAnother || !isForExecution(event) || taken.has(delivered.id)) discarded.push(delivered);
    else {
      const answer = answerOfMessage(delivered.message);
      const isUndone = start === undefined && history.hasUndone(event);
      const fate = isUndone ? "repeated" : answer && (start === undefined ? history.fateOfAnswer(answer) : "early");
      const isGivenUp = fate === "early" && delivered.deliveryCount >= maxEarlyDeliveries;
      if (fate === "repeated" || isGivenUp || (answer && answered.has(keyOf(answer)))) discarded.push(delivered);
      else if (fate === "early") deferred.push(delivered);
      else {
        accepted.push(delivered);
        taken.add(delivered.id);
        if (answer !== undefined) answered.add(keyOf(answer));
      }
    }
  }
  return { start, accepted, discarded, refused, deferred, idle: [], orphaned: [] };
}

/**
 * Sets the timers apart that nobody waits for any more: those of calls that were answered within their time.
 *
 * @param waitsForTimer as the live session says, which has seen the whole history
 */
export function withoutIdleTimers(
  messages: Reconciliation,
  waitsForTimer: (timerId: number) => boolean,
): Reconciliation {
  const isIdle = ({ message: { event } }: DeliveredMessage) =>
    event.type === "TimerFired" && !waitsForTimer(event.timerId);
  if (!messages.accepted.some(isIdle)) return messages;
  const accepted = messages.accepted.filter((delivered) => !isIdle(delivered));
  return { ...messages, accepted, idle: messages.accepted.filter(isIdle) };
}

/**
 * `true` for the answer of an entity to an execution that is not known here: it may be one whose first checkpoint was
 * lost, and asks again. An entity answers a question once.
 */
export function mayBeAhead({ message, deliveryCount }: DeliveredMessage): boolean {
  const answer = answerOfMessage(message);
  return answer !== undefined && "requestId" in answer && deliveryCount < maxEarlyDeliveries;
}

/**
 * `true` for a message whose repeat only its id tells: it answers nothing. A start is told by its execution as well, but
 * not any more when that has continued as new and the last execution has ended too.
 */
export function isKnownByIdAlone({ message }: DeliveredMessage): boolean {
  return answerOfMessage(message) === undefined;
}

function keyOf(answer: Answer): number | string {
  return "id" in answer ? answer.id : answer.requestId.toLowerCase();
}

function isNewStart(history: HistorySummary, event: ExecutionStarted): boolean {
  const { started, completed } = history;
  if (started === undefined) return true;
  if (completed === undefined) return false;
  return !isSameStart(started, event);
}

/** The start of another child, while the holder of its id still runs. */
function isRefused(holder: ExecutionStarted, hasEnded: boolean, event: HistoryEvent): boolean {
  if (hasEnded || event.type !== "ExecutionStarted") return false;
  return waitingParentOf(event) !== undefined && !isSameStart(holder, event);
}

/**
 * Both have the same parent, and the holder was asked for first: it has most likely answered, or the parent would not have
 * gone on, and its last checkpoint is on its way. Or an episode that was lost has asked for it, under the same number.
 * What was asked for in one episode, so at one time, cannot have been answered in between.
 */
function isEarlierChild(holder: ExecutionStarted, event: HistoryEvent): boolean {
  const [earlier, later] = [
    holder.parentInstance,
    event.type === "ExecutionStarted" ? event.parentInstance : undefined,
  ];
  if (earlier === undefined || later === undefined) return false;
  return (
    earlier.taskScheduleId <= later.taskScheduleId &&
    holder.timestamp < event.timestamp &&
    earlier.orchestrationInstance.instanceId === later.orchestrationInstance.instanceId &&
    earlier.orchestrationInstance.executionId === later.orchestrationInstance.executionId
  );
}

function isSameStart(a: ExecutionStarted, b: ExecutionStarted): boolean {
  return a.orchestrationInstance.executionId === b.orchestrationInstance.executionId || isSameChild(a, b);
}

/**
 * A parent that repeats an episode starts its child again: the same child, which has run already. With other messages it
 * may give the number to another one.
 */
function isSameChild(a: ExecutionStarted, b: ExecutionStarted): boolean {
  const [left, right] = [a.parentInstance, b.parentInstance];
  if (left === undefined || right === undefined) return false;
  if (a.name !== b.name || a.input !== b.input || isFireAndForget(a.tags) !== isFireAndForget(b.tags)) return false;
  return (
    left.taskScheduleId === right.taskScheduleId &&
    left.orchestrationInstance.instanceId === right.orchestrationInstance.instanceId &&
    left.orchestrationInstance.executionId === right.orchestrationInstance.executionId
  );
}

/** Only these are ever sent to a running execution; anything else in a queue is no message of ours. */
function isForExecution(event: HistoryEvent): boolean {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
    case "TimerFired":
    case "EventRaised":
    case "ExecutionTerminated":
    case "ExecutionSuspended":
    case "ExecutionResumed":
    case "ExecutionRewound":
    case "GenericEvent":
      return true;
    default:
      return false;
  }
}
