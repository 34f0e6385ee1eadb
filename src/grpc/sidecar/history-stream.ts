import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import { HistoryWriter } from "../codec/history-writer.ts";
import { HistoryChunkSchema, type StreamInstanceHistoryRequest } from "../proto/orchestrator_service_pb.ts";
import { encodeEvent, RepeatedField } from "./encoded-events.ts";
import type { WorkDispatcher } from "./work-dispatcher.ts";

const maxChunkBytes = 256 * 1024;
const chunkField = HistoryChunkSchema.field.events.number;

/**
 * The history of an instance, as encoded `HistoryChunk`s: nothing for an instance that is not there. Workers get what
 * their work item has left out; others what is stored, without the ends of episodes, as the scheduler service has it.
 *
 * @throws DurableError `InstanceNotFound` for a work item that no worker has
 */
export async function readHistory(
  request: StreamInstanceHistoryRequest,
  { client, dispatcher }: { readonly client: OrchestrationClient; readonly dispatcher: WorkDispatcher },
): Promise<Iterable<Uint8Array>> {
  const { instanceId, executionId, forWorkItemProcessing } = request;
  if (forWorkItemProcessing) return dispatcher.streamPast(instanceId, executionId || undefined);
  return readStoredHistory(request, client);
}

/** What is stored of the history of an instance, as {@link readHistory} has it. */
export async function readStoredHistory(
  { instanceId, executionId }: StreamInstanceHistoryRequest,
  client: OrchestrationClient,
): Promise<Iterable<Uint8Array>> {
  const history = (await client.getHistory(instanceId)) ?? [];
  const started = history.findLast((event) => event.type === "ExecutionStarted");
  if (executionId && started?.orchestrationInstance.executionId !== executionId) return [];
  const writer = new HistoryWriter("messages");
  const events = new RepeatedField(chunkField);
  for (const event of history) {
    const bytes = encodeEvent(writer, event);
    if (event.type !== "OrchestratorCompleted") events.add(bytes);
  }
  return events.split(chunkField, maxChunkBytes);
}
