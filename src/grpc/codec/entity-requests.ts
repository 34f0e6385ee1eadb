import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type EntityRef,
  entityOfInstanceId,
  formatEntityInstanceId,
  isEntityInstanceId,
} from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import type { EventSent } from "../../core/history-event.ts";
import {
  createRequest,
  type EntityRequest,
  type LockRelease,
  operationEventName,
  readRelease,
  readRequest,
  releaseEventName,
} from "../../entities/entity-message.ts";
import type {
  EntityLockRequestedEvent,
  EntityLockRequestedEventSchema,
  EntityOperationCalledEvent,
  EntityOperationCalledEventSchema,
  EntityOperationSignaledEvent,
  EntityOperationSignaledEventSchema,
  EntityUnlockSentEvent,
  EntityUnlockSentEventSchema,
} from "../proto/orchestrator_service_pb.ts";
import { fromDueTimestamp, toTimestamp } from "./times.ts";

/**
 * What orchestrations say to entities. The core has one form for it, events whose texts .NET has fixed; the wire has a
 * second one, messages, which are both actions and events of history.
 */
export type EntityMessageInit =
  | { case: "entityOperationSignaled"; value: MessageInitShape<typeof EntityOperationSignaledEventSchema> }
  | { case: "entityOperationCalled"; value: MessageInitShape<typeof EntityOperationCalledEventSchema> }
  | { case: "entityLockRequested"; value: MessageInitShape<typeof EntityLockRequestedEventSchema> }
  | { case: "entityUnlockSent"; value: MessageInitShape<typeof EntityUnlockSentEventSchema> };

export type WireEntityMessage =
  | { case: "entityOperationSignaled"; value: EntityOperationSignaledEvent }
  | { case: "entityOperationCalled"; value: EntityOperationCalledEvent }
  | { case: "entityLockRequested"; value: EntityLockRequestedEvent }
  | { case: "entityUnlockSent"; value: EntityUnlockSentEvent };

/** A request or a release, with the entity that it is sent to, as an instance. */
export type EntityMessage =
  | { readonly kind: "request"; readonly target: string; readonly request: EntityRequest }
  | { readonly kind: "release"; readonly target: string; readonly release: LockRelease };

/** What an event to an instance says to an entity; `undefined` for an event that no entity understands. */
export function entityMessageOf(sent: Pick<EventSent, "instanceId" | "name" | "input">): EntityMessage | undefined {
  const { instanceId: target, name, input } = sent;
  // Histories come from storage, where texts may be anything.
  if (typeof target !== "string" || typeof name !== "string" || !isEntityInstanceId(target)) return undefined;
  if (name === releaseEventName) {
    const release = readRelease(input);
    return release && { kind: "release", target, release };
  }
  if (name !== operationEventName && !name.startsWith(`${operationEventName}@`)) return undefined;
  const request = readRequest(input);
  return request && { kind: "request", target, request };
}

/** Its place in the order of messages (`Timestamp`, `Predecessor`) and members of .NET's own do not travel. */
export function toWireEntityMessage(message: EntityMessage): EntityMessageInit {
  const { target } = message;
  if (message.kind === "release") {
    const { id, parentInstanceId } = message.release;
    return {
      case: "entityUnlockSent",
      value: { criticalSectionId: id, parentInstanceId, targetInstanceId: target },
    };
  }
  const { id, operation = "", input, isSignal, parentInstanceId, parentExecutionId, dueAt, lockSet } = message.request;
  if (lockSet !== undefined) {
    const position = message.request.lockPosition;
    return {
      case: "entityLockRequested",
      value: { criticalSectionId: id, lockSet: lockSet.map(formatEntityInstanceId), position, parentInstanceId },
    };
  }
  const operationFields = { requestId: id, operation, input, targetInstanceId: target };
  const scheduledTime = dueAt && toTimestamp(dueAt);
  return isSignal
    ? { case: "entityOperationSignaled", value: { ...operationFields, scheduledTime } }
    : {
        case: "entityOperationCalled",
        value: { ...operationFields, scheduledTime, parentInstanceId, parentExecutionId },
      };
}

/** Who sends. On the wire only some messages say it, and some workers leave it out. */
export interface EntityMessageSender {
  readonly instanceId: string | undefined;
  readonly executionId: string | undefined;
}

/**
 * @param sender counts where the message is silent
 * @throws DurableError `InvalidOption` for a lock request that names no entity
 */
export function fromWireEntityMessage(message: WireEntityMessage, sender: EntityMessageSender): EntityMessage {
  switch (message.case) {
    case "entityOperationSignaled":
    case "entityOperationCalled": {
      const { requestId, operation, input, scheduledTime, targetInstanceId = "" } = message.value;
      const called = message.case === "entityOperationCalled" ? message.value : undefined;
      const request = createRequest({
        id: requestId,
        operation,
        input,
        isSignal: called === undefined,
        parentInstanceId: called?.parentInstanceId ?? sender.instanceId,
        parentExecutionId: called?.parentExecutionId ?? sender.executionId,
        dueAt: fromDueTimestamp(scheduledTime),
      });
      return { kind: "request", target: targetInstanceId, request };
    }
    case "entityLockRequested": {
      const { criticalSectionId, position, parentInstanceId } = message.value;
      const lockSet = message.value.lockSet.map(lockOf);
      const first = lockSet[position];
      if (first === undefined) {
        throw new DurableError(
          "InvalidOption",
          `a lock request has ${lockSet.length} entities and none at ${position}`,
        );
      }
      const request = createRequest({
        id: criticalSectionId,
        parentInstanceId: parentInstanceId ?? sender.instanceId,
        parentExecutionId: sender.executionId,
        lockSet,
        lockPosition: position,
      });
      return { kind: "request", target: formatEntityInstanceId(first), request };
    }
    case "entityUnlockSent": {
      const {
        criticalSectionId: id,
        parentInstanceId = sender.instanceId ?? "",
        targetInstanceId = "",
      } = message.value;
      return { kind: "release", target: targetInstanceId, release: { parentInstanceId, id } };
    }
  }
}

function lockOf(instanceId: string): EntityRef {
  const entity = entityOfInstanceId(instanceId);
  if (entity === undefined) {
    throw new DurableError("InvalidOption", `a lock request names '${instanceId}', which is not the id of an entity`);
  }
  return { name: entity.name.toLowerCase(), key: entity.key };
}
