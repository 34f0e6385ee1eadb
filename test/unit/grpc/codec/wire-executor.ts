import { expect } from "vitest";
import type { EntityBatch, EntityBatchResult } from "../../../../src/core/entity-batch.ts";
import { isEntityInstanceId } from "../../../../src/core/entity-id.ts";
import type { ExecutionRef, HistoryEvent } from "../../../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../../../src/core/orchestrator-action.ts";
import type { Clock } from "../../../../src/core/ports.ts";
import type { Episode, EpisodeResult, OrchestrationSession, TaskExecutor } from "../../../../src/core/task-executor.ts";
import { formatRequest, readRequest } from "../../../../src/entities/entity-message.ts";
import { noTime } from "../../../../src/entities/wire-time.ts";
import { ActionReader } from "../../../../src/grpc/codec/action-reader.ts";
import {
  fromEntityRequest,
  fromEntityResult,
  toEntityRequest,
  toEntityResult,
} from "../../../../src/grpc/codec/entity-batches.ts";
import { HistoryReader } from "../../../../src/grpc/codec/history-reader.ts";
import { type EntityEncoding, HistoryWriter } from "../../../../src/grpc/codec/history-writer.ts";
import {
  EntityBatchResultSchema,
  EntityRequestSchema,
  HistoryEventSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { actionsOverTheWire, overTheWire } from "./over-the-wire.ts";

/**
 * Stands between an engine and an executor as the wire does: what they say to each other is written to bytes and read
 * from them, and has to be the same but for what has no place there.
 */
export class WireExecutor implements TaskExecutor {
  readonly #inner: TaskExecutor;
  readonly #encoding: EntityEncoding;
  readonly #clock: Clock;
  readonly #problems: unknown[];

  /** @param problems receives what is not the same: the engine itself would only try again */
  constructor(inner: TaskExecutor, encoding: EntityEncoding, clock: Clock, problems: unknown[]) {
    this.#inner = inner;
    this.#encoding = encoding;
    this.#clock = clock;
    this.#problems = problems;
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    const session = this.#inner.openSession(execution, onMisuse);
    const writer = new HistoryWriter(this.#encoding);
    const reader = new HistoryReader();
    const actionReader = new ActionReader(execution);
    const transfer = (event: HistoryEvent): HistoryEvent => {
      actionReader.observe(event);
      const wire = overTheWire(HistoryEventSchema, writer.write(event));
      const read = reader.read(wire);
      expect(withoutUnwritten(read)).toEqual(withoutUnwritten(event));
      return read;
    };
    return {
      execute: this.#watched(async (episode: Episode): Promise<EpisodeResult> => {
        const pastEvents = episode.pastEvents.map(transfer);
        const result = await session.execute({ pastEvents, newEvents: episode.newEvents.map(transfer) });
        const wire = actionsOverTheWire(result.actions);
        const actions = actionReader.read(wire, new Date(this.#clock.now()));
        // What the engine itself would stamp differs by nothing but the stamps.
        expect(actions.map(withoutStamps)).toEqual(result.actions.map(withoutStamps));
        return { ...result, actions };
      }),
      ...(session.waitsForTimer && { waitsForTimer: (id: number) => session.waitsForTimer!(id) }),
      close: () => session.close(),
    };
  }

  executeActivity: TaskExecutor["executeActivity"] = (invocation) => this.#inner.executeActivity(invocation);

  executeEntityBatch: TaskExecutor["executeEntityBatch"] = (batch) => this.#watched(this.#runBatch)(batch);

  #runBatch = async (batch: EntityBatch): Promise<EntityBatchResult> => {
    const request = overTheWire(EntityRequestSchema, toEntityRequest(batch));
    const result = await this.#inner.executeEntityBatch(fromEntityRequest(request, batch.signal));
    const wire = overTheWire(EntityBatchResultSchema, toEntityResult(result, request));
    const read = fromEntityResult(wire, batch);
    expect(read.state).toBe(result.state);
    expect(read.outcomes.map(({ kind }) => kind)).toEqual(result.outcomes.map(({ kind }) => kind));
    return read;
  };

  #watched<Input, Output>(run: (input: Input) => Promise<Output>): (input: Input) => Promise<Output> {
    return async (input) => {
      try {
        return await run(input);
      } catch (error) {
        this.#problems.push(error);
        throw error;
      }
    };
  }
}

function withoutUnwritten(event: HistoryEvent): HistoryEvent {
  switch (event.type) {
    case "ExecutionStarted":
      return { ...event, correlation: undefined, generation: undefined, generateNewTrace: false };
    case "TaskScheduled":
      return { ...event, input: event.input === "[]" ? undefined : event.input };
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed":
      return { ...event, reason: undefined, details: undefined };
    case "ContinueAsNew":
      return { ...event, failureDetails: undefined };
    case "EventSent":
      return { ...event, input: withoutStamp(event) };
    default:
      return event;
  }
}

function withoutStamps(action: OrchestratorAction): OrchestratorAction {
  return action.kind === "SendEvent" ? { ...action, deliverAt: action.deliverAt, input: withoutStamp(action) } : action;
}

function withoutStamp({ instanceId, input }: { readonly instanceId: string; readonly input: string | undefined }) {
  const request = isEntityInstanceId(instanceId) ? readRequest(input) : undefined;
  return request === undefined ? input : formatRequest({ ...request, timestamp: noTime, predecessor: noTime });
}
