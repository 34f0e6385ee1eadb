import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { DurableError } from "../../../../src/core/errors.ts";
import {
  type ActivityResponse,
  ActivityResponseSchema,
  EntityBatchResultSchema,
  OrchestratorResponseSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { RemoteExecutor } from "../../../../src/grpc/sidecar/remote-executor.ts";
import type { WorkDispatcher } from "../../../../src/grpc/sidecar/work-dispatcher.ts";
import { type FakeWorker, fakeWorker, openDispatcher, settle } from "./fake-workers.ts";

function activity(
  dispatcher: WorkDispatcher,
  {
    taskId = 0,
    name = "a",
    version,
    signal = new AbortController().signal,
  }: Partial<{
    taskId: number;
    name: string;
    version: string;
    signal: AbortSignal;
  }> = {},
) {
  const executor = new RemoteExecutor({ dispatcher, clock: { now: () => 0, sleep: async () => {} } });
  const running = executor.executeActivity({
    name,
    version,
    input: "1",
    instance: { instanceId: "i", executionId: "e" },
    taskId,
    deliveryCount: 1,
    tags: undefined,
    signal,
  });
  running.catch(() => {});
  return running;
}

function answer(dispatcher: WorkDispatcher, token: string, result = "2", taskId = 0): void {
  const response: ActivityResponse = create(ActivityResponseSchema, { instanceId: "i", taskId, result });
  dispatcher.complete({ kind: "activity", token, instanceId: "i", taskId }, response);
}

const items = (worker: FakeWorker) => worker.sent.filter(({ request }) => request.case !== "healthPing");
const tokenOf = (worker: FakeWorker, index = 0) => items(worker)[index]!.completionToken;

it("work goes to a worker with a token, and its answer is the result", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = activity(dispatcher, { taskId: 3 });

  expect(items(worker)[0]!.request).toMatchObject({
    case: "activityRequest",
    value: { name: "a", input: "1", taskId: 3, orchestrationInstance: { instanceId: "i", executionId: "e" } },
  });
  answer(dispatcher, tokenOf(worker));
  expect(await running).toEqual({ kind: "completed", result: "2" });
});

it("an answer that comes twice, late, for nothing, or for another kind is refused and changes nothing", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = activity(dispatcher);
  const token = tokenOf(worker);
  const refused = expect.objectContaining({ code: "InstanceNotFound" });

  expect(() => answer(dispatcher, "made up")).toThrow(refused);
  const entity = create(EntityBatchResultSchema, {});
  expect(() => dispatcher.complete({ kind: "entity", token, instanceId: "" }, entity)).toThrow(refused);
  answer(dispatcher, token, "first");
  expect(() => answer(dispatcher, token, "second")).toThrow(refused);
  expect(() => dispatcher.abandon({ kind: "activity", token, instanceId: "" })).toThrow(refused);
  expect(await running).toEqual({ kind: "completed", result: "first" });
});

it("an answer without a token goes to the work of its instance and task, the older first", async () => {
  const { dispatcher } = openDispatcher();
  dispatcher.connect(fakeWorker().remote);
  const first = activity(dispatcher, { taskId: 1 });
  const second = activity(dispatcher, { taskId: 1 });
  const other = activity(dispatcher, { taskId: 2 });
  answer(dispatcher, "", "other", 2);
  answer(dispatcher, "", "first", 1);
  answer(dispatcher, "", "second", 1);

  expect(await Promise.all([first, second, other])).toMatchObject([
    { result: "first" },
    { result: "second" },
    { result: "other" },
  ]);
});

it("workers take turns", async () => {
  const { dispatcher } = openDispatcher();
  const workers = [fakeWorker(), fakeWorker(), fakeWorker()];
  for (const { remote } of workers) dispatcher.connect(remote);
  for (let n = 0; n < 6; n++) void activity(dispatcher);

  expect(workers.map((worker) => items(worker).length)).toEqual([2, 2, 2]);
});

it("a worker gets no more than it has asked for, and the rest waits in order", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker({ maxConcurrentActivityWorkItems: 2 });
  dispatcher.connect(worker.remote);
  for (let taskId = 0; taskId < 4; taskId++) void activity(dispatcher, { taskId });
  expect(items(worker).length).toBe(2);
  expect(dispatcher.queue.room("activity")).toBe(0);
  answer(dispatcher, tokenOf(worker, 1), "x", 1);
  await settle();

  expect(items(worker).map(({ request }) => (request.value as { taskId: number }).taskId)).toEqual([0, 1, 2]);
});

it("work of a worker that has gone is given to another, with a new token", async () => {
  const { dispatcher, logged } = openDispatcher();
  const [gone, other] = [fakeWorker(), fakeWorker()];
  dispatcher.connect(gone.remote);
  const running = activity(dispatcher);
  dispatcher.connect(other.remote);
  dispatcher.disconnect(gone.remote);
  await settle();

  expect(tokenOf(other)).not.toBe(tokenOf(gone));
  expect(() => answer(dispatcher, tokenOf(gone), "late")).toThrow("taken away");
  answer(dispatcher, tokenOf(other), "once");
  expect(await running).toMatchObject({ result: "once" });
  expect(logged).toEqual(["WorkerConnected", "WorkerConnected", "WorkerDisconnected", "WorkItemRedispatched"]);
});

it("work waits for a worker to come back, and not for ever", async () => {
  const { dispatcher, clock } = openDispatcher({ noWorkerGraceMs: 10_000 });
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = activity(dispatcher);
  dispatcher.disconnect(worker.remote);
  await settle();
  clock.advance(9_000);
  const again = fakeWorker();
  dispatcher.connect(again.remote);
  await settle();
  expect(items(again).length).toBe(1);

  dispatcher.disconnect(again.remote);
  await settle();
  clock.advance(10_000);
  await expect(running).rejects.toMatchObject({ code: "Aborted", message: expect.stringContaining("no worker") });
  expect(clock.sleepers).toBe(0);
});

it("work that nobody who is connected takes is given back at once", async () => {
  const { dispatcher } = openDispatcher();
  dispatcher.connect(fakeWorker({ workItemFilters: { activities: [{ name: "b", versions: ["1"] }] } }).remote);

  await expect(activity(dispatcher, { name: "a" })).rejects.toMatchObject({ code: "ActivityNotRegistered" });
  await expect(activity(dispatcher, { name: "b", version: "2" })).rejects.toMatchObject({
    code: "ActivityNotRegistered",
    message: expect.stringContaining("version '2'"),
  });
});

it("work that is handed back is sent again after a pause that grows, and at last goes back to the engine", async () => {
  const { dispatcher, clock } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = activity(dispatcher);
  for (const [index, pauseMs] of [1000, 2000, 4000, 8000].entries()) {
    dispatcher.abandon({ kind: "activity", token: tokenOf(worker, index), instanceId: "" });
    await settle();
    clock.advance(pauseMs - 1);
    await settle();
    expect(items(worker).length).toBe(index + 1);
    clock.advance(1);
    await settle();
    expect(items(worker).length).toBe(index + 2);
  }
  dispatcher.abandon({ kind: "activity", token: tokenOf(worker, 4), instanceId: "" });

  await expect(running).rejects.toMatchObject({ code: "Aborted", message: expect.stringContaining("5 times") });
});

it("work that nobody wants any more is dropped, whether it runs or waits", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker({ maxConcurrentActivityWorkItems: 1 });
  dispatcher.connect(worker.remote);
  const [first, second] = [new AbortController(), new AbortController()];
  const running = activity(dispatcher, { signal: first.signal });
  const waiting = activity(dispatcher, { signal: second.signal });
  second.abort();
  first.abort();

  await expect(waiting).rejects.toMatchObject({ code: "Aborted" });
  await expect(running).rejects.toMatchObject({ code: "Aborted" });
  expect(() => answer(dispatcher, tokenOf(worker))).toThrow(DurableError);
  expect(dispatcher.queue.room("activity")).toBe(1);
});

it("an entity that is not answered in time is sent again, an activity is not", async () => {
  const { dispatcher, clock } = openDispatcher({ answerTimeoutMs: 60_000, pingIntervalMs: 15_000 });
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  void activity(dispatcher);
  const executor = new RemoteExecutor({ dispatcher, clock });
  const running = executor.executeEntityBatch({
    instanceId: "@c@k",
    entity: { name: "c", key: "k" },
    state: undefined,
    operations: [{ id: "1", operation: "get", input: undefined, isSignal: false, parentInstanceId: "p" }],
    signal: new AbortController().signal,
  });
  for (let round = 0; round < 4; round++) {
    clock.advance(15_000);
    await settle();
  }

  expect(worker.sent.map(({ request }) => request.case)).toEqual([
    "activityRequest",
    "entityRequestV2",
    ...Array<string>(4).fill("healthPing"),
    "entityRequestV2",
  ]);
  const results = [{ resultType: { case: "success" as const, value: { result: "7" } } }];
  const result = create(EntityBatchResultSchema, { results, entityState: "s" });
  dispatcher.complete({ kind: "entity", token: tokenOf(worker, 2), instanceId: "" }, result);
  expect(await running).toEqual({ outcomes: [{ kind: "completed", result: "7", actions: [] }], state: "s" });
});

it("operations that a worker has left out are sent again, on the state that it has left", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const executor = new RemoteExecutor({ dispatcher, clock: { now: () => 0, sleep: async () => {} } });
  const operations = ["a", "b", "c"].map((id) => ({ id, operation: "add", input: "1", isSignal: true }));
  const running = executor.executeEntityBatch({
    instanceId: "@c@k",
    entity: { name: "c", key: "k" },
    state: "0",
    operations,
    signal: new AbortController().signal,
  });
  const reply = async (at: number, count: number, entityState: string) => {
    const results = Array.from({ length: count }, () => ({
      resultType: { case: "success" as const, value: { result: entityState } },
    }));
    const answer = create(EntityBatchResultSchema, { results, entityState });
    dispatcher.complete({ kind: "entity", token: tokenOf(worker, at), instanceId: "" }, answer);
    await settle();
  };
  await reply(0, 2, "2");
  await reply(1, 1, "3");

  const result = await running;

  expect(items(worker)[1]!.request).toMatchObject({
    value: { entityState: "2", operationRequests: [{ eventType: { value: { requestId: "c" } } }] },
  });
  expect(result.state).toBe("3");
  expect(result.outcomes.map((outcome) => outcome.kind === "completed" && outcome.result)).toEqual(["2", "2", "3"]);
});

it("an entity whose worker has a fault of its own is sent again after a pause", async () => {
  const { dispatcher, clock } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const executor = new RemoteExecutor({ dispatcher, clock });
  void executor
    .executeEntityBatch({
      instanceId: "@c@k",
      entity: { name: "c", key: "k" },
      state: undefined,
      operations: [{ id: "1", operation: "get", input: undefined, isSignal: true }],
      signal: new AbortController().signal,
    })
    .catch(() => {});
  const fault = create(EntityBatchResultSchema, { failureDetails: { errorType: "X", errorMessage: "x" } });
  dispatcher.complete({ kind: "entity", token: tokenOf(worker), instanceId: "" }, fault);
  await settle();
  expect(items(worker).length).toBe(1);
  clock.advance(1000);
  await settle();

  expect(items(worker).length).toBe(2);
});

it("a worker whose stream has enough gets nothing until it takes more", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  worker.takesMore = false;
  void activity(dispatcher);
  void activity(dispatcher);
  expect(items(worker).length).toBe(1);
  worker.takesMore = true;
  dispatcher.drained(worker.remote);
  await settle();

  expect(items(worker).length).toBe(2);
});

it("after a close nobody waits for an answer, and nothing is sent", async () => {
  const { dispatcher, clock } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = activity(dispatcher);
  dispatcher.close();

  await expect(running).rejects.toMatchObject({ code: "Aborted" });
  await expect(activity(dispatcher)).rejects.toMatchObject({ code: "Aborted" });
  expect(clock.sleepers).toBe(0);
});

it("an orchestration that is not there cannot be completed, nor its history fetched", () => {
  const { dispatcher } = openDispatcher();
  const response = create(OrchestratorResponseSchema, { instanceId: "i" });

  expect(() => dispatcher.complete({ kind: "orchestration", token: "", instanceId: "i" }, response)).toThrow("'i'");
  expect(() => dispatcher.streamPast("i", undefined)).toThrow("'i'");
});

it("work that takes one worker after the other down comes back more and more slowly, and at last to the engine", async () => {
  const { dispatcher, clock } = openDispatcher();
  const running = (() => {
    const first = fakeWorker();
    dispatcher.connect(first.remote);
    const started = activity(dispatcher);
    dispatcher.disconnect(first.remote);
    return started;
  })();
  const sentAt: number[] = [];
  const begun = clock.now();
  for (let second = 0; second < 60; second++) {
    const next = fakeWorker();
    dispatcher.connect(next.remote);
    await settle();
    if (items(next).length > 0) sentAt.push((clock.now() - begun) / 1000);
    dispatcher.disconnect(next.remote);
    await settle();
    clock.advance(1000);
    await settle();
  }

  expect(sentAt).toEqual([0, 1, 2, 4, 8, 16]);
  await expect(running).rejects.toMatchObject({ code: "Aborted" });
});

it("work that is too large for a message is not sent, and takes no place", async () => {
  const { dispatcher } = openDispatcher({ maxMessageBytes: 100 });
  const worker = fakeWorker({ maxConcurrentActivityWorkItems: 1 });
  dispatcher.connect(worker.remote);
  await expect(activity(dispatcher, { name: "a".repeat(200) })).rejects.toMatchObject({
    code: "NotSupported",
    message: expect.stringContaining("100 at most"),
  });
  expect(items(worker)).toEqual([]);
  void activity(dispatcher, { name: "b" });
  expect(items(worker)).toHaveLength(1);
});

it("work in a pause is given up when the dispatcher closes", async () => {
  const { dispatcher } = openDispatcher();
  const worker = fakeWorker();
  dispatcher.connect(worker.remote);
  const running = activity(dispatcher);
  dispatcher.abandon({ kind: "activity", token: tokenOf(worker), instanceId: "i", taskId: 0 });
  await settle();

  dispatcher.close();

  await expect(running).rejects.toMatchObject({ code: "Aborted" });
});
