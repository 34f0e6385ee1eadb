import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { EpisodeResult } from "../../../../src/core/task-executor.ts";
import {
  HistoryChunkSchema,
  type OrchestratorRequest,
  OrchestratorResponseSchema,
  WorkerCapability,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { RemoteSession } from "../../../../src/grpc/sidecar/remote-session.ts";
import { type FakeWorker, fakeWorker, openDispatcher, settle } from "./fake-workers.ts";

const timestamp = new Date("2026-01-01T00:00:00Z");
const header = { eventId: -1, timestamp };
const started = {
  ...header,
  type: "ExecutionStarted",
  orchestrationInstance: { instanceId: "i", executionId: "e" },
  parentInstance: undefined,
  name: "orchestrator",
  version: "1.0",
  input: '"in"',
  tags: undefined,
  correlation: undefined,
  parentTraceContext: undefined,
  scheduledStartTime: undefined,
  generation: 0,
  generateNewTrace: false,
} as const satisfies HistoryEvent;
const opening = { ...header, type: "OrchestratorStarted" } as const satisfies HistoryEvent;
const raised = (input: string): HistoryEvent => ({
  ...header,
  type: "EventRaised",
  name: "go",
  input,
  parentTraceContext: undefined,
});

function open(options: Parameters<typeof openDispatcher>[0] = {}) {
  const { dispatcher, clock } = openDispatcher(options);
  const session = new RemoteSession({ instanceId: "i", executionId: "e" }, dispatcher, clock);
  const execute = (pastEvents: readonly HistoryEvent[], newEvents: readonly HistoryEvent[]): Promise<EpisodeResult> => {
    const running = session.execute({ pastEvents, newEvents }, { signal: new AbortController().signal });
    running.catch(() => {});
    return running;
  };
  const answer = (worker: FakeWorker, fields: MessageInitShape<typeof OrchestratorResponseSchema> = {}) => {
    const token = worker.sent.at(-1)!.completionToken;
    const response = create(OrchestratorResponseSchema, { instanceId: "i", completionToken: token, ...fields });
    dispatcher.complete({ kind: "orchestration", token, instanceId: "i" }, response);
  };
  return { dispatcher, clock, session, execute, answer };
}

function requestTo(worker: FakeWorker): OrchestratorRequest {
  const { request } = worker.sent.at(-1)!;
  if (request.case !== "orchestratorRequest") throw new Error(`sent was ${request.case}`);
  return request.value;
}

const kinds = (events: OrchestratorRequest["pastEvents"]) => events.map(({ eventType }) => eventType.case);

it("each request brings the whole past, and what is new", async () => {
  const { dispatcher, execute, answer } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const first = execute([], [opening, started]);
  expect(requestTo(worker)).toMatchObject({ instanceId: "i", executionId: "e", requiresHistoryStreaming: false });
  expect(kinds(requestTo(worker).pastEvents)).toEqual([]);
  expect(kinds(requestTo(worker).newEvents)).toEqual(["orchestratorStarted", "executionStarted"]);
  answer(worker, { customStatus: '"busy"' });
  expect(await first).toMatchObject({ actions: [], customStatus: '"busy"' });

  const completed: HistoryEvent = { ...header, type: "OrchestratorCompleted" };
  void execute([completed], [opening, raised("1")]);
  const past = ["orchestratorStarted", "executionStarted", "orchestratorCompleted"];
  expect(kinds(requestTo(worker).pastEvents)).toEqual(past);
  expect(kinds(requestTo(worker).newEvents)).toEqual(["orchestratorStarted", "eventRaised"]);
});

it("a request that is sent again is the same as before", async () => {
  const { dispatcher, execute, answer } = open();
  const [gone, other] = [fakeWorker(), fakeWorker()];
  dispatcher.connect(gone.remote);
  const running = execute([opening, started], [opening, raised("1")]);
  dispatcher.connect(other.remote);
  dispatcher.disconnect(gone.remote);
  await settle();

  expect(requestTo(other)).toEqual(requestTo(gone));
  answer(other);
  expect(await running).toMatchObject({ actions: [] });
});

it("actions come as the engine knows them", async () => {
  const { dispatcher, execute, answer } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = execute([], [opening, started]);
  const scheduleTask = { name: "a", version: "2", input: "1" };
  answer(worker, { actions: [{ id: 4, orchestratorActionType: { case: "scheduleTask", value: scheduleTask } }] });

  expect((await running).actions).toMatchObject([{ kind: "ScheduleTask", id: 4, name: "a", version: "2", input: "1" }]);
});

it("an answer in parts counts once it is whole, and a part that comes twice once", async () => {
  const { dispatcher, execute, answer } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = execute([], [opening, started]);
  const action = (id: number) => ({
    id,
    orchestratorActionType: { case: "scheduleTask" as const, value: { name: "a" } },
  });
  answer(worker, { actions: [action(1)], isPartial: true, chunkIndex: 0, customStatus: '"s"' });
  answer(worker, { actions: [action(2)], isPartial: true, chunkIndex: 1 });
  answer(worker, { actions: [action(2)], isPartial: true, chunkIndex: 1 });
  answer(worker, { actions: [action(3)], chunkIndex: 2 });

  const { actions, customStatus } = await running;
  expect(actions.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(customStatus).toBe('"s"');
});

it("an answer that makes no sense is refused, and the work is sent again after a pause", async () => {
  const { dispatcher, clock, execute, answer } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = execute([], [opening, started]);
  expect(() => answer(worker, { actions: [{ id: 1 }] })).toThrow("not known");
  await settle();
  clock.advance(1000);
  await settle();
  expect(worker.sent.length).toBe(2);
  answer(worker);

  expect(await running).toMatchObject({ actions: [] });
});

it("the span of an execution is sent with its later episodes", async () => {
  const { dispatcher, execute, answer } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = execute([], [opening, started]);
  expect(requestTo(worker).orchestrationTraceContext).toBeUndefined();
  const spanStartTime = { seconds: 5n, nanos: 0 };
  answer(worker, { orchestrationTraceContext: { spanID: "00f067aa0ba902b7", spanStartTime } });
  expect((await running).span).toEqual({ spanId: "00f067aa0ba902b7", startTime: new Date(5000) });
  void execute([], [opening, raised("1")]);

  expect(requestTo(worker).orchestrationTraceContext).toMatchObject({ spanID: "00f067aa0ba902b7", spanStartTime });
});

it("the span comes back from the history that was stored with it", async () => {
  const { dispatcher, execute } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const parentTraceContext = {
    traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01",
    traceState: undefined,
    id: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    spanId: "00f067aa0ba902b7",
    activityStartTime: new Date(5000),
  };
  void execute([opening, { ...started, parentTraceContext }], [opening, raised("1")]);

  expect(requestTo(worker).orchestrationTraceContext).toMatchObject({
    spanID: "00f067aa0ba902b7",
    spanStartTime: { seconds: 5n },
  });
});

it("a worker that can fetches a long past by itself, in chunks", async () => {
  const { dispatcher, execute } = open();
  const plain = fakeWorker({ maxConcurrentOrchestrationWorkItems: 1 });
  const streaming = fakeWorker({ capabilities: [WorkerCapability.HISTORY_STREAMING] });
  dispatcher.connect(streaming.remote);
  const long = Array.from({ length: 30 }, (_, n) => raised(String(n).padEnd(50_000, "x")));
  void execute([opening, started, ...long], [opening, raised("new")]);
  expect(requestTo(streaming)).toMatchObject({ requiresHistoryStreaming: true, pastEvents: [] });
  expect(kinds(requestTo(streaming).newEvents)).toEqual(["orchestratorStarted", "eventRaised"]);
  const chunks = [...dispatcher.streamPast("i", "e")];
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(256 * 1024);
  expect(chunks.flatMap((chunk) => fromBinary(HistoryChunkSchema, chunk).events).length).toBe(32);
  expect(() => dispatcher.streamPast("i", "other")).toThrow("no worker");

  dispatcher.connect(plain.remote);
  dispatcher.disconnect(streaming.remote);
  await settle();
  expect(requestTo(plain)).toMatchObject({ requiresHistoryStreaming: false });
  expect(requestTo(plain).pastEvents.length).toBe(32);
});

it("a worker that lacks the history gets it inline", async () => {
  const { dispatcher, execute, answer } = open();
  const worker = fakeWorker({ capabilities: [WorkerCapability.HISTORY_STREAMING] });
  dispatcher.connect(worker.remote);
  void execute([opening, started, raised("x".repeat(2_000_000))], [opening, raised("new")]);
  expect(requestTo(worker).requiresHistoryStreaming).toBe(true);
  answer(worker, { requiresHistory: true });
  await settle();

  expect(requestTo(worker).requiresHistoryStreaming).toBe(false);
  expect(requestTo(worker).pastEvents.length).toBe(3);
});

it("a session whose workers of one encoding are gone is lost", async () => {
  const { dispatcher, execute, answer } = open();
  const [messages, events] = [fakeWorker(), fakeWorker({}, { entityEncoding: "events" })];
  dispatcher.connect(messages.remote);
  dispatcher.connect(events.remote);
  const first = execute([], [opening, started]);
  answer(messages);
  await first;
  const second = execute([], [opening, raised("1")]);
  expect(messages.sent.length).toBe(2);
  dispatcher.disconnect(messages.remote);

  await expect(second).rejects.toMatchObject({ code: "SessionLost" });
  expect(events.sent.length).toBe(0);
  expect(dispatcher.queue.room("orchestration")).toBe(Number.POSITIVE_INFINITY);
});

it("only workers of this package are told that they may mark changed code", () => {
  const { dispatcher, execute } = open();
  const worker = fakeWorker({}, { supportsPatches: true });
  dispatcher.connect(worker.remote);
  void execute([], [opening, started]);

  expect(requestTo(worker).properties).toMatchObject({
    "durable.patches": { kind: { case: "boolValue", value: true } },
  });
});

it("an episode without anything new runs nowhere, and says nothing of the custom status", async () => {
  const { execute } = open();

  expect(await execute([opening, started], [])).toMatchObject({ actions: [], keepsCustomStatus: true });
});

it("a session that was closed asks nobody any more", async () => {
  const { dispatcher, session, execute } = open();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  session.close();

  await expect(execute([opening, started], [opening, raised("1")])).rejects.toMatchObject({ code: "SessionLost" });
  expect(worker.sent).toEqual([]);
});

it("a history that is too large for a message goes nowhere, but can be ended", async () => {
  const { dispatcher, execute } = open({ maxMessageBytes: 1_000 });
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const past = [opening, started, raised("x".repeat(2_000))];

  await expect(execute(past, [opening, raised("1")])).rejects.toMatchObject({ code: "NotSupported" });
  const termination = { ...header, type: "ExecutionTerminated", input: '"enough"' } as const;
  expect(await execute([], [opening, termination])).toMatchObject({
    actions: [{ kind: "CompleteOrchestration", status: "Terminated", result: '"enough"' }],
    keepsCustomStatus: true,
  });
  expect(worker.sent).toEqual([]);
});
