import { EntityId, isEntityInstanceId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import { assertDefinitionName } from "../../core/function-names.ts";
import type { ExecutionRef, HistoryEvent, Tags } from "../../core/history-event.ts";
import { assertInstanceId } from "../../core/ids.ts";
import type {
  CarryoverEvent,
  CompleteOrchestration,
  CreateSubOrchestration,
  OrchestratorAction,
  SendEvent,
} from "../../core/orchestrator-action.ts";
import { assertNotReserved, isReservedName } from "../../core/reserved-names.ts";
import { fireAndForgetTag, isFireAndForget } from "../../engine/parent-answers.ts";
import { deliveryTimeOf, formatRelease, formatRequestEvent, releaseEventName } from "../../entities/entity-message.ts";
import { RequestStamps } from "../../entities/request-stamps.ts";
import type {
  CompleteOrchestrationAction,
  CreateSubOrchestrationAction,
  SendEntityMessageAction,
  SendEventAction,
} from "../proto/orchestrator_service_pb.ts";
import { fromWireEntityMessage } from "./entity-requests.ts";
import { fromWireFailure } from "./failures.ts";
import { HistoryReader } from "./history-reader.ts";
import { fromWirePatch } from "./patch-actions.ts";
import { fromWireStatus } from "./statuses.ts";
import { fromWireTags } from "./tags.ts";
import { fromDueTimestamp } from "./times.ts";
import { fromWireTrace, spanIdOf } from "./trace-contexts.ts";
import type { WireAction, WireHistoryEvent } from "./wire-types.ts";

/**
 * Reads what any worker has decided for one execution.
 *
 * A1. A request to an entity that came as a message gets its place behind the earlier ones. One that came as an event has
 *     been given its place by the worker, and its text stays as it is.
 * A2. A sender is the execution itself, whatever the message says.
 * A3. Nothing is given a place before all actions were understood: what is refused is never sent, and nobody may wait
 *     behind it.
 */
export class ActionReader {
  readonly #execution: ExecutionRef;
  readonly #stamps = new RequestStamps();

  constructor(execution: ExecutionRef) {
    this.#execution = execution;
  }

  /** Takes every event that the worker has seen, once and in order, before the actions that it led to. */
  observe(event: HistoryEvent): void {
    this.#stamps.observe(event);
    if (event.type === "EventSent" && isEntityInstanceId(String(event.instanceId))) this.#stamps.record(event);
  }

  /**
   * @param now to know a time that is too far ahead for one delay
   * @throws DurableError `NotSupported` for an action that the engine does not have; `InvalidOption`,
   * `InvalidInstanceId` or `InvalidEntityId` for one that makes no sense
   */
  read(actions: readonly WireAction[], now: Date): readonly OrchestratorAction[] {
    // A3
    return actions.map((action) => this.#read(action, now)).map((complete) => complete());
  }

  /** Returns what completes the action, once all were understood. */
  #read(action: WireAction, now: Date): () => OrchestratorAction {
    if (action.orchestratorActionType.case === "sendEntityMessage") {
      return this.#sendEntityMessage(action.id, action.orchestratorActionType.value, now);
    }
    const read = this.#readPlain(action);
    return () => read;
  }

  #readPlain(action: WireAction): OrchestratorAction {
    const { id, orchestratorActionType: type } = action;
    switch (type.case) {
      case "scheduleTask": {
        const { name, version, input, tags, parentTraceContext } = type.value;
        assertTaskName(name, "the name of an activity");
        const context = fromWireTrace(parentTraceContext);
        return {
          kind: "ScheduleTask",
          id,
          name,
          version,
          input,
          tags: fromWireTags(tags),
          ...(context !== undefined && { parentTraceContext: context }),
        };
      }
      case "createTimer": {
        const fireAt = fromDueTimestamp(type.value.fireAt);
        if (fireAt === undefined) throw new DurableError("InvalidOption", `timer ${id} has no time at which to fire`);
        return { kind: "CreateTimer", id, fireAt };
      }
      case "createSubOrchestration":
        return this.#createSubOrchestration(id, type.value);
      case "sendEvent":
        return fromWirePatch(action) ?? sendEvent(id, type.value);
      case "completeOrchestration":
        return completeOrchestration(id, type.value);
      case undefined:
        throw new DurableError("NotSupported", `action ${id} of the orchestrator is of a kind that is not known`);
      default:
        throw new DurableError("NotSupported", `the action '${type.case}' of an orchestrator is not supported`);
    }
  }

  #createSubOrchestration(id: number, wire: CreateSubOrchestrationAction): CreateSubOrchestration {
    const { name, version, input, tags, parentTraceContext } = wire;
    assertTaskName(name, "the name of a sub-orchestration");
    const instanceId = wire.instanceId === "" ? this.#childIdOf(id) : wire.instanceId;
    assertInstanceId(instanceId);
    const context = fromWireTrace(parentTraceContext);
    // Of the context the history keeps the span alone, and .NET names it in `traceParent` only.
    const spanId = context && (context.spanId ?? spanIdOf(context.traceParent));
    return {
      kind: "CreateSubOrchestration",
      id,
      name,
      version,
      instanceId,
      input,
      tags: withoutMark(fromWireTags(tags)),
      fireAndForget: isFireAndForget(tags),
      ...(context !== undefined && { parentTraceContext: { ...context, spanId } }),
    };
  }

  /** As the JavaScript worker names a child that has no name. */
  #childIdOf(id: number): string {
    return `${this.#execution.executionId}:${(id >>> 0).toString(16).padStart(4, "0")}`;
  }

  #sendEntityMessage(id: number, { EntityMessageType }: SendEntityMessageAction, now: Date): () => SendEvent {
    if (EntityMessageType.case === undefined) {
      throw new DurableError("NotSupported", `action ${id} says something to an entity that is not known`);
    }
    const message = fromWireEntityMessage(EntityMessageType, this.#execution);
    const instanceId = EntityId.parse(message.target).toString();
    const { instanceId: parentInstanceId, executionId: parentExecutionId } = this.#execution; // A2
    if (message.kind === "release") {
      const input = formatRelease({ ...message.release, parentInstanceId });
      return () => ({ kind: "SendEvent", id, instanceId, name: releaseEventName, input });
    }
    const request = { ...message.request, parentInstanceId, parentExecutionId };
    if (request.id === "") throw new DurableError("InvalidOption", `request ${id} to an entity has no id`);
    for (const { name, key } of request.lockSet ?? []) new EntityId(name, key);
    return () => {
      // A1. What is delayed has no place in the order.
      const stamped = request.dueAt === undefined ? this.#stamps.stamp(request, instanceId) : request;
      return { kind: "SendEvent", id, instanceId, ...formatRequestEvent(stamped, now.getTime()) };
    };
  }
}

function sendEvent(id: number, { instance, name, data }: SendEventAction): SendEvent {
  const instanceId = instance?.instanceId ?? "";
  if (instanceId === "") throw new DurableError("InvalidOption", `event '${name}' names no instance to be sent to`);
  assertNotReserved(name, "the event");
  if (isEntityInstanceId(instanceId)) EntityId.parse(instanceId);
  const deliverAt = deliveryTimeOf(instanceId, name);
  return { kind: "SendEvent", id, instanceId, name, input: data, ...(deliverAt !== undefined && { deliverAt }) };
}

/** Names of ours are called by workers of ours: whoever decides for an orchestration is no outsider. */
function assertTaskName(name: string, what: string): void {
  if (!isReservedName(name)) assertDefinitionName(name, what);
}

function withoutMark(tags: Tags | undefined): Tags | undefined {
  if (tags === undefined || !isFireAndForget(tags)) return tags;
  const own = Object.entries(tags).filter(([name]) => name !== fireAndForgetTag);
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

function completeOrchestration(id: number, wire: CompleteOrchestrationAction): CompleteOrchestration {
  const status = fromWireStatus(wire.orchestrationStatus);
  if (status !== "Completed" && status !== "Failed" && status !== "Terminated" && status !== "ContinuedAsNew") {
    throw new DurableError("InvalidOption", `an orchestrator cannot complete with the status '${status}'`);
  }
  const { result, newVersion, carryoverEvents } = wire;
  return {
    kind: "CompleteOrchestration",
    id,
    status,
    result,
    failureDetails: status === "Failed" ? failureOf(wire) : undefined,
    carryoverEvents: readCarryover(carryoverEvents),
    newVersion,
  };
}

/** A worker may tell a failure by its texts only. */
function failureOf({ result, details, failureDetails }: CompleteOrchestrationAction): FailureDetails {
  if (failureDetails !== undefined) return fromWireFailure(failureDetails);
  const errorMessage = result ?? details ?? "the orchestrator failed, and its worker does not say why";
  return {
    errorType: "Error",
    errorMessage,
    ...(result !== undefined && details !== undefined && { stackTrace: details }),
    isNonRetriable: false,
  };
}

/** Only what is meant for the instance goes on; the rest belongs to the execution that ends. */
function readCarryover(events: readonly WireHistoryEvent[]): readonly CarryoverEvent[] {
  const reader = new HistoryReader();
  return events.flatMap((wire): CarryoverEvent[] => {
    const kind = wire.eventType.case;
    if (kind !== "eventRaised" && kind !== "executionSuspended" && kind !== "executionResumed") return [];
    return [{ ...(reader.read(wire) as CarryoverEvent), eventId: -1 }];
  });
}
