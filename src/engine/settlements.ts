import type { DurableError } from "../core/errors.ts";
import { describeFailure, failureMessage } from "../core/failure-details.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import type { DeliveredMessage, InstanceChange, OrchestrationCheckpoint, OrchestrationWorkItem } from "./backend.ts";
import { releaseForsakenLocks } from "./forsaken-locks.ts";
import { HistorySummary } from "./history-summary.ts";
import { describeInstance } from "./instance-change.ts";
import type { KnownExecution } from "./known-executions.ts";
import { answerOf, refusalOf } from "./parent-answers.ts";
import { isKnownByIdAlone, type Reconciliation } from "./reconcile-messages.ts";
import type { ExecutionsOutcome } from "./run-executions.ts";

/** How a work item is settled: as checkpoints, which only a backend can make durable. */

/** What has become of an execution in one work item. */
export interface Settlement {
  readonly checkpoint: OrchestrationCheckpoint;
  /** The execution after it, but for its version. */
  readonly history: HistorySummary;
  readonly acceptedIds: readonly string[];
}

/** More would not fit into a table column. The oldest are the most likely to be gone from their queue. */
const maxAcceptedIds = 500;

/** After an episode: everything that it has decided. Appends to `execution.history` unless a new execution begins. */
export function settleEpisode(
  workItem: OrchestrationWorkItem,
  execution: KnownExecution,
  outcome: ExecutionsOutcome,
  messages: Reconciliation,
  now: Date,
): Settlement {
  const { executionId } = outcome.started.orchestrationInstance;
  const history = outcome.isNewExecution ? new HistorySummary() : execution.history;
  const firstIndex = history.length;
  history.append(outcome.events);
  // A rewind asks the questions of a failed execution again: old answers to them are known by their ids only.
  const mayBeRewound = history.completed?.orchestrationStatus === "Failed";
  const accepted = messages.accepted.filter((message) => mayBeRewound || isKnownByIdAlone(message)).map(({ id }) => id);
  const acceptedIds = [...execution.acceptedIds, ...accepted].slice(-maxAcceptedIds);
  return {
    history,
    acceptedIds,
    checkpoint: {
      workItem,
      history: {
        executionId,
        expectedHistoryVersion: execution.historyVersion,
        firstIndex,
        events: outcome.events,
        episode: history.episodes,
        acceptedMessageIds: acceptedIds,
      },
      outgoing: [
        ...outcome.outgoing,
        ...refusalsFor(messages, now),
        ...releaseForsakenLocks(messages.discarded, executionId, now),
      ],
      instance: describeInstance(executionId, history, outcome),
      settled: [...messages.accepted, ...messages.discarded, ...messages.refused, ...messages.idle],
      deferred: messages.deferred,
    },
  };
}

/**
 * Nothing is accepted: messages without effect go. A finished child that is started again gives its answer again,
 * because the parent that repeats the start may have been too early for it.
 *
 * @param instance what the row has to show, when it is behind
 */
export function settleWithoutEpisode(
  workItem: OrchestrationWorkItem,
  { history }: KnownExecution,
  messages: Reconciliation,
  instance: InstanceChange | undefined,
  now: Date,
): OrchestrationCheckpoint {
  const { completed, started } = history;
  const runningId = started?.orchestrationInstance.executionId;
  const isStartedAgain = messages.discarded.some(({ message }) => message.event.type === "ExecutionStarted");
  const answer = isStartedAgain && started && completed ? answerOf(started, completed) : undefined;
  return {
    workItem,
    history: undefined,
    outgoing: [
      ...(answer === undefined ? [] : [answer]),
      ...refusalsFor(messages, now),
      ...releaseForsakenLocks(messages.discarded, completed === undefined ? runningId : undefined, now),
    ],
    instance,
    settled: [...messages.discarded, ...messages.refused, ...messages.idle],
    deferred: messages.deferred,
  };
}

/** Ends an instance whose history does not even say what it is; its messages have nobody to go to. */
export function settleUnreadable(
  workItem: OrchestrationWorkItem,
  { history, executionId = "", historyVersion, acceptedIds }: KnownExecution,
  problem: DurableError,
  now: Date,
): OrchestrationCheckpoint {
  const firstIndex = history.length;
  const events = failureEvents(problem, now);
  history.append(events);
  return {
    workItem,
    history: {
      executionId,
      expectedHistoryVersion: historyVersion,
      firstIndex,
      events,
      episode: history.episodes,
      acceptedMessageIds: acceptedIds,
    },
    outgoing: [],
    instance: describeInstance(executionId, history, { customStatus: undefined, keepsCustomStatus: true }),
    settled: workItem.messages,
    deferred: [],
  };
}

/** Messages for an instance that has no history. @param awaited those that wait for its start; the others reach nobody */
export function settleOrphans(
  workItem: OrchestrationWorkItem,
  awaited: readonly DeliveredMessage[],
  now: Date,
): OrchestrationCheckpoint {
  const settled = workItem.messages.filter((message) => !awaited.includes(message));
  return {
    workItem,
    history: undefined,
    outgoing: releaseForsakenLocks(settled, undefined, now),
    instance: undefined,
    settled,
    deferred: awaited,
  };
}

function refusalsFor({ refused }: Reconciliation, now: Date): OutgoingMessage[] {
  return refused.flatMap(({ message: { event } }: DeliveredMessage) => {
    return (event.type === "ExecutionStarted" && refusalOf(event, now)) || [];
  });
}

/** An episode that did nothing but fail. */
function failureEvents(error: DurableError, timestamp: Date): HistoryEvent[] {
  const header = { eventId: -1, timestamp };
  const failureDetails = describeFailure(error);
  return [
    { ...header, type: "OrchestratorStarted" },
    {
      ...header,
      type: "ExecutionCompleted",
      orchestrationStatus: "Failed",
      result: failureMessage(failureDetails),
      failureDetails,
    },
    { ...header, type: "OrchestratorCompleted" },
  ];
}
