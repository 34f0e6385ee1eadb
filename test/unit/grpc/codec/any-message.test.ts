import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { isDurableError } from "../../../../src/core/errors.ts";
import { ActionReader } from "../../../../src/grpc/codec/action-reader.ts";
import {
  fromEntityBatchRequest,
  fromEntityRequest,
  fromEntityResult,
  toEntityResult,
} from "../../../../src/grpc/codec/entity-batches.ts";
import { HistoryReader } from "../../../../src/grpc/codec/history-reader.ts";
import { HistoryWriter } from "../../../../src/grpc/codec/history-writer.ts";
import { fromWireState } from "../../../../src/grpc/codec/states.ts";
import {
  EntityBatchRequestSchema,
  EntityBatchResultSchema,
  EntityRequestSchema,
  HistoryChunkSchema,
  HistoryEventSchema,
  OrchestrationStateSchema,
  OrchestratorResponseSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { bytesOf, MessageMaker } from "../../../conformance/grpc-corpus-fixture.ts";
import { forSeeds } from "../../../support/seeded-random.ts";
import { overTheWire } from "./over-the-wire.ts";

const count = 150;
const { signal } = new AbortController();

/** Whatever a foreign server or worker may send. */
function anyMessage<Desc extends DescMessage>(schema: Desc, seed: number): MessageShape<Desc> {
  return fromBinary(schema, bytesOf(new MessageMaker(seed, () => false).make(schema)));
}

/** What is refused is refused for a reason that callers know. */
function reads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isDurableError(error)) throw error;
  }
}

it("any history is read, and what was read is written and read again", async () => {
  await forSeeds(count, (seed) => {
    const [reader, again] = [new HistoryReader(), new HistoryReader()];
    const writers = [new HistoryWriter("messages"), new HistoryWriter("events")] as const;
    for (const wire of anyMessage(HistoryChunkSchema, seed).events) {
      const event = reader.read(wire);
      const [asMessages, asEvents] = writers.map((writer) => overTheWire(HistoryEventSchema, writer.write(event)));
      expect(again.read(asMessages!).type).toBe(event.type);
      expect(asEvents!.eventId).toBe(wire.eventId);
    }
  });
});

it("any answer of a worker is read or refused", async () => {
  await forSeeds(count, (seed) => {
    const { actions } = anyMessage(OrchestratorResponseSchema, seed);
    const reader = new ActionReader({ instanceId: "i", executionId: "e" });
    reads(() => reader.read(actions, new Date(0)));
    for (const action of actions) reads(() => reader.read([action], new Date(8.64e15)));
  });
});

it("any batch of an entity, and any answer to it, is read or refused", async () => {
  await forSeeds(count, (seed) => {
    const request = anyMessage(EntityRequestSchema, seed);
    reads(() => fromEntityRequest(request, signal));
    reads(() => fromEntityBatchRequest(anyMessage(EntityBatchRequestSchema, seed), signal));
    const result = anyMessage(EntityBatchResultSchema, seed);
    const operations = result.results.map((_result, index) => {
      return { id: String(index), operation: "add", input: undefined, isSignal: false };
    });
    const batch = {
      instanceId: "@counter@a",
      entity: { name: "counter", key: "a" },
      state: undefined,
      operations,
      signal,
    };
    reads(() => {
      const read = fromEntityResult({ ...result, failureDetails: undefined }, batch);
      overTheWire(EntityBatchResultSchema, toEntityResult(read, request));
    });
  });
});

it("any state is read", async () => {
  await forSeeds(count, (seed) => {
    fromWireState(anyMessage(OrchestrationStateSchema, seed));
  });
});
