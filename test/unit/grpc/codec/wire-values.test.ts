import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import type { FailureDetails } from "../../../../src/core/failure-details.ts";
import { orchestrationStatuses } from "../../../../src/core/orchestration-status.ts";
import { fromWireFailure, toWireFailure } from "../../../../src/grpc/codec/failures.ts";
import { fromWireStatus, toWireStatus } from "../../../../src/grpc/codec/statuses.ts";
import { fromDueTimestamp, fromTimestamp, timeOf, toTimestamp } from "../../../../src/grpc/codec/times.ts";
import { fromWireTrace, toWireTrace } from "../../../../src/grpc/codec/trace-contexts.ts";
import type { HistoryEventInit, OrchestratorActionInit } from "../../../../src/grpc/codec/wire-types.ts";
import {
  OrchestrationStatus,
  OrchestratorResponseSchema,
  TaskFailureDetailsSchema,
  TraceContextSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { overTheWire } from "./over-the-wire.ts";

describe("times", () => {
  it.each([
    ["2026-01-02T03:04:05.678Z", 1_767_323_045n, 678_000_000],
    ["1970-01-01T00:00:00.000Z", 0n, 0],
    ["1969-12-31T23:59:59.999Z", -1n, 999_000_000],
    ["0001-01-01T00:00:00.000Z", -62_135_596_800n, 0],
    ["9999-12-31T23:59:59.999Z", 253_402_300_799n, 999_000_000],
  ])("%s keeps its milliseconds, with nanos that are never negative", (text, seconds, nanos) => {
    expect(toTimestamp(new Date(text))).toEqual({ seconds, nanos });
    expect(fromTimestamp(create(TimestampSchema, { seconds, nanos }))).toEqual(new Date(text));
  });

  it("what the wire does not know becomes its first or last time, and no time becomes 1970", () => {
    expect(toTimestamp(new Date(-8.64e15))).toEqual(toTimestamp(new Date("0001-01-01T00:00:00Z")));
    expect(toTimestamp(new Date(8.64e15))).toEqual(toTimestamp(new Date("9999-12-31T23:59:59.999Z")));
    expect(toTimestamp(new Date(Number.NaN))).toEqual({ seconds: 0n, nanos: 0 });
    const far = create(TimestampSchema, { seconds: 2n ** 62n, nanos: 0 });
    expect(fromTimestamp(far)).toEqual(new Date("9999-12-31T23:59:59.999Z"));
    expect(timeOf(undefined)).toEqual(new Date(0));
    expect(fromTimestamp(undefined)).toBeUndefined();
  });

  it("what must not happen earlier is rounded up to the next millisecond, all else down", () => {
    const timestamp = create(TimestampSchema, { seconds: 1n, nanos: 2_000_001 });
    expect(fromDueTimestamp(timestamp)).toEqual(new Date(1003));
    expect(fromTimestamp(timestamp)).toEqual(new Date(1002));
    // JavaScript workers write such.
    expect(fromTimestamp(create(TimestampSchema, { seconds: -1n, nanos: -5_000_000 }))).toEqual(new Date(-1005));
  });
});

describe("statuses", () => {
  it("have the numbers of the wire", () => {
    expect(orchestrationStatuses.map(toWireStatus)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(orchestrationStatuses.map((status) => fromWireStatus(toWireStatus(status)))).toEqual(orchestrationStatuses);
    expect(toWireStatus("Suspended")).toBe(OrchestrationStatus.SUSPENDED);
  });

  it.each([8, -1, 1.5])("%d is none", (number) => {
    expect(() => fromWireStatus(number)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
  });
});

describe("failures", () => {
  const arrived = (details: FailureDetails) =>
    fromWireFailure(overTheWire(TaskFailureDetailsSchema, toWireFailure(details)));

  it.each<[string, FailureDetails]>([
    ["an empty one", { errorType: "", errorMessage: "", isNonRetriable: false }],
    ["one with an empty stack", { errorType: "Error", errorMessage: "m", stackTrace: "", isNonRetriable: true }],
    [
      "one with a cause",
      {
        errorType: "TypeError",
        errorMessage: "outer",
        isNonRetriable: false,
        innerFailure: { errorType: "RangeError", errorMessage: "inner", stackTrace: "at", isNonRetriable: true },
      },
    ],
    [
      "one with properties",
      {
        errorType: "Error",
        errorMessage: "m",
        isNonRetriable: false,
        properties: {
          code: "E1",
          count: -1.5,
          yes: true,
          nothing: null,
          list: [1, [null, "x"], {}],
          nested: { deep: { empty: [], "a.b": "" } },
        },
      },
    ],
  ])("%s arrives as it was", (_what, details) => {
    expect(arrived(details)).toEqual(details);
  });

  it("what JSON does not have is left out of properties, and is null in lists", () => {
    const properties = { nan: Number.NaN, infinite: -Infinity, gone: undefined, big: 1n, list: [Number.NaN, 1] };
    const details = { errorType: "Error", errorMessage: "m", isNonRetriable: false };
    expect(arrived({ ...details, properties })).toEqual({ ...details, properties: { list: [null, 1] } });
  });

  it("foreign properties may have names that mean something to objects", () => {
    const properties = JSON.parse('{"constructor": 1, "toString": {"__proto__": 2}}') as Record<string, unknown>;
    const details = { errorType: "Error", errorMessage: "m", isNonRetriable: false, properties };
    expect(JSON.stringify(fromWireFailure(create(TaskFailureDetailsSchema, toWireFailure(details))).properties)).toBe(
      JSON.stringify(properties),
    );
  });

  it("causes are followed twenty deep, whoever writes them", () => {
    const chain = (length: number): FailureDetails => ({
      errorType: `E${length}`,
      errorMessage: "m",
      isNonRetriable: false,
      ...(length > 0 && { innerFailure: chain(length - 1) }),
    });
    const depthOf = (details: FailureDetails | undefined): number =>
      details === undefined ? -1 : 1 + depthOf(details.innerFailure);
    expect(depthOf(arrived(chain(20)))).toBe(20);
    expect(depthOf(arrived(chain(50)))).toBe(20);

    let foreign: MessageInitShape<typeof TaskFailureDetailsSchema> = { errorType: "E" };
    for (let depth = 0; depth < 40; depth++) foreign = { errorType: "E", innerFailure: foreign };
    expect(depthOf(fromWireFailure(overTheWire(TaskFailureDetailsSchema, foreign)))).toBe(20);
  });
});

it("no failure is too deep for those who read it", () => {
  const deep = (depth: number): unknown => (depth === 0 ? "bottom" : { inner: [deep(depth - 1)] });
  const chain = (length: number): FailureDetails => ({
    errorType: "E",
    errorMessage: "m",
    isNonRetriable: false,
    properties: { value: deep(50) },
    ...(length > 0 && { innerFailure: chain(length - 1) }),
  });
  const failureDetails = toWireFailure(chain(30));
  const event: HistoryEventInit = { eventType: { case: "taskFailed", value: { taskScheduledId: 1, failureDetails } } };
  const action: OrchestratorActionInit = {
    orchestratorActionType: { case: "rewindOrchestration", value: { newHistory: [event] } },
  };
  const { actions } = overTheWire(OrchestratorResponseSchema, { actions: [action] });
  expect(actions).toHaveLength(1);
});

describe("trace contexts", () => {
  const traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const context = { traceParent, traceState: "a=b", id: undefined, spanId: undefined, activityStartTime: undefined };

  it("are read as they were written, with the span that the traceparent names", () => {
    const wire = overTheWire(TraceContextSchema, toWireTrace(context)!);
    expect(wire).toMatchObject({ traceParent, spanID: "00f067aa0ba902b7", traceState: "a=b" });
    expect(fromWireTrace(wire)).toEqual({ ...context, spanId: "00f067aa0ba902b7" });
  });

  it("are absent where they are empty", () => {
    expect(toWireTrace(undefined)).toBeUndefined();
    expect(fromWireTrace(undefined)).toBeUndefined();
    expect(fromWireTrace(create(TraceContextSchema))).toBeUndefined();
  });
});
