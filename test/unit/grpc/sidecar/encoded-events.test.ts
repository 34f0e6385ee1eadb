import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import {
  HistoryChunkSchema,
  HistoryEventSchema,
  OrchestratorRequestSchema,
  WorkItemSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { RepeatedField } from "../../../../src/grpc/sidecar/encoded-events.ts";
import {
  newEventsField,
  pastEventsField,
  writeOrchestrationWorkItem,
} from "../../../../src/grpc/sidecar/orchestration-requests.ts";

const event = (eventId: number, text: string) =>
  create(HistoryEventSchema, { eventId, eventType: { case: "eventRaised", value: { name: "e", input: text } } });
const bytesOf = (...args: Parameters<typeof event>) => toBinary(HistoryEventSchema, event(...args));

it("a work item that is put together of encoded parts is the one that protobuf would write", () => {
  const past = new RepeatedField(pastEventsField);
  for (const size of [0, 1, 100, 127, 128, 16_383, 16_384, 70_000]) past.add(bytesOf(size, "x".repeat(size)));
  const fresh = new RepeatedField(newEventsField);
  fresh.add(bytesOf(-1, "ä"));
  const head = { instanceId: "i", executionId: "e", requiresHistoryStreaming: true };
  const workItem = fromBinary(WorkItemSchema, writeOrchestrationWorkItem(head, [past.bytes, fresh.bytes], "token"));

  expect(workItem.completionToken).toBe("token");
  expect(workItem.request.value).toEqual(
    create(OrchestratorRequestSchema, {
      ...head,
      pastEvents: [0, 1, 100, 127, 128, 16_383, 16_384, 70_000].map((size) => event(size, "x".repeat(size))),
      newEvents: [event(-1, "ä")],
    }),
  );
});

it("chunks hold whole events, in order, and none is larger than it need be", () => {
  const past = new RepeatedField(pastEventsField);
  const sizes = [10, 500, 2000, 10, 10, 900, 100, 1];
  for (const [index, size] of sizes.entries()) past.add(bytesOf(index, "x".repeat(size)));
  const chunks = [...past.split(HistoryChunkSchema.field.events.number, 1000)];
  const read = chunks.map((chunk) => fromBinary(HistoryChunkSchema, chunk).events);

  expect(read.flat()).toEqual(sizes.map((size, index) => event(index, "x".repeat(size))));
  for (const [index, chunk] of chunks.entries()) expect(chunk.length <= 1000 || read[index]!.length === 1).toBe(true);
  expect(read.map(({ length }) => length)).toEqual([2, 1, 3, 2]);
});

it("nothing is cut into no chunks", () => {
  expect([...new RepeatedField(pastEventsField).split(1, 1000)]).toEqual([]);
});
