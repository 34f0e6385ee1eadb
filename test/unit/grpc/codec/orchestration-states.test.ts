import { describe, expect, it } from "vitest";
import type { OrchestrationState } from "../../../../src/core/orchestration-state.ts";
import { fromWireState, toWireState } from "../../../../src/grpc/codec/states.ts";
import { OrchestrationStateSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { overTheWire } from "./over-the-wire.ts";

const state: OrchestrationState = {
  instanceId: "i",
  executionId: "e",
  name: "hello",
  version: "1",
  runtimeStatus: "Completed",
  input: "null",
  output: '""',
  customStatus: '{"at":1}',
  createdTime: new Date(1_000),
  lastUpdatedTime: new Date(3_001),
  completedTime: new Date(3_000),
  scheduledStartTime: new Date(2_000),
  generation: 0,
  tags: { a: "", b: "x" },
};
const failureDetails = { errorType: "TypeError", errorMessage: "no: really", isNonRetriable: false };

const write = (written: OrchestrationState, fetchPayloads = true) =>
  overTheWire(OrchestrationStateSchema, toWireState(written, { fetchPayloads }));

describe("a state", () => {
  it.each<[string, Partial<OrchestrationState>]>([
    ["that has completed", {}],
    ["that has nothing", { input: undefined, output: undefined, customStatus: undefined, tags: undefined }],
    ["that is pending", { runtimeStatus: "Pending", output: undefined, completedTime: undefined, version: undefined }],
    ["that was terminated", { runtimeStatus: "Terminated", output: "as it came" }],
    ["that has failed", { runtimeStatus: "Failed", output: "TypeError: no: really", failureDetails }],
    ["of a sub-orchestration", { parentInstanceId: "parent" }],
    ["of another execution", { executionId: undefined, scheduledStartTime: undefined }],
  ])("%s is read as it was written", (_what, changes) => {
    expect(fromWireState(write({ ...state, ...changes }))).toEqual({ ...state, ...changes });
  });

  it("has its payloads only for those who ask, and its times always", () => {
    const wire = write({ ...state, runtimeStatus: "Failed", output: "x", failureDetails }, false);
    expect(wire).toMatchObject({ instanceId: "i", orchestrationStatus: 3, tags: { a: "", b: "x" } });
    expect(wire.createdTimestamp).toBeDefined();
    expect(wire.lastUpdatedTimestamp).toBeDefined();
    expect([wire.input, wire.output, wire.customStatus, wire.failureDetails]).toEqual(Array.from({ length: 4 }));
  });

  it("that has failed has details instead of an output, also where the details were not asked for", () => {
    const wire = write({ ...state, runtimeStatus: "Failed", output: "TypeError: no: really" });
    expect(wire.output).toBeUndefined();
    expect(wire.failureDetails).toMatchObject({ errorType: "TypeError", errorMessage: "no: really" });
    const plain = write({ ...state, runtimeStatus: "Failed", output: "it broke" });
    expect(plain.failureDetails).toMatchObject({ errorType: "Error", errorMessage: "it broke" });
  });

  it("that is suspended does not give its reason for an output", () => {
    expect(write({ ...state, runtimeStatus: "Suspended", output: "hold on" }).output).toBeUndefined();
  });

  it("of a foreign server that leaves everything out is read all the same", () => {
    expect(fromWireState(overTheWire(OrchestrationStateSchema, {}))).toMatchObject({
      instanceId: "",
      runtimeStatus: "Running",
      createdTime: new Date(0),
      lastUpdatedTime: new Date(0),
      completedTime: undefined,
    });
    expect(() => fromWireState(overTheWire(OrchestrationStateSchema, { orchestrationStatus: 12 as never }))).toThrow(
      expect.objectContaining({ code: "InvalidOption" }),
    );
  });
});
