import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  OrchestrationStatus,
  type OrchestratorAction,
  OrchestratorActionSchema,
  type OrchestratorResponse,
  OrchestratorResponseSchema,
} from "../proto/orchestrator_service_pb.ts";

/** A little below the 4 MiB that a gRPC server takes by default: the same limit as the .NET and Java workers have. */
export const maxResponseBytes = 4_089_446;

const tooLargeType = "ResponseTooLarge";
/** Tag and length of one element of a repeated field, at most. */
const elementOverhead = 6;
/** What `isPartial`, `chunkIndex` and `numEventsProcessed` take, at most. */
const chunkFieldBytes = 32;

/**
 * Cuts a response that one message cannot carry into several, which the server puts together again.
 *
 * K1. What fits is sent as it is, without any field of chunks.
 * K2. The actions keep their order; each chunk but the last is partial, and `chunkIndex` counts from 0.
 * K3. Chunk 0 alone has the trace context, and leaves `numEventsProcessed` unset (all events); the others have 0.
 * K4. What no chunk can carry fails the orchestration for good: the next attempt would be as large.
 *
 * @param limit most bytes of one message
 */
export function splitResponse(
  init: MessageInitShape<typeof OrchestratorResponseSchema>,
  limit: number = maxResponseBytes,
): readonly OrchestratorResponse[] {
  const response = create(OrchestratorResponseSchema, init);
  if (mostBytesOf(response) <= limit) return [response];
  const { actions } = response;
  const room = limit - sizeOf({ ...response, actions: [] }) - chunkFieldBytes;
  if (room <= 0)
    return [
      failResponse(response, tooLargeType, `the custom status is larger than the ${limit} bytes that a server takes`),
    ]; // K4
  const sizes = actions.map((action) => toBinary(OrchestratorActionSchema, action).length + elementOverhead);
  const tooLarge = sizes.findIndex((size) => size > room);
  if (tooLarge >= 0)
    return [failResponse(response, tooLargeType, describeOversized(actions[tooLarge]!, sizes[tooLarge]!, limit))]; // K4
  const groups = groupBySize(actions, sizes, room);
  if (groups.length <= 1) return [response]; // K1
  return groups.map((group, index) => ({
    ...response,
    actions: group,
    isPartial: index < groups.length - 1, // K2
    chunkIndex: index,
    ...(index === 0 ? {} : { orchestrationTraceContext: undefined, numEventsProcessed: 0 }), // K3
  }));
}

/** As many as fit into each, in order. */
function groupBySize(
  actions: readonly OrchestratorAction[],
  sizes: readonly number[],
  room: number,
): readonly OrchestratorAction[][] {
  const groups: OrchestratorAction[][] = [];
  let left = 0;
  for (const [index, action] of actions.entries()) {
    const size = sizes[index]!;
    if (groups.length === 0 || size > left) {
      groups.push([]);
      left = room;
    }
    groups.at(-1)!.push(action);
    left -= size;
  }
  return groups;
}

/** Ends the orchestration as failed instead. Nothing of the response is kept. */
export function failResponse(
  response: OrchestratorResponse,
  errorType: string,
  errorMessage: string,
): OrchestratorResponse {
  const { instanceId, completionToken, orchestrationTraceContext, actions } = response;
  return create(OrchestratorResponseSchema, {
    instanceId,
    completionToken,
    orchestrationTraceContext,
    actions: [failureAction(actions.find(({ id }) => id >= 0)?.id ?? 0, errorType, errorMessage)],
  });
}

/** Ends the orchestration as failed, for good. */
export function failureAction(
  id: number,
  errorType: string,
  errorMessage: string,
): MessageInitShape<typeof OrchestratorActionSchema> {
  return {
    id,
    orchestratorActionType: {
      case: "completeOrchestration",
      value: {
        orchestrationStatus: OrchestrationStatus.FAILED,
        result: errorMessage,
        failureDetails: { errorType, errorMessage, isNonRetriable: true },
      },
    },
  };
}

function describeOversized({ id, orchestratorActionType }: OrchestratorAction, size: number, limit: number): string {
  return (
    `what the orchestration asks for (${orchestratorActionType.case ?? "an action"}, number ${id}) has ${size} bytes, ` +
    `but a message to the server may have ${limit}; keep large data elsewhere and pass on where it is, ` +
    "or give worker and clients a store for large payloads"
  );
}

function sizeOf(response: OrchestratorResponse): number {
  return toBinary(OrchestratorResponseSchema, response).length;
}

/**
 * No fewer bytes than the message takes, without writing it: hardly any response is large, and all of them are looked at.
 */
function mostBytesOf(value: unknown): number {
  switch (typeof value) {
    case "string":
      // A UTF-16 unit takes three bytes of UTF-8 at most.
      return value.length * 3 + elementOverhead;
    case "object":
      if (value === null) return 0;
      if (value instanceof Uint8Array) return value.length + elementOverhead;
      return Object.entries(value).reduce(
        // The name of a member is a key where the field is a map.
        (sum, [name, member]) => sum + name.length * 3 + mostBytesOf(member) + elementOverhead,
        elementOverhead,
      );
    default:
      // A varint, a double, a flag.
      return 10 + elementOverhead;
  }
}
