import { DurableError, isDurableError } from "../../core/errors.ts";
import type { ExecutionRef, ExecutionStarted, ExecutionTerminated, HistoryEvent } from "../../core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { Clock } from "../../core/ports.ts";
import type { Episode, EpisodeResult, OrchestrationSession, OrchestrationSpan } from "../../core/task-executor.ts";
import { ActionReader } from "../codec/action-reader.ts";
import { type EntityEncoding, HistoryWriter } from "../codec/history-writer.ts";
import { patchesProperty } from "../codec/patch-actions.ts";
import { fromTimestamp, toTimestamp } from "../codec/times.ts";
import { HistoryChunkSchema, type OrchestratorResponse } from "../proto/orchestrator_service_pb.ts";
import { encodeEvent, RepeatedField } from "./encoded-events.ts";
import { newEventsField, pastEventsField, writeOrchestrationWorkItem } from "./orchestration-requests.ts";
import { ChunkedAnswer } from "./pending-work.ts";
import type { Reading, RemoteWork } from "./remote-work.ts";
import type { RemoteWorker } from "./remote-worker.ts";
import type { WorkDispatcher } from "./work-dispatcher.ts";

/** A past larger than this is fetched by the workers that can. */
const maxInlinePastBytes = 1024 * 1024;
/** Most bytes of events in one `HistoryChunk`. */
const maxChunkBytes = 256 * 1024;
const chunkField = HistoryChunkSchema.field.events.number;

/** For how long entities put messages of one sender in order, which workers of .NET number for them. */
const reorderWindow = { seconds: 30n * 60n, nanos: 0 };

const neverAborted = new AbortController().signal;

/** The history of an execution as the workers of one encoding are to see it. */
interface EncodedExecution {
  readonly encoding: EntityEncoding;
  readonly writer: HistoryWriter;
  readonly past: RepeatedField;
}

/**
 * An execution whose orchestrator runs in workers elsewhere. They know nothing between two episodes, so each request
 * brings the whole history, which is kept here in encoded form.
 */
export class RemoteSession implements OrchestrationSession {
  readonly #execution: ExecutionRef;
  readonly #dispatcher: WorkDispatcher;
  readonly #clock: Clock;
  readonly #actions: ActionReader;
  #started: ExecutionStarted | undefined;
  #span: OrchestrationSpan | undefined;
  #encoded: EncodedExecution | undefined;
  /** Events that are not encoded yet. */
  #unwritten: HistoryEvent[] = [];
  #isClosed = false;

  constructor(execution: ExecutionRef, dispatcher: WorkDispatcher, clock: Clock) {
    this.#execution = execution;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#actions = new ActionReader(execution);
  }

  async execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult> {
    const { pastEvents, newEvents } = episode;
    // A worker has to be given something that is new.
    if (newEvents.length === 0) return { actions: [], customStatus: undefined, keepsCustomStatus: true };
    for (const event of pastEvents) this.#observe(event, true);
    this.#unwritten.push(...pastEvents);
    for (const event of newEvents) this.#observe(event, false);
    try {
      return await this.#dispatcher.dispatch(this.#workFor(newEvents, work?.signal ?? neverAborted));
    } catch (error) {
      // What is too large for every worker could not be ended otherwise.
      const termination = isDurableError(error, "NotSupported") ? newEvents.find(isTermination) : undefined;
      if (termination === undefined) throw error;
      return { actions: [terminated(termination)], customStatus: undefined, keepsCustomStatus: true };
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#encoded = undefined;
    this.#unwritten = [];
  }

  #observe(event: HistoryEvent, isPast: boolean): void {
    this.#actions.observe(event);
    if (event.type !== "ExecutionStarted") return;
    this.#started = event;
    const context = event.parentTraceContext;
    if (!isPast || context?.spanId === undefined || context.activityStartTime === undefined) return;
    this.#span = { spanId: context.spanId, startTime: context.activityStartTime };
  }

  #workFor(newEvents: readonly HistoryEvent[], signal: AbortSignal): RemoteWork<"orchestration", EpisodeResult> {
    const { instanceId, executionId } = this.#execution;
    let written: readonly Uint8Array[] | undefined;
    let chunks = new ChunkedAnswer();
    let streams = true;
    return {
      kind: "orchestration",
      name: this.#started?.name ?? "",
      version: this.#started?.version,
      instanceId,
      executionId,
      signal,
      prefers: (worker) => this.#encoded === undefined || worker.entityEncoding === this.#encoded.encoding,
      write: (worker, completionToken) => {
        chunks = new ChunkedAnswer();
        const { writer, past } = this.#encode(worker);
        written ??= newEvents.map((event) => encodeEvent(writer, event));
        const now = new RepeatedField(newEventsField);
        for (const event of written) now.add(event);
        const isStreamed = streams && worker.streamsHistory && past.bytes.length > maxInlinePastBytes;
        const head = {
          instanceId,
          executionId,
          entityParameters: { entityMessageReorderWindow: reorderWindow },
          requiresHistoryStreaming: isStreamed,
          properties: worker.supportsPatches ? keepsPatches : {},
          ...(this.#span && { orchestrationTraceContext: toWireSpan(this.#span) }),
        };
        return writeOrchestrationWorkItem(head, isStreamed ? [now.bytes] : [past.bytes, now.bytes], completionToken);
      },
      read: (part) => {
        const response = chunks.add(part);
        if (response === undefined) return { kind: "partial" };
        if (response.requiresHistory) {
          const reason = "the worker wants the whole history";
          if (!streams) return { kind: "failed", reason };
          streams = false;
          return { kind: "incomplete", reason };
        }
        return this.#accept(response, written ?? []);
      },
      streamPast: () => this.#encoded?.past.split(chunkField, maxChunkBytes) ?? [],
    };
  }

  /** @throws DurableError `SessionLost` when the history was encoded for others, which only the engine still has */
  #encode({ entityEncoding }: RemoteWorker): EncodedExecution {
    // What it knew of the past is gone.
    if (this.#isClosed) throw new DurableError("SessionLost", "the session was closed");
    if (this.#encoded !== undefined && this.#encoded.encoding !== entityEncoding) {
      throw new DurableError("SessionLost", "the next worker reads entities in another form");
    }
    this.#encoded ??= {
      encoding: entityEncoding,
      writer: new HistoryWriter(entityEncoding),
      past: new RepeatedField(pastEventsField),
    };
    const { writer, past } = this.#encoded;
    for (const event of this.#unwritten) past.add(encodeEvent(writer, event));
    this.#unwritten = [];
    return this.#encoded;
  }

  #accept(response: OrchestratorResponse, written: readonly Uint8Array[]): Reading<EpisodeResult> {
    const actions = this.#actions.read(response.actions, new Date(this.#clock.now()));
    for (const event of written) this.#encoded?.past.add(event);
    const context = response.orchestrationTraceContext;
    const spanId = context?.spanID || undefined;
    const span = spanId === undefined ? undefined : { spanId, startTime: fromTimestamp(context?.spanStartTime) };
    this.#span = span ?? this.#span;
    const { customStatus } = response;
    // Code that could not be run says nothing of it.
    const keepsCustomStatus = customStatus === undefined && actions.some(isFailure);
    return { kind: "result", result: { actions, customStatus, keepsCustomStatus, span } };
  }
}

function isFailure(action: OrchestratorAction): boolean {
  return action.kind === "CompleteOrchestration" && action.status === "Failed";
}

/** Workers of this package may mark changed code. */
const keepsPatches = { [patchesProperty]: { kind: { case: "boolValue", value: true } } } as const;

function toWireSpan({ spanId, startTime }: OrchestrationSpan) {
  return { spanID: spanId, ...(startTime && { spanStartTime: toTimestamp(startTime) }) };
}

function isTermination(event: HistoryEvent): event is ExecutionTerminated {
  return event.type === "ExecutionTerminated";
}

/** What a worker answers to a termination. */
function terminated({ input }: ExecutionTerminated): CompleteOrchestration {
  return {
    kind: "CompleteOrchestration",
    id: -1,
    status: "Terminated",
    result: input,
    failureDetails: undefined,
    carryoverEvents: [],
    newVersion: undefined,
  };
}
