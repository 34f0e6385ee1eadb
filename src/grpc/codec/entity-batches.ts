import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  EntityAction,
  EntityBatch,
  EntityBatchResult,
  EntityOperation,
  EntityOutcome,
} from "../../core/entity-batch.ts";
import { EntityId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import { formatFailure } from "../../core/failure-details.ts";
import { assertDefinitionName } from "../../core/function-names.ts";
import { assertInstanceId } from "../../core/ids.ts";
import { nameBasedGuid } from "../../core/name-based-guid.ts";
import type {
  EntityOperationCalledEvent,
  OperationAction,
  OperationActionSchema,
  OperationResult,
  OperationResultSchema,
} from "../proto/orchestrator_service_pb.ts";
import { fromWireFailure, toWireFailure } from "./failures.ts";
import { fromDueTimestamp, toTimestamp } from "./times.ts";
import type {
  EntityRequestInit,
  EntityResultInit,
  HistoryEventInit,
  WireEntityBatchRequest,
  WireEntityRequest,
  WireEntityResult,
} from "./wire-types.ts";

type OperationActionInit = MessageInitShape<typeof OperationActionSchema>;
type OperationResultInit = MessageInitShape<typeof OperationResultSchema>;

/** @param timestamp of the requests. @defaultValue 1970, as readers want one and do nothing with it */
export function toEntityRequest(batch: EntityBatch, timestamp: Date = new Date(0)): EntityRequestInit {
  const { instanceId, state, operations } = batch;
  const operationRequests = operations.map(
    (operation): HistoryEventInit => ({
      eventId: -1,
      timestamp: toTimestamp(timestamp),
      eventType: operationEvent(operation, instanceId),
    }),
  );
  return { instanceId, entityState: state, operationRequests };
}

function operationEvent(operation: EntityOperation, targetInstanceId: string): HistoryEventInit["eventType"] & object {
  const { id, isSignal, input, parentInstanceId } = operation;
  const fields = { requestId: id, operation: operation.operation, input, targetInstanceId };
  if (isSignal) return { case: "entityOperationSignaled", value: fields };
  // Some workers cannot do without the parent of a call.
  return { case: "entityOperationCalled", value: { ...fields, parentInstanceId: parentInstanceId ?? "" } };
}

/**
 * Locks are no operations: a request for one is the business of the server, and passed by as other workers do.
 *
 * @throws DurableError `InvalidEntityId`, or `NotSupported` for a request of a kind that is not known
 */
export function fromEntityRequest(request: WireEntityRequest, signal: AbortSignal): EntityBatch {
  const operations = operationsOf(request).map(({ kind, operation: { requestId, operation, input }, parent }) => {
    const parentInstanceId = parent?.instanceId;
    return {
      id: requestId,
      operation,
      input,
      isSignal: kind === "entityOperationSignaled",
      ...(parentInstanceId !== undefined && { parentInstanceId }),
    };
  });
  return batchOf(request, operations, signal);
}

/** The requests of a batch that are operations. */
function operationsOf({ operationRequests }: WireEntityRequest) {
  return operationRequests.flatMap(({ eventType }) => {
    switch (eventType.case) {
      case "entityOperationSignaled":
        return { kind: eventType.case, operation: eventType.value, parent: undefined };
      case "entityOperationCalled":
        return { kind: eventType.case, operation: eventType.value, parent: parentOf(eventType.value) };
      case "entityLockRequested":
      case "entityUnlockSent":
        return [];
      default:
        throw new DurableError(
          "NotSupported",
          `an entity cannot run '${eventType.case ?? "a request of unknown kind"}'`,
        );
    }
  });
}

/** Who waits for an answer to a call. */
function parentOf({ parentInstanceId, parentExecutionId }: EntityOperationCalledEvent) {
  if (parentInstanceId === undefined || parentInstanceId === "") return undefined;
  return { instanceId: parentInstanceId, executionId: parentExecutionId };
}

/**
 * The first version of the request does not tell signals from calls: all count as calls.
 *
 * @throws DurableError `InvalidEntityId`
 */
export function fromEntityBatchRequest(request: WireEntityBatchRequest, signal: AbortSignal): EntityBatch {
  const operations = request.operations.map(({ requestId, operation, input }): EntityOperation => {
    return { id: requestId, operation, input, isSignal: false };
  });
  return batchOf(request, operations, signal);
}

function batchOf(
  { instanceId, entityState }: { readonly instanceId: string; readonly entityState?: string | undefined },
  operations: readonly EntityOperation[],
  signal: AbortSignal,
): EntityBatch {
  const { name, key } = EntityId.parse(instanceId);
  return { instanceId, entity: { name, key }, state: entityState, operations, signal };
}

/** When the operations of a batch were run, as they are told. */
export interface OperationTimes {
  readonly startTime: Date;
  readonly endTime: Date;
}

/**
 * The outcomes with what they want of others, in one list, as the wire has it.
 *
 * @param request answered, of either version. The first one does not say whom to answer
 * @param times @defaultValue not told
 */
export function toEntityResult(
  result: EntityBatchResult,
  request: WireEntityRequest | WireEntityBatchRequest,
  times?: OperationTimes,
): EntityResultInit {
  const { outcomes, state } = result;
  const requests = "operationRequests" in request ? operationsOf(request) : [];
  const actions = outcomes.flatMap((outcome, index) => {
    if (outcome.kind === "failed") return [];
    const requestId = requests[index]?.operation.requestId ?? index;
    return outcome.actions.map((action, position) => {
      const origin = JSON.stringify([request.instanceId, requestId, position]);
      return { action, origin };
    });
  });
  return {
    results: outcomes.map((outcome) => toResult(outcome, times)),
    actions: actions.map(({ action, origin }, id) => ({ id, operationActionType: toAction(action, origin, times) })),
    entityState: state,
    operationInfos: requests.slice(0, outcomes.length).map(({ operation: { requestId }, parent }) => {
      return { requestId, ...(parent !== undefined && { responseDestination: parent }) };
    }),
  };
}

function toResult(outcome: EntityOutcome, times: OperationTimes | undefined): OperationResultInit {
  const span = times && { startTimeUtc: toTimestamp(times.startTime), endTimeUtc: toTimestamp(times.endTime) };
  return {
    resultType:
      outcome.kind === "completed"
        ? { case: "success", value: { result: outcome.result, ...span } }
        : { case: "failure", value: { failureDetails: toWireFailure(outcome.failureDetails), ...span } },
  };
}

/** @param origin the same for a repeat of the batch, so that it starts the same orchestration */
function toAction(
  action: EntityAction,
  origin: string,
  times: OperationTimes | undefined,
): OperationActionInit["operationActionType"] & object {
  const { input } = action;
  const scheduledTime = action.scheduledTime && toTimestamp(action.scheduledTime);
  const requestTime = times && toTimestamp(times.endTime);
  if (action.kind === "SignalEntity") {
    const { instanceId, operation: name } = action;
    return { case: "sendSignal", value: { instanceId, name, input, scheduledTime, requestTime } };
  }
  const { name, version, instanceId = nameBasedGuid(origin).replaceAll("-", "") } = action;
  return { case: "startNewOrchestration", value: { instanceId, name, version, input, scheduledTime, requestTime } };
}

/**
 * What a worker has answered to a batch.
 *
 * The wire does not say which operation wants what of others, so all of it counts as wanted by the last one that has
 * completed: .NET too sends it behind the answers to the operations before. A worker may answer the first operations
 * only, and leave the rest for another batch on the state it gives back.
 *
 * @throws DurableError `Aborted` when the worker could not run the batch, which shall be tried again; `InvalidOption`,
 * `InvalidEntityId`, `InvalidInstanceId` or `NotSupported` for an answer that does not fit the batch or makes no sense
 */
export function fromEntityResult(wire: WireEntityResult, batch: EntityBatch): EntityBatchResult {
  if (wire.failureDetails !== undefined) {
    const text = formatFailure(fromWireFailure(wire.failureDetails));
    throw new DurableError("Aborted", `the worker could not run the operations of '${batch.instanceId}': ${text}`);
  }
  const { length } = batch.operations;
  if (wire.results.length > length || wire.results.length === 0) {
    const counts = `${wire.results.length} results for ${length} operations`;
    throw new DurableError("InvalidOption", `the worker has answered '${batch.instanceId}' with ${counts}`);
  }
  const outcomes = wire.results.map(fromResult);
  const actions = wire.actions.map(fromAction);
  const last = outcomes.findLastIndex(({ kind }) => kind === "completed");
  const wanting = outcomes[last];
  if (wanting?.kind === "completed") outcomes[last] = { ...wanting, actions };
  else if (actions.length > 0) {
    throw new DurableError(
      "InvalidOption",
      `all operations of '${batch.instanceId}' failed, and yet there are actions`,
    );
  }
  return { outcomes, state: wire.entityState };
}

function fromResult({ resultType }: OperationResult, index: number): EntityOutcome {
  switch (resultType.case) {
    case "success":
      return { kind: "completed", result: resultType.value.result, actions: [] };
    case "failure": {
      const { failureDetails } = resultType.value;
      const unknown = { errorType: "Error", errorMessage: "the operation failed", isNonRetriable: false };
      return { kind: "failed", failureDetails: failureDetails ? fromWireFailure(failureDetails) : unknown };
    }
    default:
      throw new DurableError("InvalidOption", `the result of operation ${index} is neither a success nor a failure`);
  }
}

function fromAction({ id, operationActionType: type }: OperationAction): EntityAction {
  switch (type.case) {
    case "sendSignal": {
      const { instanceId, name: operation, input, scheduledTime } = type.value;
      const target = EntityId.parse(instanceId).toString();
      return {
        kind: "SignalEntity",
        instanceId: target,
        operation,
        input,
        scheduledTime: fromDueTimestamp(scheduledTime),
      };
    }
    case "startNewOrchestration": {
      const { name, version, input, scheduledTime } = type.value;
      assertDefinitionName(name, "the name of an orchestration");
      const instanceId = type.value.instanceId === "" ? undefined : type.value.instanceId;
      if (instanceId !== undefined) assertInstanceId(instanceId);
      const fields = { name, version, instanceId, input, scheduledTime: fromDueTimestamp(scheduledTime) };
      return { kind: "StartOrchestration", ...fields };
    }
    default:
      throw new DurableError("NotSupported", `action ${id} of the entity is of a kind that is not known`);
  }
}
