import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { OrchestratorRequestSchema, WorkItemSchema } from "../proto/orchestrator_service_pb.ts";

/** An `OrchestratorRequest` without its events. */
export type RequestHead = MessageInitShape<typeof OrchestratorRequestSchema>;

export const pastEventsField: number = OrchestratorRequestSchema.field.pastEvents.number;
export const newEventsField: number = OrchestratorRequestSchema.field.newEvents.number;

/**
 * Puts a `WorkItem` together from a request and events that are encoded already: a long history is not encoded again for
 * each episode.
 *
 * @param events encoded entries of the request's fields
 */
export function writeOrchestrationWorkItem(
  head: RequestHead,
  events: readonly Uint8Array[],
  completionToken: string,
): Uint8Array {
  const request = toBinary(OrchestratorRequestSchema, create(OrchestratorRequestSchema, head));
  const length = events.reduce((sum, { length }) => sum + length, request.length);
  const { orchestratorRequest, completionToken: token } = WorkItemSchema.field;
  const writer = new BinaryWriter()
    .tag(orchestratorRequest.number, WireType.LengthDelimited)
    .uint32(length)
    .raw(request);
  for (const part of events) writer.raw(part);
  return writer.tag(token.number, WireType.LengthDelimited).string(completionToken).finish();
}
