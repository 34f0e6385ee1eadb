import { encodeActivityInput } from "../../core/activity-input.ts";
import type { EntityRef } from "../../core/entity-id.ts";
import { messageOf } from "../../core/errors.ts";
import type { EventSent, ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import {
  formatAnswer,
  formatRelease,
  formatRequestEvent,
  lockGrantedResult,
  releaseEventName,
} from "../../entities/entity-message.ts";
import type { ExecutionStartedEvent, TaskFailureDetails } from "../proto/orchestrator_service_pb.ts";
import { fromWireEntityMessage, type WireEntityMessage } from "./entity-requests.ts";
import { fromWireFailure } from "./failures.ts";
import { fromWireParent } from "./instances.ts";
import { fromWireStatus } from "./statuses.ts";
import { fromWireTags } from "./tags.ts";
import { fromTimestamp, timeOf } from "./times.ts";
import { fromWireTrace, spanIdOf, withSpanId } from "./trace-contexts.ts";
import type { WireHistoryEvent } from "./wire-types.ts";

type EventBody<Event = HistoryEvent> = Event extends HistoryEvent ? Omit<Event, "eventId" | "timestamp"> : never;

/**
 * Reads the history of one execution, whose events have to come in order.
 *
 * R1. It never throws: an event that is not known, or makes no sense, becomes a `GenericEvent` that says so.
 * R2. What was said to entities, and what they answered, becomes the events by which the core tells it, under the ids
 *     that the wire has.
 *
 * What has no place on the wire is absent, see `HistoryWriter`.
 */
export class HistoryReader {
  /** Counts for messages to entities that do not say who sends them. */
  #instanceId: string | undefined;
  #executionId: string | undefined;
  /** By id of the request, in lower case. */
  readonly #lockSets = new Map<string, readonly EntityRef[]>();

  read(wire: WireHistoryEvent): HistoryEvent {
    const header = { eventId: wire.eventId, timestamp: timeOf(wire.timestamp) };
    try {
      return { ...header, ...this.#bodyOf(wire, header.timestamp) } as HistoryEvent;
    } catch (error) {
      // R1
      return { ...header, type: "GenericEvent", data: `an event that cannot be read: ${messageOf(error)}` };
    }
  }

  #bodyOf({ eventType }: WireHistoryEvent, timestamp: Date): EventBody {
    switch (eventType.case) {
      case "executionStarted":
        return this.#executionStarted(eventType.value);
      case "executionCompleted": {
        const { orchestrationStatus, result, failureDetails } = eventType.value;
        return {
          type: "ExecutionCompleted",
          orchestrationStatus: fromWireStatus(orchestrationStatus),
          result,
          failureDetails: failureDetails && fromWireFailure(failureDetails),
        };
      }
      case "executionTerminated":
        return { type: "ExecutionTerminated", input: eventType.value.input };
      case "executionSuspended":
        return { type: "ExecutionSuspended", reason: eventType.value.input };
      case "executionResumed":
        return { type: "ExecutionResumed", reason: eventType.value.input };
      case "executionRewound": {
        const { reason, parentExecutionId, instanceId, parentTraceContext } = eventType.value;
        const context = fromWireTrace(parentTraceContext);
        return { type: "ExecutionRewound", reason, parentExecutionId, instanceId, parentTraceContext: context };
      }
      case "taskScheduled": {
        const { name, version, input, parentTraceContext, tags } = eventType.value;
        return {
          type: "TaskScheduled",
          name,
          version,
          input: input === undefined ? undefined : encodeActivityInput(input),
          parentTraceContext: fromWireTrace(parentTraceContext),
          tags: fromWireTags(tags),
        };
      }
      case "taskCompleted": {
        const { taskScheduledId, result } = eventType.value;
        return { type: "TaskCompleted", taskScheduledId, result };
      }
      case "taskFailed": {
        const { taskScheduledId, failureDetails } = eventType.value;
        return { type: "TaskFailed", taskScheduledId, ...failed(failureDetails) };
      }
      case "subOrchestrationInstanceCreated": {
        const { name, version, instanceId, input, parentTraceContext, tags } = eventType.value;
        const context = fromWireTrace(parentTraceContext);
        const clientSpanId = context && (context.spanId ?? spanIdOf(context.traceParent));
        const fields = { name, version, instanceId, input, clientSpanId, tags: fromWireTags(tags) };
        return { type: "SubOrchestrationInstanceCreated", ...fields };
      }
      case "subOrchestrationInstanceCompleted": {
        const { taskScheduledId, result } = eventType.value;
        return { type: "SubOrchestrationInstanceCompleted", taskScheduledId, result };
      }
      case "subOrchestrationInstanceFailed": {
        const { taskScheduledId, failureDetails } = eventType.value;
        return { type: "SubOrchestrationInstanceFailed", taskScheduledId, ...failed(failureDetails) };
      }
      case "timerCreated":
        return { type: "TimerCreated", fireAt: timeOf(eventType.value.fireAt) };
      case "timerFired":
        return { type: "TimerFired", timerId: eventType.value.timerId, fireAt: timeOf(eventType.value.fireAt) };
      case "eventSent": {
        const { instanceId, name, input } = eventType.value;
        return { type: "EventSent", instanceId, name, input };
      }
      case "eventRaised": {
        const { name, input } = eventType.value;
        return { type: "EventRaised", name, input, parentTraceContext: undefined };
      }
      case "genericEvent":
        return { type: "GenericEvent", data: eventType.value.data };
      case "continueAsNew":
        return {
          type: "ContinueAsNew",
          orchestrationStatus: "ContinuedAsNew",
          result: eventType.value.input,
          failureDetails: undefined,
        };
      case "orchestratorStarted":
        return { type: "OrchestratorStarted" };
      case "orchestratorCompleted":
        return { type: "OrchestratorCompleted" };
      case "historyState":
        return { type: "HistoryState" };
      case "entityOperationSignaled":
      case "entityOperationCalled":
      case "entityLockRequested":
      case "entityUnlockSent":
        return this.#entityMessage(eventType, timestamp);
      case "entityOperationCompleted": {
        const { requestId, output } = eventType.value;
        return raised(requestId, formatAnswer({ kind: "completed", result: output }));
      }
      case "entityOperationFailed": {
        const { requestId, failureDetails } = eventType.value;
        return raised(requestId, formatAnswer({ kind: "failed", ...describe(failureDetails) }));
      }
      case "entityLockGranted": {
        const { criticalSectionId: id } = eventType.value;
        const lockSet = this.#lockSets.get(id.toLowerCase());
        return raised(id, formatAnswer({ kind: "completed", result: lockGrantedResult, ...(lockSet && { lockSet }) }));
      }
      default:
        return { type: "GenericEvent", data: "an event of a kind that is not known" };
    }
  }

  #executionStarted(wire: ExecutionStartedEvent): EventBody<ExecutionStarted> {
    const { name, version, input, orchestrationInstance, parentInstance, orchestrationSpanID, tags } = wire;
    const { instanceId = "", executionId } = orchestrationInstance ?? {};
    this.#instanceId = instanceId;
    this.#executionId = executionId;
    const context = fromWireTrace(wire.parentTraceContext);
    const own = context && orchestrationSpanID !== undefined && orchestrationSpanID !== "";
    return {
      type: "ExecutionStarted",
      orchestrationInstance: { instanceId, executionId: executionId ?? "" },
      parentInstance: parentInstance && fromWireParent(parentInstance),
      name,
      version: version === "" ? undefined : version,
      input,
      tags: fromWireTags(tags),
      correlation: undefined,
      parentTraceContext: own
        ? { ...context, id: withSpanId(context.traceParent, orchestrationSpanID), spanId: orchestrationSpanID }
        : context,
      scheduledStartTime: fromTimestamp(wire.scheduledStartTimestamp),
      generation: undefined,
      generateNewTrace: false,
    };
  }

  /** R2 */
  #entityMessage(wire: WireEntityMessage, timestamp: Date): EventBody<EventSent> {
    const sender = { instanceId: this.#instanceId, executionId: this.#executionId };
    const message = fromWireEntityMessage(wire, sender);
    const instanceId = message.target;
    if (message.kind === "release") {
      return { type: "EventSent", instanceId, name: releaseEventName, input: formatRelease(message.release) };
    }
    const { id, lockSet } = message.request;
    if (lockSet !== undefined) this.#lockSets.set(id.toLowerCase(), lockSet);
    const { name, input } = formatRequestEvent(message.request, timestamp.getTime());
    return { type: "EventSent", instanceId, name, input };
  }
}

function raised(name: string, input: string): EventBody {
  return { type: "EventRaised", name, input, parentTraceContext: undefined };
}

/** As the engine tells a failure that has details. */
function failed(wire: TaskFailureDetails | undefined) {
  const { failureDetails } = describe(wire);
  return { reason: failureDetails.errorMessage, details: undefined, failureDetails };
}

/** Some servers tell the termination of a child by a failure without details. */
function describe(wire: TaskFailureDetails | undefined) {
  if (wire !== undefined) return { failureDetails: fromWireFailure(wire) };
  const errorMessage = "it failed, and the server does not say why";
  return { failureDetails: { errorType: "Error", errorMessage, isNonRetriable: false } };
}
