import { createHash } from "node:crypto";
import { encodeActivityInput } from "../core/activity-input.ts";
import { failureMessage } from "../core/failure-details.ts";
import type {
  ExecutionCompleted,
  ExecutionStarted,
  HistoryEvent,
  ParentInstance,
  Tags,
} from "../core/history-event.ts";
import {
  type CompleteOrchestration,
  type CreateSubOrchestration,
  type CreateTimer,
  formatPatchMark,
  type OrchestratorAction,
  type ScheduleTask,
  type SendEvent,
} from "../core/orchestrator-action.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import { answerOf, fireAndForgetTag } from "./parent-answers.ts";

const longInput = 1024 * 1024;

/** What the actions of one episode mean for history and for others. */
export interface AppliedActions {
  /** One event per action, in order; none for a continue-as-new. */
  readonly events: readonly HistoryEvent[];
  readonly outgoing: readonly OutgoingMessage[];
  /** The wish to start over, which ends this history. */
  readonly continueAsNew: CompleteOrchestration | undefined;
}

/**
 * Turns decisions into facts and messages.
 *
 * @param started the execution that decided
 * @param timestamp of the events and messages
 */
export function applyActions(
  started: ExecutionStarted,
  actions: readonly OrchestratorAction[],
  timestamp: Date,
): AppliedActions {
  const events: HistoryEvent[] = [];
  const outgoing: OutgoingMessage[] = [];
  let continueAsNew: CompleteOrchestration | undefined;
  for (const action of withoutFutile(actions)) {
    if (action.kind === "CompleteOrchestration" && action.status === "ContinuedAsNew") {
      continueAsNew = action;
      continue;
    }
    const applied = applyAction(started, action, timestamp);
    events.push(applied.event);
    if (applied.outgoing !== undefined) outgoing.push(applied.outgoing);
  }
  return { events, outgoing, continueAsNew };
}

/** Nothing that a terminated execution still asked for begins; only the marks of what its code has seen stay. */
function withoutFutile(actions: readonly OrchestratorAction[]): readonly OrchestratorAction[] {
  const isTerminated = actions.some((action) => {
    return action.kind === "CompleteOrchestration" && action.status === "Terminated";
  });
  if (!isTerminated) return actions;
  return actions.filter(({ kind }) => kind === "RecordPatch" || kind === "CompleteOrchestration");
}

interface AppliedAction {
  readonly event: HistoryEvent;
  readonly outgoing: OutgoingMessage | undefined;
}

function applyAction(started: ExecutionStarted, action: OrchestratorAction, timestamp: Date): AppliedAction {
  switch (action.kind) {
    case "ScheduleTask":
      return scheduleTask(started, action, timestamp);
    case "CreateTimer":
      return createTimer(started, action, timestamp);
    case "CreateSubOrchestration":
      return createSubOrchestration(started, action, timestamp);
    case "SendEvent":
      return sendEvent(action, timestamp);
    case "RecordPatch": {
      const data = formatPatchMark(action.patchId);
      return { event: { type: "GenericEvent", eventId: -1, timestamp, data }, outgoing: undefined };
    }
    case "CompleteOrchestration":
      return complete(started, action, timestamp);
  }
}

function scheduleTask(started: ExecutionStarted, action: ScheduleTask, timestamp: Date): AppliedAction {
  const event: HistoryEvent = {
    type: "TaskScheduled",
    eventId: action.id,
    timestamp,
    name: action.name,
    version: action.version,
    input: encodeActivityInput(action.input),
    parentTraceContext: action.parentTraceContext,
    tags: action.tags,
  };
  const message = { event, target: started.orchestrationInstance, orchestrationTags: started.tags };
  return { event, outgoing: { message } };
}

function createTimer(started: ExecutionStarted, action: CreateTimer, timestamp: Date): AppliedAction {
  const { id, fireAt } = action;
  return {
    event: { type: "TimerCreated", eventId: id, timestamp, fireAt },
    outgoing: {
      message: {
        event: { type: "TimerFired", eventId: -1, timestamp, timerId: id, fireAt },
        target: started.orchestrationInstance,
      },
      deliverAt: fireAt,
    },
  };
}

function createSubOrchestration(
  started: ExecutionStarted,
  action: CreateSubOrchestration,
  timestamp: Date,
): AppliedAction {
  const { id, name, version, instanceId, input } = action;
  const parent: ParentInstance = {
    name: started.name,
    version: started.version,
    orchestrationInstance: started.orchestrationInstance,
    taskScheduleId: id,
  };
  const target = { instanceId, executionId: childExecutionId(started, action) };
  const tags = markTags({ ...started.tags, ...action.tags }, action.fireAndForget);
  return {
    event: {
      type: "SubOrchestrationInstanceCreated",
      eventId: id,
      timestamp,
      name,
      version,
      instanceId,
      input,
      clientSpanId: action.parentTraceContext?.spanId,
      tags,
    },
    outgoing: {
      message: {
        event: {
          type: "ExecutionStarted",
          eventId: -1,
          timestamp,
          orchestrationInstance: target,
          parentInstance: parent,
          name,
          version,
          input,
          tags,
          correlation: undefined,
          parentTraceContext: action.parentTraceContext,
          scheduledStartTime: undefined,
          generation: undefined,
          generateNewTrace: false,
        },
        target,
        orchestrationTags: started.tags,
      },
    },
  };
}

/** The mark is neither inherited nor given by users: it speaks of this one start. */
function markTags(tags: Tags | undefined, fireAndForget: boolean): Tags | undefined {
  const own = Object.entries(tags ?? {}).filter(([name]) => name !== fireAndForgetTag);
  if (fireAndForget) own.push([fireAndForgetTag, ""]);
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/**
 * The same for every repeat of the episode that starts the child, so that a repeated start is recognised whether the
 * child still runs or has ended.
 */
function childExecutionId(
  parent: ExecutionStarted,
  { id, name, input, fireAndForget }: CreateSubOrchestration,
): string {
  // An episode that is repeated with other messages may give the same number to another child.
  if (input === undefined || input.length <= longInput) {
    return derivedExecutionId(parent, JSON.stringify([id, name, input, fireAndForget]));
  }
  // There need be no third copy of it.
  return derivedExecutionId(parent, JSON.stringify([id, name, input.length, fireAndForget]), input);
}

/**
 * Of the execution that follows a continue-as-new. The same for every repeat of the episode that continues: what the new
 * execution starts is recognised too.
 */
export function nextExecutionId(started: ExecutionStarted): string {
  return derivedExecutionId(started, "next");
}

function derivedExecutionId({ orchestrationInstance }: ExecutionStarted, what: string, long = ""): string {
  const { instanceId, executionId } = orchestrationInstance;
  const hash = createHash("sha256").update(`${instanceId}\n${executionId}\n${what}`);
  for (let start = 0; start < long.length; start += longInput) hash.update(long.slice(start, start + longInput));
  return hash.digest("hex").slice(0, 32);
}

function sendEvent(action: SendEvent, timestamp: Date): AppliedAction {
  const { id, instanceId, name, input, deliverAt } = action;
  return {
    event: { type: "EventSent", eventId: id, timestamp, instanceId, name, input },
    outgoing: {
      message: {
        event: { type: "EventRaised", eventId: -1, timestamp, name, input, parentTraceContext: undefined },
        target: { instanceId, executionId: undefined },
      },
      ...(deliverAt === undefined ? {} : { deliverAt }),
    },
  };
}

function complete(started: ExecutionStarted, action: CompleteOrchestration, timestamp: Date): AppliedAction {
  const { id, status, result, failureDetails } = action;
  const event: ExecutionCompleted = {
    type: "ExecutionCompleted",
    eventId: id,
    timestamp,
    orchestrationStatus: status,
    result: result ?? (failureDetails && failureMessage(failureDetails)),
    failureDetails,
  };
  return { event, outgoing: answerOf(started, event) };
}
