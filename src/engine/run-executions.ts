import { DurableError } from "../core/errors.ts";
import { describeFailure } from "../core/failure-details.ts";
import type { ExecutionRef, ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import {
  type CarryoverEvent,
  type CompleteOrchestration,
  type OrchestratorAction,
  withoutPatchMark,
} from "../core/orchestrator-action.ts";
import type { OrchestrationSession, OrchestrationSpan } from "../core/task-executor.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import { operationEventName } from "../entities/entity-message.ts";
import { type OpenLock, OpenLocks, releaseMessages } from "../entities/open-locks.ts";
import { type AppliedActions, applyActions, nextExecutionId } from "./apply-actions.ts";

/** What one work item leads to: one episode, and one of each execution that follows when the orchestrator continues as new. */
export interface ExecutionsOutcome {
  readonly started: ExecutionStarted;
  readonly session: OrchestrationSession;
  /** New events: appended to the execution's history, or all of it when {@link isNewExecution}. */
  readonly events: readonly HistoryEvent[];
  /** The last of `events` that the session has not seen: the records of its own actions. */
  readonly unseen: readonly HistoryEvent[];
  readonly isNewExecution: boolean;
  readonly outgoing: readonly OutgoingMessage[];
  readonly customStatus: string | undefined;
  readonly keepsCustomStatus: boolean;
  /** See `EpisodeResult.unwantedTasks`. */
  readonly unwantedTasks?: readonly number[] | undefined;
  /** How often the orchestrator has continued as new. */
  readonly continuations: number;
  /** See `EpisodeResult.unawaitedCalls`: of all executions. */
  readonly unawaitedCalls: readonly string[];
  /** See `OrchestrationSession.newlyAwaitedEvents`. */
  readonly awaitedEvents: readonly string[];
}

export interface ExecutionsInput {
  readonly started: ExecutionStarted;
  readonly session: OrchestrationSession;
  readonly unseenPastEvents: readonly HistoryEvent[];
  /** Messages' events, in order. */
  readonly acceptedEvents: readonly HistoryEvent[];
  /** `true` when `acceptedEvents` starts the execution. */
  readonly isNewExecution: boolean;
  /** Of the execution before this work item. */
  readonly openLocks: readonly OpenLock[];
  readonly openSession: (execution: ExecutionRef) => OrchestrationSession;
  readonly now: () => number;
  /** Its signal aborts when the result is not wanted any more. */
  readonly work?: { readonly signal: AbortSignal };
}

/** An orchestrator that continues as new this often without ever waiting is taken for an endless loop, and failed. */
const maxExecutions = 100_000;
/** Between so many executions the event loop gets a turn: locks are renewed, the host answers. */
const executionsPerTurn = 64;

/**
 * Runs one episode, and the executions that follow while the orchestrator continues as new: those are never sent as
 * messages, and only the last one is committed.
 */
export async function runExecutions(input: ExecutionsInput): Promise<ExecutionsOutcome> {
  let { started, session, isNewExecution } = input;
  let pastEvents = input.unseenPastEvents;
  let newEvents: readonly HistoryEvent[] = [orchestratorStarted(input), ...input.acceptedEvents.map(withoutMark)];
  let seen = newEvents;
  const outgoing: OutgoingMessage[] = [];
  const unawaitedCalls = new Set<string>();
  for (let round = 0; round < maxExecutions; round++) {
    if (round % executionsPerTurn === executionsPerTurn - 1) await new Promise((turn) => setImmediate(turn));
    const result = await session.execute({ pastEvents, newEvents }, input.work);
    const timestamp = new Date(Math.max(input.now(), newEvents[0]!.timestamp.getTime()));
    const isEndless = round === maxExecutions - 1;
    const applied = applyActions(started, isEndless ? result.actions.map(failEndless) : result.actions, timestamp);
    outgoing.push(...applied.outgoing);
    for (const name of result.unawaitedCalls ?? []) unawaitedCalls.add(name);
    if (isNewExecution && result.span !== undefined) seen = seen.map((event) => withSpan(event, result.span!));
    if (applied.continueAsNew !== undefined || applied.events.some(({ type }) => type === "ExecutionCompleted")) {
      outgoing.push(...releaseLocks(started, round === 0 ? input.openLocks : [], result.actions, applied, timestamp));
    }
    if (applied.continueAsNew === undefined) {
      // A continued execution closes its opening events before the first actions, and again after them.
      const opening = round === 0 ? [] : [orchestratorCompleted(timestamp)];
      const unseen = [...opening, ...applied.events, orchestratorCompleted(timestamp)];
      return {
        started,
        session,
        events: [...seen, ...unseen],
        unseen,
        isNewExecution,
        outgoing,
        customStatus: result.customStatus,
        keepsCustomStatus: result.keepsCustomStatus === true,
        unwantedTasks: result.unwantedTasks,
        continuations: round,
        unawaitedCalls: [...unawaitedCalls],
        awaitedEvents: session.newlyAwaitedEvents?.() ?? [],
      };
    }
    session.close();
    started = nextExecution(started, applied.continueAsNew, timestamp);
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
  throw new DurableError("InternalError", "the last execution always ends");
}

/**
 * However an execution ends, it holds no lock any more: neither one that it had before, nor one that this episode asks
 * for. A terminated one does not ask any more, but may have, in an episode that was lost after its messages were sent.
 */
function releaseLocks(
  { orchestrationInstance: { instanceId } }: ExecutionStarted,
  before: readonly OpenLock[],
  actions: readonly OrchestratorAction[],
  { events }: AppliedActions,
  timestamp: Date,
): readonly OutgoingMessage[] {
  const locks = new OpenLocks(before);
  for (const action of actions)
    if (action.kind === "SendEvent" && action.name === operationEventName) locks.addSent(action);
  for (const event of events) locks.add(event);
  return releaseMessages(instanceId, locks.locks, timestamp);
}

/** An execution keeps its span as .NET does: with the trace context of its start. */
function withSpan(event: HistoryEvent, { spanId, startTime }: OrchestrationSpan): HistoryEvent {
  const context = event.type === "ExecutionStarted" ? event.parentTraceContext : undefined;
  if (event.type !== "ExecutionStarted" || context === undefined) return event;
  const id = context.id ?? context.traceParent.replace(/^(..-[^-]*)-[^-]*/, `$1-${spanId}`);
  return { ...event, parentTraceContext: { ...context, id, spanId, activityStartTime: startTime } };
}

/** A message is no record of what the code has met. */
function withoutMark(event: HistoryEvent): HistoryEvent {
  return event.type === "GenericEvent" ? { ...event, data: withoutPatchMark(event.data) } : event;
}

function failEndless(action: OrchestratorAction): OrchestratorAction {
  if (action.kind !== "CompleteOrchestration" || action.status !== "ContinuedAsNew") return action;
  const message = `the orchestration continued as new ${maxExecutions} times without ever waiting`;
  const failureDetails = describeFailure(new DurableError("OrchestrationMisuse", message));
  return { ...action, status: "Failed", result: undefined, failureDetails, carryoverEvents: [] };
}

/**
 * The clock of the episode lies neither before the last one nor before a timer that it brings, whatever the local clock
 * says.
 */
function orchestratorStarted({ acceptedEvents, unseenPastEvents, now }: ExecutionsInput): HistoryEvent {
  let time = Math.max(now(), timeOf(unseenPastEvents.at(-1)?.timestamp));
  for (const event of acceptedEvents) if (event.type === "TimerFired") time = Math.max(time, event.fireAt.getTime());
  return { type: "OrchestratorStarted", eventId: -1, timestamp: new Date(time) };
}

/** A damaged history may have no valid time; its replay fails with the reason. */
function timeOf(timestamp: unknown): number {
  return timestamp instanceof Date && !Number.isNaN(timestamp.getTime()) ? timestamp.getTime() : 0;
}

function orchestratorCompleted(timestamp: Date): HistoryEvent {
  return { type: "OrchestratorCompleted", eventId: -1, timestamp };
}

function nextExecution(started: ExecutionStarted, action: CompleteOrchestration, timestamp: Date): ExecutionStarted {
  const { instanceId } = started.orchestrationInstance;
  return {
    ...started,
    // Executions of one id are ordered by this time, also when the client that started the first has a clock ahead of ours.
    timestamp: new Date(Math.max(timestamp.getTime(), timeOf(started.timestamp))),
    orchestrationInstance: { instanceId, executionId: nextExecutionId(started) },
    input: action.result,
    version: action.newVersion ?? started.version,
    scheduledStartTime: undefined,
    generation: undefined,
  };
}
