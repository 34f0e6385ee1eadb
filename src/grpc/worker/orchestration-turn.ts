import type { MessageInitShape } from "@bufbuild/protobuf";
import { DurableError, isDurableError } from "../../core/errors.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import type { ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import type { OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { Random } from "../../core/ports.ts";
import type { EpisodeResult, OrchestrationSpan, TaskExecutor } from "../../core/task-executor.ts";
import type { TaskHubChannel } from "../channel/task-hub-channel.ts";
import { writeActions } from "../codec/action-writer.ts";
import { HistoryReader } from "../codec/history-reader.ts";
import { patchesProperty } from "../codec/patch-actions.ts";
import { toTimestamp } from "../codec/times.ts";
import type { OrchestratorActionInit, WireHistoryEvent } from "../codec/wire-types.ts";
import {
  HistoryChunkSchema,
  type OrchestratorRequest,
  type OrchestratorResponseSchema,
} from "../proto/orchestrator_service_pb.ts";
import { withLockReleases } from "./lock-releases.ts";
import type { PayloadCourier } from "./payload-courier.ts";
import { failureAction } from "./response-chunks.ts";
import { isRewindRequest, rewindHistory } from "./rewound-history.ts";

export type OrchestratorResponseInit = MessageInitShape<typeof OrchestratorResponseSchema>;

export interface TurnContext {
  /** @see ActionOptions.entityTrafficAsEvents */
  readonly entityTrafficAsEvents?: boolean;
  readonly executor: TaskExecutor;
  readonly random: Random;
  /** Where a history is streamed from that the request does not hold. */
  readonly channel: TaskHubChannel;
  readonly payloads: PayloadCourier;
  readonly work: { readonly signal: AbortSignal };
  readonly onFailed: (name: string, failure: FailureDetails) => void;
  /** Told of calls that an orchestration has never waited for, when it ends. @defaultValue nobody is */
  readonly onUnawaited?: ((name: string, calls: readonly string[]) => void) | undefined;
}

/**
 * One episode of an orchestration, on a session made from its history and dropped afterwards: the protocol hands over
 * the whole history each time, and says nothing of the worker that had the last episode.
 *
 * @throws DurableError `CorruptData` for a history that cannot be one
 * @throws what the executor throws when the episode could not be run
 */
export async function runTurn(request: OrchestratorRequest, context: TurnContext): Promise<OrchestratorResponseInit> {
  const { instanceId, newEvents, orchestrationTraceContext } = request;
  const pastEvents = request.requiresHistoryStreaming ? await streamHistory(request, context) : request.pastEvents;
  if (newEvents.length === 0) throw new DurableError("CorruptData", "the request has no new event");
  const reader = new HistoryReader();
  const past = pastEvents.map((event) => reader.read(event));
  if (isRewindRequest(pastEvents, newEvents)) {
    const executionId = context.random.guid().replaceAll("-", "");
    const newHistory = [...rewindHistory(pastEvents, past, newEvents, executionId)];
    const action = { id: -1, orchestratorActionType: { case: "rewindOrchestration", value: { newHistory } } } as const;
    return { instanceId, actions: [action], orchestrationTraceContext };
  }
  const recent = newEvents.map((event) => reader.read(event));
  const started = findStarted(past) ?? findStarted(recent);
  if (started === undefined) throw new DurableError("CorruptData", "the history has no ExecutionStarted event");
  // A request may still name the generation before: the .NET sidecar continues an orchestration as new in one work item.
  const executionId = started.orchestrationInstance.executionId || request.executionId || "";
  const session = context.executor.openSession({ instanceId, executionId });
  let result: EpisodeResult;
  try {
    result = await session.execute({ pastEvents: past, newEvents: recent }, context.work);
  } finally {
    session.close();
  }
  const end = result.actions.find((action) => action.kind === "CompleteOrchestration");
  if (end?.failureDetails !== undefined) context.onFailed(started.name, end.failureDetails);
  if (result.unawaitedCalls !== undefined) context.onUnawaited?.(started.name, result.unawaitedCalls);
  const isOwnServer = keepsPatches(request);
  // A server of this package gives locks back by itself.
  const actions = isOwnServer ? result.actions : withLockReleases(result.actions, [...past, ...recent], instanceId);
  return {
    instanceId,
    actions: toWireActions(actions, isOwnServer, context),
    // The wire cannot say "as it was": a server that clears what is unset has a status less.
    customStatus: result.keepsCustomStatus === true ? undefined : result.customStatus,
    orchestrationTraceContext: result.span === undefined ? orchestrationTraceContext : toWireSpan(result.span),
  };
}

function keepsPatches({ properties }: OrchestratorRequest): boolean {
  const kept = properties[patchesProperty]?.kind;
  return kept?.case === "boolValue" && kept.value;
}

/** What this server cannot carry ends the orchestration, as it would be asked for again for ever. */
function toWireActions(
  actions: readonly OrchestratorAction[],
  supportsPatches: boolean,
  { entityTrafficAsEvents }: TurnContext,
): OrchestratorActionInit[] {
  try {
    return writeActions(actions, { supportsPatches, entityTrafficAsEvents });
  } catch (error) {
    if (!isDurableError(error, "NotSupported")) throw error;
    return [failureAction(actions.find(({ id }) => id >= 0)?.id ?? 0, error.code, error.message)];
  }
}

function toWireSpan({ spanId, startTime }: OrchestrationSpan): OrchestratorResponseInit["orchestrationTraceContext"] {
  return { spanID: spanId, ...(startTime === undefined ? {} : { spanStartTime: toTimestamp(startTime) }) };
}

async function streamHistory(
  { instanceId, executionId }: OrchestratorRequest,
  { channel, payloads, work }: TurnContext,
): Promise<readonly WireHistoryEvent[]> {
  const events: WireHistoryEvent[] = [];
  const request = { instanceId, executionId, forWorkItemProcessing: true };
  for await (const chunk of channel.stream("streamInstanceHistory", request, { signal: work.signal })) {
    await payloads.resolve(HistoryChunkSchema, chunk);
    for (const event of chunk.events) events.push(event);
  }
  return events;
}

function findStarted(events: readonly HistoryEvent[]): ExecutionStarted | undefined {
  return events.find((event): event is ExecutionStarted => event.type === "ExecutionStarted");
}
