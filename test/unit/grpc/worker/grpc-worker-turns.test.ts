import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { ExecutionRef, HistoryEvent } from "../../../../src/core/history-event.ts";
import type { EpisodeResult, TaskExecutor } from "../../../../src/core/task-executor.ts";
import {
  HistoryEventSchema,
  OrchestrationStatus,
  type WorkItemSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import {
  episodeStarted,
  executionCompleted,
  executionStarted,
  taskCompleted,
  taskFailed,
  taskScheduled,
} from "../../../../src/testing/history-builder.ts";
import { Registry } from "../../../../src/worker/registry.ts";
import { settle, startBench, toWire } from "./scripted-server.ts";

type WorkItemInit = MessageInitShape<typeof WorkItemSchema>;

const started = executionStarted("order", { input: { id: 7 } });

/** An orchestration's request. */
function turn(
  past: readonly HistoryEvent[],
  recent: readonly HistoryEvent[],
  more: Record<string, unknown> = {},
): WorkItemInit {
  const events = toWire([...past, ...recent]);
  const value = {
    instanceId: "instance",
    executionId: "execution",
    pastEvents: events.slice(0, past.length),
    newEvents: events.slice(past.length),
    ...more,
  };
  return { completionToken: "token", request: { case: "orchestratorRequest", value } };
}

function registerOrder(registry: Registry): void {
  registry.addOrchestration({
    name: "order",
    *orchestrator(context) {
      context.setCustomStatus("reserving");
      const reserved: unknown = yield context.callActivity("reserve", context.getInput());
      return { reserved };
    },
  });
}

it("an orchestration's turn is answered with its actions", async () => {
  const { server } = await startBench(registerOrder);
  server.stream.send(turn([], [episodeStarted(), started], { orchestrationTraceContext: { spanID: "span" } }));
  await settle();

  expect(server.calls).toMatchObject([
    {
      method: "completeOrchestratorTask",
      request: {
        instanceId: "instance",
        completionToken: "token",
        customStatus: '"reserving"',
        orchestrationTraceContext: { spanID: "span" },
        actions: [
          { id: 0, orchestratorActionType: { case: "scheduleTask", value: { name: "reserve", input: '{"id":7}' } } },
        ],
      },
    },
  ]);
  const { numEventsProcessed, chunkIndex, requiresHistory } = server.calls[0]!.request;
  expect([numEventsProcessed, chunkIndex, requiresHistory]).toEqual([undefined, undefined, false]);
});

it("each turn replays the history on a session of its own", async () => {
  const { server } = await startBench(registerOrder);
  const past = [episodeStarted(), started, taskScheduled(0, "reserve")];
  server.stream.send(turn(past, [episodeStarted(1), taskCompleted(0, 3)]));
  await settle();

  expect(server.calls).toMatchObject([
    {
      request: {
        actions: [
          {
            id: 1,
            orchestratorActionType: {
              case: "completeOrchestration",
              value: { orchestrationStatus: OrchestrationStatus.COMPLETED, result: '{"reserved":3}' },
            },
          },
        ],
      },
    },
  ]);
});

/** An executor whose sessions do as they are told, and tell what becomes of them. */
function createExecutor(execute: () => Promise<EpisodeResult>) {
  const told: unknown[] = [];
  const executor: TaskExecutor = {
    openSession: (execution) => {
      told.push(execution);
      return { execute, close: () => void told.push("closed") };
    },
    executeActivity: () => Promise.reject(new Error("there is none")),
    executeEntityBatch: () => Promise.reject(new Error("there is none")),
  };
  return { executor, told };
}

it.each([
  ["answers", async () => ({ actions: [], customStatus: undefined })],
  ["cannot run the episode", () => Promise.reject(new Error("the process is gone"))],
])("a session is closed once it %s", async (_, execute) => {
  const { executor, told } = createExecutor(execute);
  const { server } = await startBench(() => {}, { executor });
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  expect(told).toEqual([{ instanceId: "instance", executionId: "execution" }, "closed"]);
});

it("the execution is that of the history, or else of the request", async () => {
  const { executor, told } = createExecutor(async () => ({ actions: [], customStatus: undefined }));
  const { server } = await startBench(() => {}, { executor });
  for (const ownId of ["execution", ""]) {
    const named = { ...started, orchestrationInstance: { instanceId: "instance", executionId: ownId } };
    for (const executionId of ["another", "", undefined]) {
      server.stream.send(turn([], [episodeStarted(), named], { executionId }));
      await settle();
    }
  }

  const ids = told.flatMap((each) => (each === "closed" ? [] : [(each as ExecutionRef).executionId]));
  expect(ids).toEqual(["execution", "execution", "execution", "another", "", ""]);
});

it("a custom status that the executor does not know is not sent", async () => {
  const result = { actions: [], customStatus: '"old"', keepsCustomStatus: true };
  const { executor } = createExecutor(async () => result);
  const { server } = await startBench(() => {}, { executor });
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  expect(server.calls[0]!.request.customStatus).toBeUndefined();
});

it("the span of an execution goes to the server when the executor has made it", async () => {
  const span = { spanId: "0123456789abcdef", startTime: new Date(1500) };
  const { executor } = createExecutor(async () => ({ actions: [], customStatus: undefined, span }));
  const { server } = await startBench(() => {}, { executor });
  server.stream.send(turn([], [episodeStarted(), started], { orchestrationTraceContext: { spanID: "old" } }));
  await settle();

  expect(server.calls[0]!.request.orchestrationTraceContext).toMatchObject({
    spanID: "0123456789abcdef",
    spanStartTime: { seconds: 1n, nanos: 500_000_000 },
  });
});

it("a long history is streamed", async () => {
  const { server } = await startBench(registerOrder);
  const [first, second, third] = toWire([episodeStarted(), started, taskScheduled(0, "reserve")]);
  server.history = [[first!, second!], [third!]];
  server.stream.send(turn([], [episodeStarted(1), taskCompleted(0, 3)], { requiresHistoryStreaming: true }));
  await settle();

  expect(server.historyRequests).toEqual([
    { instanceId: "instance", executionId: "execution", forWorkItemProcessing: true },
  ]);
  expect(server.calls).toMatchObject([{ request: { actions: [{ id: 1 }] } }]);
});

it("an orchestration that fails is an outcome, and the log says so", async () => {
  const { server, logged } = await startBench((registry) =>
    registry.addOrchestration({
      name: "order",
      orchestrator: () => {
        throw new TypeError("no stock");
      },
    }),
  );
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  const [{ request } = { request: undefined }] = server.calls;
  expect(request.actions[0].orchestratorActionType.value).toMatchObject({
    orchestrationStatus: OrchestrationStatus.FAILED,
    failureDetails: { errorType: "TypeError", errorMessage: "no stock" },
  });
  expect(logged.at(-1)).toEqual({
    event: "OrchestrationFailed",
    text: expect.stringMatching(
      /^'order' failed: TypeError: no stock\n {4}at .*grpc-worker-turns\.test\.ts:\d+:\d+\)$/,
    ) as string,
  });
});

it("an orchestration that is not registered fails", async () => {
  const { server } = await startBench(() => {});
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  expect(server.calls[0]!.request.actions[0].orchestratorActionType.value.failureDetails.errorType).toBe(
    "OrchestratorNotRegistered",
  );
});

it("an instance of another version is given back", async () => {
  const registry = new Registry({ versioning: { version: "1.0", failureStrategy: "reject" } });
  const { server, events } = await startBench(registerOrder, { registry });
  server.stream.send(turn([], [episodeStarted(), executionStarted("order", { version: "2.0" })]));
  await settle();

  expect(server.calls).toEqual([{ method: "abandonTaskOrchestratorWorkItem", request: { completionToken: "token" } }]);
  expect(events()).toContain("WorkItemAbandoned");
});

it.each([
  ["without new events", turn([episodeStarted(), started], [])],
  ["without a start", turn([], [episodeStarted()])],
  ["with a streamed history that is not there", turn([], [episodeStarted()], { requiresHistoryStreaming: true })],
  ["of garbage", turn([], [], { newEvents: [create(HistoryEventSchema, {}), create(HistoryEventSchema, {})] })],
])("a request %s is given back, and the next one is run", async (_, item) => {
  const { server, events } = await startBench(registerOrder);
  server.stream.send(item);
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  expect([...server.methods()].sort()).toEqual(["abandonTaskOrchestratorWorkItem", "completeOrchestratorTask"]);
  expect(events()).toContain("WorkItemAbandoned");
});

it("an item of no kind is left alone, and a ping is no work", async () => {
  const { server, logged } = await startBench(registerOrder);
  server.stream.send({ completionToken: "strange" });
  server.stream.send({ request: { case: "healthPing", value: {} } });
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  expect(server.methods()).toEqual(["completeOrchestratorTask"]);
  expect(logged.map(({ event }) => event)).toEqual(["GrpcConnected", "WorkItemUnknown"]);
});

it("a failed orchestration is rewound", async () => {
  const { server } = await startBench(registerOrder);
  const failure = { errorType: "Error", errorMessage: "no stock", isNonRetriable: false };
  const past = [
    episodeStarted(),
    started,
    taskScheduled(0, "reserve"),
    episodeStarted(1),
    taskFailed(0, failure),
    executionCompleted(1, "Failed"),
  ];
  const newEvents = [
    ...toWire([episodeStarted(2)]),
    create(HistoryEventSchema, { eventType: { case: "executionRewound", value: { reason: "again" } } }),
  ];
  server.stream.send(turn(past, [], { newEvents }));
  await settle();

  const [action, ...others] = server.calls[0]!.request.actions;
  expect(others).toEqual([]);
  expect(action.id).toBe(-1);
  expect(action.orchestratorActionType.case).toBe("rewindOrchestration");
  const { newHistory } = action.orchestratorActionType.value;
  expect(newHistory.map(({ eventType }: { eventType: { case: string } }) => eventType.case)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "orchestratorStarted",
    "orchestratorStarted",
    "executionRewound",
  ]);
  expect(newHistory[1].eventType.value.orchestrationInstance.executionId).toBe("00000000000040008000000000000001");
});

it("patches are recorded where the server keeps them", async () => {
  const register = (registry: Registry) =>
    registry.addOrchestration({ name: "order", orchestrator: (context) => context.patched("check-stock") });
  const { server } = await startBench(register);
  const properties = { "durable.patches": { kind: { case: "boolValue", value: true } } };
  server.stream.send(turn([], [episodeStarted(), started], { properties }));
  await settle();
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  const [kept, refused] = server.calls.map(({ request }) => request.actions);
  expect(kept).toMatchObject([
    { id: -1, orchestratorActionType: { case: "sendEvent", value: { name: "BuiltIn__RecordPatch" } } },
    { id: 0, orchestratorActionType: { value: { orchestrationStatus: OrchestrationStatus.COMPLETED } } },
  ]);
  expect(refused).toMatchObject([
    {
      orchestratorActionType: {
        value: {
          orchestrationStatus: OrchestrationStatus.FAILED,
          failureDetails: { errorType: "NotSupported", isNonRetriable: true },
        },
      },
    },
  ]);
});

it("actions that one message cannot carry go in several", async () => {
  const { server } = await startBench((registry) =>
    registry.addOrchestration({
      name: "order",
      *orchestrator(context) {
        yield context.all([1, 2, 3].map(() => context.callActivity("work", "x".repeat(2_000_000))));
      },
    }),
  );
  server.stream.send(turn([], [episodeStarted(), started]));
  await settle();

  expect(server.calls.map(({ request }) => [request.chunkIndex, request.isPartial, request.actions.length])).toEqual([
    [0, true, 2],
    [1, false, 1],
  ]);
});
