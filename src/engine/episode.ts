import { DurableError } from "../core/errors.ts";
import { describeFailure } from "../core/failure-details.ts";
import type { ExecutionRef, ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import {
  type CarryoverEvent,
  type CompleteOrchestration,
  type OrchestratorAction,
  withoutPatchMark,
} from "../core/orchestrator-action.ts";
import type { OrchestrationSession } from "../core/task-executor.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import { applyActions, nextExecutionId } from "./apply-actions.ts";

/** What one work item leads to: one episode, or several when the orchestrator continues as new at once. */
export interface EpisodeOutcome {
  readonly started: ExecutionStarted;
  readonly session: OrchestrationSession;
  /** New events: appended to the execution's history, or all of it when {@link isNewExecution}. */
  readonly events: readonly HistoryEvent[];
  /** The last of `events` that the session has not seen: the records of its own actions. */
  readonly unseen: readonly HistoryEvent[];
  readonly isNewExecution: boolean;
  readonly outgoing: readonly OutgoingMessage[];
  readonly customStatus: string | undefined;
}

export interface EpisodeInput {
  readonly started: ExecutionStarted;
  readonly session: OrchestrationSession;
  readonly unseenPastEvents: readonly HistoryEvent[];
  /** Messages' events, in order. */
  readonly acceptedEvents: readonly HistoryEvent[];
  /** `true` when `acceptedEvents` starts the execution. */
  readonly isNewExecution: boolean;
  readonly openSession: (execution: ExecutionRef) => OrchestrationSession;
  readonly now: () => number;
}

/** An orchestrator that continues as new this often without ever waiting is taken for an endless loop, and failed. */
const maxGenerations = 100_000;
/** Between so many generations the event loop gets a turn: locks are renewed, the host answers. */
const generationsPerTurn = 64;

/**
 * Runs one episode, and the following generations while the orchestrator continues as new: those are never sent as
 * messages, and only the last one is committed.
 */
export async function runEpisode(input: EpisodeInput): Promise<EpisodeOutcome> {
  let { started, session, isNewExecution } = input;
  let pastEvents = input.unseenPastEvents;
  let newEvents: readonly HistoryEvent[] = [orchestratorStarted(input), ...input.acceptedEvents.map(withoutMark)];
  let seen = newEvents;
  const outgoing: OutgoingMessage[] = [];
  for (let generation = 0; generation < maxGenerations; generation++) {
    if (generation % generationsPerTurn === generationsPerTurn - 1) await new Promise((turn) => setImmediate(turn));
    const result = await session.execute({ pastEvents, newEvents });
    const timestamp = new Date(Math.max(input.now(), newEvents[0]!.timestamp.getTime()));
    const isEndless = generation === maxGenerations - 1;
    const applied = applyActions(started, isEndless ? result.actions.map(failEndless) : result.actions, timestamp);
    outgoing.push(...applied.outgoing);
    if (applied.continueAsNew === undefined) {
      // A continued execution closes its opening events before the first actions, and again after them.
      const opening = generation === 0 ? [] : [orchestratorCompleted(timestamp)];
      const unseen = [...opening, ...applied.events, orchestratorCompleted(timestamp)];
      return {
        started,
        session,
        events: [...seen, ...unseen],
        unseen,
        isNewExecution,
        outgoing,
        customStatus: result.customStatus,
      };
    }
    session.close();
    started = nextGeneration(started, applied.continueAsNew, timestamp);
    session = input.openSession(started.orchestrationInstance);
    isNewExecution = true;
    pastEvents = [];
    newEvents = [
      { type: "OrchestratorStarted", eventId: -1, timestamp },
      started,
      ...applied.continueAsNew.carryoverEvents.map((event): CarryoverEvent => ({ ...event, eventId: -1 })),
    ];
    seen = newEvents;
  }
  throw new DurableError("NotSupported", "the last generation always ends");
}

/** A message is no record of what the code has met. */
function withoutMark(event: HistoryEvent): HistoryEvent {
  return event.type === "GenericEvent" ? { ...event, data: withoutPatchMark(event.data) } : event;
}

function failEndless(action: OrchestratorAction): OrchestratorAction {
  if (action.kind !== "CompleteOrchestration" || action.status !== "ContinuedAsNew") return action;
  const message = `the orchestration continued as new ${maxGenerations} times without ever waiting`;
  const failureDetails = describeFailure(new DurableError("OrchestrationMisuse", message));
  return { ...action, status: "Failed", result: undefined, failureDetails, carryoverEvents: [] };
}

/**
 * The clock of the episode lies neither before the last one nor before a timer that it brings, whatever the local clock
 * says.
 */
function orchestratorStarted({ acceptedEvents, unseenPastEvents, now }: EpisodeInput): HistoryEvent {
  const timers = acceptedEvents.flatMap((event) => (event.type === "TimerFired" ? [event.fireAt.getTime()] : []));
  const last: unknown = unseenPastEvents.at(-1)?.timestamp;
  // A damaged history may have no valid time; its replay will tell.
  const lastMs = last instanceof Date && !Number.isNaN(last.getTime()) ? last.getTime() : 0;
  return { type: "OrchestratorStarted", eventId: -1, timestamp: new Date(Math.max(now(), lastMs, ...timers)) };
}

function orchestratorCompleted(timestamp: Date): HistoryEvent {
  return { type: "OrchestratorCompleted", eventId: -1, timestamp };
}

function nextGeneration(started: ExecutionStarted, action: CompleteOrchestration, timestamp: Date): ExecutionStarted {
  const { instanceId } = started.orchestrationInstance;
  return {
    ...started,
    timestamp,
    orchestrationInstance: { instanceId, executionId: nextExecutionId(started) },
    input: action.result,
    version: action.newVersion ?? started.version,
    scheduledStartTime: undefined,
    generation: undefined,
  };
}
