import { decodeActivityInput } from "../../core/activity-input.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import type {
  EventRaised,
  EventSent,
  ExecutionStarted,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  SubOrchestrationInstanceFailed,
  TaskFailed,
} from "../../core/history-event.ts";
import { readAnswer } from "../../entities/entity-message.ts";
import { entityMessageOf, toWireEntityMessage } from "./entity-requests.ts";
import { type FailureInit, toWireFailure } from "./failures.ts";
import { toWireParent } from "./instances.ts";
import { toWireStatus } from "./statuses.ts";
import { toWireTags } from "./tags.ts";
import { toTimestamp } from "./times.ts";
import { spanIdOf, type TraceContextInit, toWireTrace, withSpanId } from "./trace-contexts.ts";
import type { HistoryEventInit } from "./wire-types.ts";

/**
 * How a history tells what was said to entities and what they answered: as messages of their own, or as the events that
 * plain .NET workers have always sent and expect back.
 */
export type EntityEncoding = "messages" | "events";

type EventTypeInit = NonNullable<HistoryEventInit["eventType"]>;

/**
 * Writes the history of one execution, whose events have to come in order.
 *
 * W1. An event is written as an answer only where it answers a request of this history: a user may raise an event that
 *     looks like one. An answer that has come before its question stays an event, which both readers and workers of ours
 *     keep until it is asked for.
 *
 * These have no place on the wire: `correlation`, `generation` and `generateNewTrace` of a start; `id` and
 * `activityStartTime` of a trace context, and that of a raised event; `reason` and `details` of a failure that has
 * failure details; status and failure of a continue-as-new; the order of requests to entities.
 */
export class HistoryWriter {
  readonly #encoding: EntityEncoding;
  /** What was asked of entities under which id, in lower case. */
  readonly #requests = new Map<string, "operation" | "lock">();
  #traceParent: string | undefined;

  constructor(encoding: EntityEncoding) {
    this.#encoding = encoding;
  }

  write(event: HistoryEvent): HistoryEventInit {
    return { eventId: event.eventId, timestamp: toTimestamp(event.timestamp), eventType: this.#typeOf(event) };
  }

  #typeOf(event: HistoryEvent): EventTypeInit {
    switch (event.type) {
      case "ExecutionStarted":
        return this.#executionStarted(event);
      case "ExecutionCompleted": {
        const { orchestrationStatus, result, failureDetails } = event;
        return {
          case: "executionCompleted",
          value: {
            orchestrationStatus: toWireStatus(orchestrationStatus),
            result,
            failureDetails: failureDetails && toWireFailure(failureDetails),
          },
        };
      }
      case "ExecutionTerminated":
        return { case: "executionTerminated", value: { input: event.input } };
      case "ExecutionSuspended":
        return { case: "executionSuspended", value: { input: event.reason } };
      case "ExecutionResumed":
        return { case: "executionResumed", value: { input: event.reason } };
      case "ExecutionRewound": {
        const { reason, parentExecutionId, instanceId } = event;
        const parentTraceContext = toWireTrace(event.parentTraceContext);
        return { case: "executionRewound", value: { reason, parentExecutionId, instanceId, parentTraceContext } };
      }
      case "TaskScheduled": {
        const { name, version, input, parentTraceContext, tags } = event;
        return {
          case: "taskScheduled",
          value: {
            name,
            version,
            input: decodeActivityInput(input),
            parentTraceContext: toWireTrace(parentTraceContext),
            tags: toWireTags(tags),
          },
        };
      }
      case "TaskCompleted": {
        const { taskScheduledId, result } = event;
        return { case: "taskCompleted", value: { taskScheduledId, result } };
      }
      case "TaskFailed":
        return {
          case: "taskFailed",
          value: { taskScheduledId: event.taskScheduledId, failureDetails: failureOf(event) },
        };
      case "SubOrchestrationInstanceCreated":
        return this.#childCreated(event);
      case "SubOrchestrationInstanceCompleted": {
        const { taskScheduledId, result } = event;
        return { case: "subOrchestrationInstanceCompleted", value: { taskScheduledId, result } };
      }
      case "SubOrchestrationInstanceFailed":
        return {
          case: "subOrchestrationInstanceFailed",
          value: { taskScheduledId: event.taskScheduledId, failureDetails: failureOf(event) },
        };
      case "TimerCreated":
        return { case: "timerCreated", value: { fireAt: toTimestamp(event.fireAt) } };
      case "TimerFired":
        return { case: "timerFired", value: { fireAt: toTimestamp(event.fireAt), timerId: event.timerId } };
      case "EventSent":
        return this.#eventSent(event);
      case "EventRaised":
        return this.#eventRaised(event);
      case "ContinueAsNew":
        return { case: "continueAsNew", value: { input: event.result } };
      case "GenericEvent":
        return { case: "genericEvent", value: { data: event.data } };
      case "OrchestratorStarted":
        return { case: "orchestratorStarted", value: {} };
      case "OrchestratorCompleted":
        return { case: "orchestratorCompleted", value: {} };
      case "HistoryState":
        return { case: "historyState", value: {} };
    }
  }

  #executionStarted(event: ExecutionStarted): EventTypeInit {
    const { name, version, input, orchestrationInstance, parentInstance, scheduledStartTime, tags } = event;
    const { instanceId, executionId } = orchestrationInstance;
    const context = event.parentTraceContext;
    this.#traceParent = context?.traceParent;
    // Once it has begun, the span in the context is its own, and no more the one that it was asked from.
    const ownSpanId = context?.id === undefined ? undefined : context.spanId;
    const caller = context && { ...context, spanId: ownSpanId === undefined ? context.spanId : undefined };
    return {
      case: "executionStarted",
      value: {
        name,
        // .NET code has a version always, and takes an empty one for none.
        version: version ?? "",
        input,
        orchestrationInstance: { instanceId, executionId },
        parentInstance: parentInstance && toWireParent(parentInstance),
        scheduledStartTimestamp: scheduledStartTime && toTimestamp(scheduledStartTime),
        parentTraceContext: toWireTrace(caller),
        orchestrationSpanID: ownSpanId,
        tags: toWireTags(tags),
      },
    };
  }

  #childCreated(event: SubOrchestrationInstanceCreated): EventTypeInit {
    const { instanceId, name, version, input, clientSpanId, tags } = event;
    return {
      case: "subOrchestrationInstanceCreated",
      value: {
        instanceId,
        name,
        version,
        input,
        parentTraceContext: this.#traceOf(clientSpanId),
        tags: toWireTags(tags),
      },
    };
  }

  /** A span in the trace of this execution. */
  #traceOf(spanId: string | undefined): TraceContextInit | undefined {
    const traceParent = this.#traceParent;
    if (spanId === undefined || traceParent === undefined || spanIdOf(traceParent) === undefined) return undefined;
    return { traceParent: withSpanId(traceParent, spanId), spanID: spanId };
  }

  #eventSent(event: EventSent): EventTypeInit {
    const { instanceId, name, input } = event;
    const message = this.#encoding === "messages" ? entityMessageOf(event) : undefined;
    if (message === undefined) return { case: "eventSent", value: { instanceId, name, input } };
    if (message.kind === "request" && !message.request.isSignal) {
      const { id, lockSet } = message.request;
      this.#requests.set(id.toLowerCase(), lockSet === undefined ? "operation" : "lock");
    }
    return toWireEntityMessage(message);
  }

  #eventRaised({ name, input }: EventRaised): EventTypeInit {
    const asked = this.#requests.size === 0 ? undefined : this.#requests.get(String(name).toLowerCase()); // W1
    const answer = asked && readAnswer(input);
    if (answer === undefined) return { case: "eventRaised", value: { name, input } };
    if (answer.kind === "failed") {
      const failureDetails = toWireFailure(answer.failureDetails);
      return { case: "entityOperationFailed", value: { requestId: name, failureDetails } };
    }
    if (asked === "lock") return { case: "entityLockGranted", value: { criticalSectionId: name } };
    return { case: "entityOperationCompleted", value: { requestId: name, output: answer.result } };
  }
}

/** Old histories tell a failure by its texts only. */
function failureOf(event: TaskFailed | SubOrchestrationInstanceFailed): FailureInit {
  const { reason, details, failureDetails } = event;
  const described: FailureDetails = failureDetails ?? {
    errorType: "Error",
    errorMessage: reason ?? details ?? "",
    ...(details !== undefined && reason !== undefined && { stackTrace: details }),
    isNonRetriable: false,
  };
  return toWireFailure(described);
}
