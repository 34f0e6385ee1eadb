import { QueueServiceClient } from "@azure/storage-queue";
import { expect, it } from "vitest";
import { partitionOf } from "../../src/backends/azure-storage/partitions/partition-hash.ts";
import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import {
  at,
  azurite,
  B,
  commit,
  fetchWork,
  header,
  I,
  newHubName,
  openHub,
  raised,
  rawRows,
  S,
  scheduled,
  started,
  T,
  x,
} from "./azure-storage-fixture.ts";

it("writes a sequence of three activities as the reference shows it", async () => {
  const taskHub = newHubName();
  // Batches are counted, and leases are renewed in batches.
  // As .NET writes it: everything through the queues, and nothing later than it could be.
  const asDotnet = { localDispatch: false, overlapWrites: false };
  const hub = openHub(taskHub, { leaseRenewIntervalMs: 25_000, ...asDotnet }, { plain: "requests are counted" });
  const { backend, store, requests } = hub;
  await backend.start();
  await store.createInstance({ event: started("hello-0001"), replaces: undefined });
  const [pending] = await rawRows(`${taskHub}Instances`);
  expect(pending).toMatchObject({
    partitionKey: "hello-0001",
    rowKey: "",
    ExecutionId: S(x),
    Name: S("HelloSequence"),
    Version: S(""),
    TaskHubName: S(taskHub),
    RuntimeStatus: S("Pending"),
    Input: S('"Tokyo"'),
    CreatedTime: T(0),
    Generation: I(0),
    Tags: S("null"),
  });
  expect(Object.keys(pending!)).not.toContain("CustomStatus");

  let version: string | undefined;
  let length = 0;
  for (let episode = 1; episode <= 4; episode++) {
    const workItem = (await fetchWork(hub))!;
    expect(workItem.messages).toHaveLength(1);
    const input = workItem.messages[0]!.message.event;
    const loaded = await backend.loadHistory(workItem);
    expect(loaded.historyVersion).toBe(version);
    expect(loaded.events).toHaveLength(length);
    const isLast = episode === 4;
    const decided: HistoryEvent = isLast
      ? {
          type: "ExecutionCompleted",
          eventId: 3,
          timestamp: at(episode),
          orchestrationStatus: "Completed",
          result: '["Hello"]',
          failureDetails: undefined,
        }
      : scheduled(episode - 1, episode);
    const events: HistoryEvent[] = [
      { type: "OrchestratorStarted", ...header(episode) },
      input,
      decided,
      { type: "OrchestratorCompleted", ...header(episode) },
    ];
    requests.reset();
    const receipt = await backend.completeOrchestrationWorkItem({
      workItem,
      history: { executionId: x, expectedHistoryVersion: version, firstIndex: length, events, episode },
      outgoing: isLast ? [] : [{ message: { event: decided, target: { instanceId: "hello-0001", executionId: x } } }],
      instance: {
        executionId: x,
        lastUpdatedTime: at(episode),
        customStatus: undefined,
        ...(episode === 1 && {
          started: {
            name: "HelloSequence",
            version: undefined,
            input: '"Tokyo"',
            createdTime: at(0),
            tags: undefined,
            generation: 0,
            scheduledStartTime: undefined,
          },
          runtimeStatus: "Running" as const,
        }),
        ...(isLast && { runtimeStatus: "Completed" as const, output: '["Hello"]', completedTime: at(episode) }),
      },
      settled: workItem.messages,
      deferred: [],
    });
    expect(requests.byKind.get("table.batch")).toBe(1);
    const merges = (requests.byKind.get("table.upsert") ?? 0) + (requests.byKind.get("table.update") ?? 0);
    expect(merges).toBe(1);
    expect(requests.byKind.get("queue.send") ?? 0).toBe(isLast ? 0 : 1);
    expect(requests.byKind.get("queue.deleteMessage")).toBe(1);
    version = receipt.historyVersion;
    length += events.length;
    if (isLast) break;

    const activity = (await backend.fetchActivityWorkItem(AbortSignal.timeout(10_000)))!;
    expect(activity.delivered.message.event).toMatchObject({ type: "TaskScheduled", input: '["Tokyo"]' });
    await backend.completeActivityWorkItem(activity, {
      event: { type: "TaskCompleted", ...header(episode), taskScheduledId: episode - 1, result: '"Hello, Tokyo!"' },
      target: { instanceId: "hello-0001", executionId: x },
    });
  }

  const rows = await rawRows(`${taskHub}History`);
  const common = { partitionKey: "hello-0001", ExecutionId: S(x), IsPlayed: B(false) };
  const row = (index: number) => rows[index];
  expect(rows.map((found) => found["rowKey"])).toEqual([
    ...Array.from({ length: 16 }, (_, index) => index.toString(16).toUpperCase().padStart(16, "0")),
    "sentinel",
  ]);
  expect(row(1)).toMatchObject({
    ...common,
    EventType: S("ExecutionStarted"),
    EventId: I(-1),
    _Timestamp: T(0),
    OrchestrationInstance: S(`{"InstanceId":"hello-0001","ExecutionId":"${x}"}`),
    ParentInstance: S("null"),
    Name: S("HelloSequence"),
    Version: S(""),
    Input: S('"Tokyo"'),
    Tags: S("null"),
    ParentTraceContext: S("null"),
    Generation: I(0),
    GenerateNewTrace: B(false),
  });
  expect(row(2)).toMatchObject({
    ...common,
    EventType: S("TaskScheduled"),
    EventId: I(0),
    Name: S("SayHello"),
    Version: S(""),
    ParentTraceContext: S("null"),
    Tags: S("null"),
  });
  expect(Object.keys(row(2)!)).not.toContain("Input");
  expect(Object.keys(row(1)!)).not.toContain("Correlation");
  expect(row(5)).toMatchObject({ ...common, TaskScheduledId: I(0), Result: S('"Hello, Tokyo!"'), EventId: I(-1) });
  expect(row(14)).toMatchObject({
    ...common,
    EventType: S("ExecutionCompleted"),
    EventId: I(3),
    OrchestrationStatus: S("Completed"),
    Result: S('["Hello"]'),
    FailureDetails: S("null"),
  });
  expect(row(16)).toMatchObject({
    ExecutionId: S(x),
    IsCheckpointComplete: B(true),
    CheckpointCompletedTimestamp: { type: "DateTime", value: expect.stringMatching(/\.\d{7}Z$/) },
  });
  const [final] = await rawRows(`${taskHub}Instances`);
  expect(final).toMatchObject({
    RuntimeStatus: S("Completed"),
    Output: S('["Hello"]'),
    CompletedTime: T(4),
    CustomStatus: S("null"),
    LastUpdatedTime: T(4),
    CreatedTime: T(0),
    Input: S('"Tokyo"'),
  });
  const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const left = await queues
    .getQueueClient(`${taskHub.toLowerCase()}-control-0${partitionOf("hello-0001", 4)}`)
    .getProperties();
  expect(left.approximateMessagesCount).toBe(0);
});

it("sends what one instance is sent in its order, the start first, and everything else at once", async () => {
  const sent: string[] = [];
  let underWay = 0;
  let most = 0;
  const decorateTransport =
    (transport: StorageTransport): StorageTransport =>
    async (request, context) => {
      if (request.kind !== "queue.send") return transport(request, context);
      most = Math.max(most, ++underWay);
      // The earlier a message is sent, the longer it takes.
      await systemClock.sleep(200 - 20 * sent.length - 20 * underWay);
      const reply = await transport(request, context);
      underWay--;
      const { TaskMessage } = JSON.parse(Buffer.from(request.text, "base64").toString("utf8"));
      sent.push(`${TaskMessage.OrchestrationInstance.InstanceId} ${TaskMessage.Event.Name}`);
      return reply;
    };
  const hub = openHub(newHubName(), { decorateTransport }, { plain: "sends are counted" });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("parent"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  sent.length = 0;
  const to = (instanceId: string, event: HistoryEvent) => ({
    message: { event, target: { instanceId, executionId: undefined } },
  });

  await commit(hub, workItem, [], {
    outgoing: [
      to("child", started("child")),
      to("child", raised("one")),
      to("parent", scheduled(0, 1)),
      to("other", raised("one")),
      to("child", raised("two")),
      to("parent", scheduled(1, 1)),
    ],
  });

  expect(sent.filter((text) => text.startsWith("child"))).toEqual(["child HelloSequence", "child one", "child two"]);
  expect(sent).toHaveLength(6);
  expect(most).toBe(4);
});
