import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { PayloadStore } from "../../../../src/core/payloads/payload-store.ts";
import { HistoryEventSchema, type WorkItemSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import type { Registry } from "../../../../src/worker/registry.ts";
import { settle, startBench } from "./scripted-server.ts";

type WorkItemInit = MessageInitShape<typeof WorkItemSchema>;

function activity(name: string, input?: string, more: Record<string, unknown> = {}): WorkItemInit {
  const value = { name, input, taskId: 4, orchestrationInstance: { instanceId: "instance" }, ...more };
  return { completionToken: "token", request: { case: "activityRequest", value } };
}

it("an activity is answered with its result or its failure", async () => {
  const { server, logged } = await startBench((registry) => {
    registry.addActivity({ name: "double", activity: (input) => Number(input) * 2 });
    registry.addActivity({
      name: "fail",
      activity: () => {
        throw new RangeError("too much", { cause: new Error("the cause") });
      },
    });
  });
  server.stream.send(activity("double", "21"));
  server.stream.send(activity("fail"));
  server.stream.send(activity("missing"));
  await settle();

  const header = { instanceId: "instance", taskId: 4, completionToken: "token" };
  expect(server.calls).toHaveLength(3);
  const requests = server.calls.map(({ request }) => request);
  expect(requests.find(({ result }) => result !== undefined)).toMatchObject({ ...header, result: "42" });
  expect(requests.filter(({ failureDetails }) => failureDetails !== undefined)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...header,
        failureDetails: expect.objectContaining({
          errorType: "RangeError",
          innerFailure: expect.objectContaining({ errorMessage: "the cause" }),
        }),
      }),
      expect.objectContaining({ failureDetails: expect.objectContaining({ errorType: "ActivityNotRegistered" }) }),
    ]),
  );
  expect(logged).toContainEqual({
    event: "ActivityFailed",
    text: expect.stringMatching(/^'fail' failed: RangeError: too much\n(?: {4}at .*\n)*caused by Error: the cause/),
  });
});

it("an empty text is no input of an activity", async () => {
  const inputs: unknown[] = [];
  const { server } = await startBench((registry) =>
    registry.addActivity({ name: "take", activity: (input) => void inputs.push(input) }),
  );
  server.stream.send(activity("take", ""));
  server.stream.send(activity("take", '""'));
  await settle();

  expect(inputs).toEqual([undefined, ""]);
});

it("an entity runs requests of both versions", async () => {
  const { server } = await startBench((registry) =>
    registry.addEntity({
      name: "counter",
      entity: class Counter {
        value = 0;
        add(amount: number) {
          this.value += amount;
          return this.value;
        }
      },
    }),
  );
  const called = { requestId: "r1", operation: "add", input: "2", parentInstanceId: "order", parentExecutionId: "e" };
  server.stream.send({
    completionToken: "second",
    request: {
      case: "entityRequestV2",
      value: {
        instanceId: "@counter@a",
        entityState: '{"value":40}',
        operationRequests: [
          create(HistoryEventSchema, { eventType: { case: "entityOperationCalled", value: called } }),
        ],
      },
    },
  });
  server.stream.send({
    completionToken: "first",
    request: {
      case: "entityRequest",
      value: { instanceId: "@counter@b", operations: [{ operation: "add", requestId: "r2", input: "1" }] },
    },
  });
  await settle();

  const byToken = new Map(server.calls.map(({ request }) => [request.completionToken, request]));
  expect(byToken.get("second")).toMatchObject({
    entityState: '{"value":42}',
    results: [{ resultType: { case: "success", value: { result: "42" } } }],
    operationInfos: [{ requestId: "r1", responseDestination: { instanceId: "order", executionId: "e" } }],
  });
  expect(byToken.get("first")).toMatchObject({
    entityState: '{"value":1}',
    results: [{ resultType: { case: "success", value: { result: "1" } } }],
  });
});

it("an entity that is not registered is given back, later each time", async () => {
  const { server, clock, events } = await startBench(() => {});
  const request = { case: "entityRequestV2", value: { instanceId: "@counter@a" } } as const;
  server.stream.send({ completionToken: "1", request });
  await settle();
  expect(server.calls).toEqual([{ method: "abandonTaskEntityWorkItem", request: { completionToken: "1" } }]);

  server.stream.send({ completionToken: "2", request });
  await settle();
  expect(server.calls).toHaveLength(1);
  clock.advance(200);
  await settle();
  expect(server.calls[1]).toEqual({ method: "abandonTaskEntityWorkItem", request: { completionToken: "2" } });
  expect(events()).toEqual(["GrpcConnected", "EntityNotRegistered", "EntityNotRegistered"]);
});

it("large payloads go through the store", async () => {
  const stored = new Map<string, string>();
  const payloads: PayloadStore = {
    thresholdBytes: 100,
    maxBytes: 1000,
    isToken: (text) => text.startsWith("token:"),
    upload: async (text) => {
      stored.set(`token:${stored.size}`, text);
      return `token:${stored.size - 1}`;
    },
    download: async (token) => stored.get(token)!,
  };
  stored.set("token:0", JSON.stringify("i".repeat(200)));
  const register = (registry: Registry) => {
    registry.addActivity({ name: "repeat", activity: (input) => `${input}${input}` });
    registry.addActivity({ name: "explode", activity: () => "x".repeat(2000) });
  };
  const { server } = await startBench(register, { payloads });
  server.stream.send(activity("repeat", "token:0"));
  await settle();
  server.stream.send(activity("explode"));
  await settle();

  expect(server.stream.request.capabilities).toEqual([1, 3]);
  expect(server.calls[0]!.request.result).toBe("token:1");
  expect(stored.get("token:1")).toBe(JSON.stringify("i".repeat(400)));
  expect(server.calls[1]!.request.failureDetails).toMatchObject({ errorType: "InvalidPayload", isNonRetriable: true });
});
