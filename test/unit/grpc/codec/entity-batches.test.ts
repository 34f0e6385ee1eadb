import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { EntityAction, EntityBatch, EntityBatchResult } from "../../../../src/core/entity-batch.ts";
import {
  fromEntityBatchRequest,
  fromEntityRequest,
  fromEntityResult,
  toEntityRequest,
  toEntityResult,
} from "../../../../src/grpc/codec/entity-batches.ts";
import {
  EntityBatchRequestSchema,
  EntityBatchResultSchema,
  EntityRequestSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { overTheWire } from "./over-the-wire.ts";

const { signal } = new AbortController();
const batch: EntityBatch = {
  instanceId: "@counter@a@b",
  entity: { name: "counter", key: "a@b" },
  state: '{"count":1}',
  operations: [
    { id: "A", operation: "add", input: "1", isSignal: true },
    { id: "B", operation: "get", input: undefined, isSignal: false, parentInstanceId: "orchestration" },
    { id: "C", operation: "", input: "", isSignal: false, parentInstanceId: "@other@x" },
  ],
  signal,
};
const request = overTheWire(EntityRequestSchema, toEntityRequest(batch, new Date(5)));
const failed = {
  kind: "failed",
  failureDetails: { errorType: "E", errorMessage: "m", isNonRetriable: false },
} as const;
const signalAction: EntityAction = {
  kind: "SignalEntity",
  instanceId: "@other@x",
  operation: "poke",
  input: undefined,
  scheduledTime: new Date("2026-01-02T00:00:00.001Z"),
};
const startAction: EntityAction = {
  kind: "StartOrchestration",
  name: "hello",
  version: "2",
  instanceId: "given",
  input: "null",
  scheduledTime: undefined,
};

const arrived = (result: EntityBatchResult) =>
  overTheWire(
    EntityBatchResultSchema,
    toEntityResult(result, request, { startTime: new Date(1), endTime: new Date(2) }),
  );

describe("a batch of operations", () => {
  it("is read as it was written", () => {
    expect(fromEntityRequest(request, signal)).toEqual(batch);
    expect(request.operationRequests.map(({ eventType }) => eventType.case)).toEqual([
      "entityOperationSignaled",
      "entityOperationCalled",
      "entityOperationCalled",
    ]);
    expect(request.operationRequests[0]?.timestamp).toMatchObject({ nanos: 5_000_000 });
  });

  it("has no state while its entity does not exist", () => {
    const wire = overTheWire(EntityRequestSchema, toEntityRequest({ ...batch, state: undefined }));
    expect(wire.entityState).toBeUndefined();
    expect(fromEntityRequest(wire, signal).state).toBeUndefined();
  });

  it("of the first version tells no signals from calls", () => {
    const wire = overTheWire(EntityBatchRequestSchema, {
      instanceId: "@counter@a",
      entityState: "1",
      operations: [{ operation: "add", requestId: "A", input: "1" }],
    });
    expect(fromEntityBatchRequest(wire, signal)).toEqual({
      instanceId: "@counter@a",
      entity: { name: "counter", key: "a" },
      state: "1",
      operations: [{ id: "A", operation: "add", input: "1", isSignal: false }],
      signal,
    });
  });

  it("passes locks by, which are no operations", () => {
    const lock = { eventType: { case: "entityLockRequested", value: {} } } as const;
    const called = {
      eventType: { case: "entityOperationCalled", value: { requestId: "A", operation: "get" } },
    } as const;
    const wire = overTheWire(EntityRequestSchema, { instanceId: "@counter@a", operationRequests: [lock, called] });
    expect(fromEntityRequest(wire, signal).operations).toEqual([
      { id: "A", operation: "get", input: undefined, isSignal: false },
    ]);
    const outcome = { kind: "completed", result: "1", actions: [] } as const;
    expect(toEntityResult({ outcomes: [outcome], state: "1" }, wire).operationInfos).toEqual([{ requestId: "A" }]);
  });

  it("that makes no sense is refused", () => {
    const event = { eventType: { case: "timerFired", value: {} } } as const;
    const wire = overTheWire(EntityRequestSchema, { instanceId: "@counter@a", operationRequests: [event] });
    expect(() => fromEntityRequest(wire, signal)).toThrow(expect.objectContaining({ code: "NotSupported" }));
    const empty = overTheWire(EntityRequestSchema, { operationRequests: [] });
    expect(() => fromEntityRequest(empty, signal)).toThrow(expect.objectContaining({ code: "InvalidEntityId" }));
  });
});

describe("the result of a batch", () => {
  it("is read as it was written, with the actions at the last operation that has completed", () => {
    const result: EntityBatchResult = {
      state: '{"count":2}',
      outcomes: [
        { kind: "completed", result: undefined, actions: [signalAction] },
        { kind: "completed", result: '""', actions: [startAction] },
        failed,
      ],
    };
    const wire = arrived(result);
    expect(wire.actions.map(({ id }) => id)).toEqual([0, 1]);
    expect(wire.results[0]?.resultType.value).toMatchObject({
      startTimeUtc: { nanos: 1_000_000 },
      endTimeUtc: { nanos: 2_000_000 },
    });
    expect(fromEntityResult(wire, batch)).toEqual({
      state: '{"count":2}',
      outcomes: [
        { kind: "completed", result: undefined, actions: [] },
        { kind: "completed", result: '""', actions: [signalAction, startAction] },
        failed,
      ],
    });
  });

  it("says whom to answer", () => {
    const completed = { kind: "completed", result: "1", actions: [] } as const;
    const wire = arrived({ state: undefined, outcomes: [completed, completed, completed] });
    expect(wire.entityState).toBeUndefined();
    expect(wire.operationInfos).toMatchObject([
      { requestId: "A" },
      { requestId: "B", responseDestination: { instanceId: "orchestration" } },
      { requestId: "C", responseDestination: { instanceId: "@other@x" } },
    ]);
    expect(wire.operationInfos[0]?.responseDestination).toBeUndefined();
    const shorter = arrived({ state: undefined, outcomes: [completed] });
    expect(shorter.operationInfos).toHaveLength(1);
  });

  it("names the orchestrations that it starts, the same whenever the batch is repeated", () => {
    const start = { ...startAction, instanceId: undefined };
    const result: EntityBatchResult = {
      state: "1",
      outcomes: [
        { kind: "completed", result: undefined, actions: [start, start] },
        { kind: "completed", result: undefined, actions: [start] },
        failed,
      ],
    };
    const idsOf = () => arrived(result).actions.map(({ operationActionType: { value } }) => value?.instanceId);
    expect(new Set(idsOf()).size).toBe(3);
    expect(idsOf()[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(idsOf()).toEqual(idsOf());
  });

  it("leaves the id of an orchestration to the engine where the worker gives none", () => {
    const start = { case: "startNewOrchestration", value: { name: "hello" } } as const;
    const wire = overTheWire(EntityBatchResultSchema, {
      results: [{ resultType: { case: "success", value: {} } }],
      actions: [{ operationActionType: start }],
    });
    const { outcomes } = fromEntityResult(wire, { ...batch, operations: batch.operations.slice(0, 1) });
    expect(outcomes).toMatchObject([
      { actions: [{ kind: "StartOrchestration", name: "hello", instanceId: undefined }] },
    ]);
  });

  type ResultInit = MessageInitShape<typeof EntityBatchResultSchema>;
  const success = { resultType: { case: "success", value: {} } } as const;
  const failure = { resultType: { case: "failure", value: {} } } as const;
  const poke = {
    operationActionType: { case: "sendSignal", value: { instanceId: "@other@x", name: "poke" } },
  } as const;
  it.each<[string, string, ResultInit]>([
    ["Aborted", "E: no", { failureDetails: { errorType: "E", errorMessage: "no" } }],
    ["InvalidOption", "4 results for 3 operations", { results: [success, success, success, success] }],
    ["InvalidOption", "0 results for 3 operations", { results: [] }],
    ["InvalidOption", "operation 1", { results: [success, {}, success] }],
    ["InvalidOption", "all operations", { results: [failure, failure, failure], actions: [poke] }],
    ["NotSupported", "not known", { results: [success, success, success], actions: [{ id: 4 }] }],
    [
      "InvalidEntityId",
      "'other'",
      {
        results: [success, success, success],
        actions: [{ operationActionType: { case: "sendSignal", value: { instanceId: "other" } } }],
      },
    ],
    [
      "InvalidInstanceId",
      "'/'",
      {
        results: [success, success, success],
        actions: [{ operationActionType: { case: "startNewOrchestration", value: { name: "x", instanceId: "a/b" } } }],
      },
    ],
    [
      "InvalidOption",
      "reserved",
      {
        results: [success, success, success],
        actions: [{ operationActionType: { case: "startNewOrchestration", value: { name: "BuiltIn__CallEntity" } } }],
      },
    ],
  ])("that makes no sense is refused with %s, which speaks of %s", (code, text, init) => {
    const wire = overTheWire(EntityBatchResultSchema, init);
    expect(() => fromEntityResult(wire, batch)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) }),
    );
  });

  it("tells a failure without details", () => {
    const wire = overTheWire(EntityBatchResultSchema, { results: [failure, failure, failure] });
    expect(fromEntityResult(wire, batch).outcomes[0]).toMatchObject({
      kind: "failed",
      failureDetails: { errorType: "Error" },
    });
  });
});
