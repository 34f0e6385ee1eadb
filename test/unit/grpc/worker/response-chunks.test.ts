import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import {
  OrchestrationStatus,
  type OrchestratorActionSchema,
  type OrchestratorResponse,
  OrchestratorResponseSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { maxResponseBytes, splitResponse } from "../../../../src/grpc/worker/response-chunks.ts";
import { forSeeds, SeededRandom } from "../../../support/seeded-random.ts";

const sizeOf = (response: OrchestratorResponse) => toBinary(OrchestratorResponseSchema, response).length;

function task(id: number, input: string): MessageInitShape<typeof OrchestratorActionSchema> {
  return { id, orchestratorActionType: { case: "scheduleTask", value: { name: "work", input } } };
}

function response(inputs: readonly string[], more: { readonly customStatus?: string } = {}): OrchestratorResponse {
  return create(OrchestratorResponseSchema, {
    instanceId: "order-7",
    completionToken: "token",
    actions: inputs.map((input, id) => task(id, input)),
    orchestrationTraceContext: { spanID: "span" },
    ...more,
  });
}

it("what fits is sent as it is, to the last byte", () => {
  const whole = response(["a".repeat(500), "b".repeat(500)]);

  expect(splitResponse(whole, sizeOf(whole) + 60)).toEqual([whole]);
  const [only] = splitResponse(response(["small"]));
  expect(only).toMatchObject({ isPartial: false });
  expect(only!.chunkIndex).toBeUndefined();
  expect(only!.numEventsProcessed).toBeUndefined();
});

it("what does not fit is cut between actions, and says so", () => {
  const inputs = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(400));
  const chunks = splitResponse(response(inputs, { customStatus: '"busy"' }), 1000);

  expect(chunks.map(({ actions }) => actions.map(({ id }) => id))).toEqual([[0, 1], [2, 3], [4]]);
  expect(chunks.map(({ isPartial }) => isPartial)).toEqual([true, true, false]);
  expect(chunks.map(({ chunkIndex }) => chunkIndex)).toEqual([0, 1, 2]);
  expect(chunks.map(({ numEventsProcessed }) => numEventsProcessed)).toEqual([undefined, 0, 0]);
  expect(chunks.map(({ orchestrationTraceContext }) => orchestrationTraceContext?.spanID)).toEqual([
    "span",
    undefined,
    undefined,
  ]);
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({ instanceId: "order-7", completionToken: "token", customStatus: '"busy"' });
    expect(sizeOf(chunk)).toBeLessThanOrEqual(1000);
  }
});

it("one action that no message can carry fails the orchestration for good", () => {
  const chunks = splitResponse(response(["small", "x".repeat(2000)]), 1000);

  expect(chunks).toHaveLength(1);
  expect(chunks[0]).toMatchObject({ completionToken: "token", orchestrationTraceContext: { spanID: "span" } });
  expect(chunks[0]!.isPartial).toBe(false);
  expect(chunks[0]!.actions).toHaveLength(1);
  expect(chunks[0]!.actions[0]).toMatchObject({
    id: 0,
    orchestratorActionType: {
      case: "completeOrchestration",
      value: {
        orchestrationStatus: OrchestrationStatus.FAILED,
        failureDetails: {
          errorType: "ResponseTooLarge",
          isNonRetriable: true,
          errorMessage: expect.stringMatching(/scheduleTask, number 1\) has 20\d\d bytes.*may have 1000/),
        },
      },
    },
  });
});

it("a custom status that no message can carry fails the orchestration for good", () => {
  const [only, ...others] = splitResponse(response(["small"], { customStatus: "s".repeat(2000) }), 1000);

  expect(others).toEqual([]);
  expect(only!.customStatus).toBeUndefined();
  expect(only!.actions[0]!.orchestratorActionType.case).toBe("completeOrchestration");
});

it("texts are measured as the bytes they take", () => {
  // Three bytes each.
  const chunks = splitResponse(response(["€".repeat(300), "€".repeat(300)]), 1000);

  expect(chunks).toHaveLength(2);
  for (const chunk of chunks) expect(sizeOf(chunk)).toBeLessThanOrEqual(1000);
});

it("the usual limit is below the 4 MiB of a gRPC server", () => {
  const chunks = splitResponse(response([1, 2, 3].map(() => "x".repeat(2_000_000))));

  expect(chunks).toHaveLength(2);
  for (const chunk of chunks) expect(sizeOf(chunk)).toBeLessThanOrEqual(maxResponseBytes);
  expect(maxResponseBytes).toBeLessThan(4 * 1024 * 1024);
});

it("every response comes together again, in chunks below the limit", () =>
  forSeeds(100, (seed) => {
    const random = new SeededRandom(seed);
    const limit = 300 + random.below(3000);
    const letters = ["a", "é", "€", "😀"];
    const inputs = Array.from({ length: random.below(60) }, () => random.pick(letters).repeat(random.below(limit / 8)));
    const whole = response(inputs, random.chance(0.5) ? { customStatus: "s".repeat(random.below(100)) } : {});

    const chunks = splitResponse(whole, limit);

    // What says that something is too large is no longer cut.
    if (chunks[0]!.actions[0]?.orchestratorActionType.case === "completeOrchestration") return;
    for (const chunk of chunks) expect(sizeOf(chunk)).toBeLessThanOrEqual(limit);
    expect(chunks.flatMap(({ actions }) => actions)).toEqual(whole.actions);
    expect(chunks.every(({ isPartial }, index) => isPartial === index < chunks.length - 1)).toBe(true);
    if (chunks.length > 1) expect(sizeOf(whole)).toBeGreaterThan(limit - 600);
  }));
