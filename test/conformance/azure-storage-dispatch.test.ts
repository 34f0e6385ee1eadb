import { QueueServiceClient } from "@azure/storage-queue";
import { expect, it } from "vitest";
import { partitionOf } from "../../src/backends/azure-storage/partitions/partition-hash.ts";
import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { withFaults } from "../../src/testing/azure-storage-faults.ts";
import {
  at,
  azurite,
  commit,
  fetchWork,
  header,
  newHubName,
  openHub,
  raise,
  rawRows,
  S,
  scheduled,
  started,
  x,
} from "./azure-storage-fixture.ts";

it("lets one of two workers commit when both believe they own the partition", async () => {
  const taskHub = newHubName();
  // With one message in memory the first worker receives no more, so the second gets it when it shows again.
  const stalled = { leaseRenewIntervalMs: 25_000, visibilityTimeoutMs: 2000, controlQueueBufferThreshold: 1 };
  const first = openHub(taskHub, stalled);
  await first.backend.start();
  await first.store.createInstance({ event: started("raced"), replaces: undefined });
  const theirs = (await fetchWork(first))!;
  await commit(first, theirs);
  await raise(first, "raced", "Go");
  const stale = (await fetchWork(first))!;
  const loaded = await first.backend.loadHistory(stale);

  const second = openHub(taskHub, { isDeadWorker: () => true });
  await second.backend.start();
  const fresh = (await fetchWork(second))!;
  expect(fresh.messages.map(({ id }) => id)).toEqual(stale.messages.map(({ id }) => id));
  await commit(second, fresh);

  await expect(
    first.backend.completeOrchestrationWorkItem({
      workItem: stale,
      history: {
        executionId: x,
        expectedHistoryVersion: loaded.historyVersion,
        firstIndex: loaded.events.length,
        events: [{ type: "OrchestratorStarted", ...header(9) }],
        episode: 2,
      },
      outgoing: [],
      instance: undefined,
      settled: stale.messages,
      deferred: [],
    }),
  ).rejects.toMatchObject({ code: "WorkItemLockLost" });
  const history = await second.store.getHistory("raced");
  expect(history).toHaveLength(6);
});

it("starts one of two executions that were asked for under one id", async () => {
  const hub = openHub(newHubName());
  await hub.backend.start();
  await hub.store.createInstance({ event: started("twice"), replaces: undefined });
  const late = { instanceId: "twice", executionId: "c2d4e6f8a0b24c6e8f0a1b3c5d7e9f01" };
  const event = started("twice", { orchestrationInstance: late, timestamp: at(5) });
  await expect(hub.store.createInstance({ event, replaces: undefined })).rejects.toMatchObject({
    code: "InstanceAlreadyExists",
  });
  const workItem = (await fetchWork(hub))!;
  expect(workItem.messages.map(({ message }) => message.target.executionId)).toEqual([x]);
  await commit(hub, workItem);
  expect(await fetchWork(hub, 1000)).toBeUndefined();
});

it("waits for the row of a start that is received before it", async () => {
  const hub = openHub(newHubName(), {}, { plain: "the row has to come while the start waits for it" });
  await hub.backend.start();
  const event = started("gap");
  await hub.store.sendMessage({ message: { event, target: event.orchestrationInstance } });
  await raise(hub, "gap", "Go");
  const early = fetchWork(hub);
  await hub.store.createInstance({ event, replaces: undefined });
  const workItem = (await early)!;
  expect(workItem.messages[0]!.message.event.type).toBe("ExecutionStarted");
});

it("delivers an abandoned message again, and counts it", async () => {
  const hub = openHub(newHubName());
  await hub.backend.start();
  await hub.store.createInstance({ event: started("again"), replaces: undefined });
  const first = (await fetchWork(hub))!;
  expect(first.messages[0]!.deliveryCount).toBe(1);
  await hub.backend.abandonOrchestrationWorkItem(first);
  const second = (await fetchWork(hub))!;
  expect(second.messages[0]).toMatchObject({ id: first.messages[0]!.id, deliveryCount: 2 });
});

it("renews a work item beyond its visibility timeout, and answers with the newest receipt", async () => {
  const hub = openHub(newHubName(), { visibilityTimeoutMs: 5000 });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("long"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  for (let round = 0; round < 4; round++) {
    await hub.backend.renewOrchestrationWorkItem(workItem);
    expect(await fetchWork(hub, 1500)).toBeUndefined();
  }
  await commit(hub, workItem);
  expect(await fetchWork(hub, 5500)).toBeUndefined();
});

it("fires a timer at its time, neither before nor a poll later", async () => {
  const hub = openHub(newHubName(), { maxQueuePollingIntervalMs: 30_000 });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("timed"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  const fireAt = new Date(Date.now() + 1700);
  const event: HistoryEvent = { type: "TimerFired", ...header(1), timerId: 0, fireAt };
  const message = { event, target: { instanceId: "timed", executionId: x } };
  await commit(hub, workItem, [], { outgoing: [{ message, deliverAt: fireAt }] });
  const fired = (await fetchWork(hub, 20_000))!;
  expect(Date.now()).toBeGreaterThanOrEqual(fireAt.getTime());
  expect(fired.messages[0]!.message.event).toEqual(event);
});

it("survives what is not a message", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const queue = queues.getQueueClient(`${taskHub.toLowerCase()}-control-0${partitionOf("ok", 4)}`);
  for (const text of ["", "{}", "bm90aGluZw==", '{"TaskMessage":{"Event":{"$type":"x"}}}'])
    await queue.sendMessage(text);
  await queues.getQueueClient(`${taskHub.toLowerCase()}-workitems`).sendMessage("?");
  await hub.store.createInstance({ event: started("ok"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  const outgoing = [{ message: { event: scheduled(0, 1), target: { instanceId: "ok", executionId: x } } }];
  await commit(hub, workItem, [], { outgoing });
  const activity = await hub.backend.fetchActivityWorkItem(AbortSignal.timeout(10_000));
  expect(activity?.delivered.message.event).toMatchObject({ type: "TaskScheduled" });
});

it("gives back at the stop what nobody took, and its partitions", async () => {
  const taskHub = newHubName();
  const first = openHub(taskHub);
  await first.backend.start();
  await first.store.createInstance({ event: started("handed-over"), replaces: undefined });
  await expect
    .poll(async () => (await rawRows(`${taskHub}Partitions`)).every((row) => "CurrentOwner" in row))
    .toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await first.backend.stop();
  expect((await rawRows(`${taskHub}Partitions`)).some((row) => "CurrentOwner" in row)).toBe(false);

  const second = openHub(taskHub);
  await second.backend.start();
  const workItem = (await fetchWork(second, 20_000))!; // well before its visibility timeout of 30 s
  expect(workItem.instanceId).toBe("handed-over");
});

it("starts again after a stop", async () => {
  const hub = openHub(newHubName());
  await hub.backend.start();
  await hub.backend.stop();
  await hub.backend.start();
  await hub.store.createInstance({ event: started("later"), replaces: undefined });
  expect(await fetchWork(hub)).toMatchObject({ instanceId: "later" });
});

it("refuses a hub that has another number of partitions", async () => {
  const taskHub = newHubName();
  await openHub(taskHub).store.createTaskHub();
  await expect(openHub(taskHub, { partitionCount: 2 }).backend.start()).rejects.toMatchObject({
    code: "InvalidOption",
  });
});

it("commits in parts although the answers to some parts got lost", async () => {
  const taskHub = newHubName();
  const isHistoryBatch = (request: { kind: string; table?: string }) =>
    request.kind === "table.batch" && request.table === `${taskHub}History`;
  const lost = (nth: number) => ({ matches: isHistoryBatch, nth, when: "after" as const });
  const decorateTransport = (transport: StorageTransport) => withFaults(transport, [lost(1), lost(3), lost(5)]);
  const hub = openHub(taskHub, { decorateTransport }, { plain: "the nth request is meant" });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("parts"), replaces: undefined });
  const many = Array.from({ length: 250 }, (_, index) => scheduled(index, 1));
  await commit(hub, (await fetchWork(hub))!, many);
  expect(await hub.store.getHistory("parts")).toHaveLength(253);
});

it("commits although the answer to the commit got lost", async () => {
  const taskHub = newHubName();
  const isHistoryBatch = (request: { kind: string; table?: string }) =>
    request.kind === "table.batch" && request.table === `${taskHub}History`;
  const decorateTransport = (transport: StorageTransport) =>
    withFaults(transport, [
      { matches: isHistoryBatch, nth: 1, when: "after" },
      { matches: isHistoryBatch, nth: 3, when: "after" },
      { matches: isHistoryBatch, nth: 5, when: "before" },
    ]);
  const hub = openHub(taskHub, { decorateTransport }, { plain: "the nth request is meant" });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("lost-answer"), replaces: undefined });
  await commit(hub, (await fetchWork(hub))!);
  for (let round = 1; round <= 2; round++) {
    await raise(hub, "lost-answer", "Go");
    await commit(hub, (await fetchWork(hub))!);
  }
  expect(await hub.store.getHistory("lost-answer")).toHaveLength(9);
  const rows = await rawRows(`${taskHub}History`);
  expect(rows.at(-1)).toMatchObject({ rowKey: "sentinel", ExecutionId: S(x) });
});

it("an answer goes from hand to hand although its request has waited for long", async () => {
  const taskHub = newHubName();
  const timing = { visibilityTimeoutMs: 1000 };
  // Its messages are in the queues, and nobody receives them.
  const client = openHub(taskHub, timing);
  await client.store.createInstance({ event: started("slow"), replaces: undefined });
  await client.store.sendMessage({
    message: { event: scheduled(0, 1), target: { instanceId: "slow", executionId: x } },
  });
  await systemClock.sleep(2500);
  const hub = openHub(taskHub, { ...timing, maxQueuePollingIntervalMs: 100 }, { plain: "requests are counted" });
  await hub.backend.start();
  const first = (await fetchWork(hub))!;
  await commit(hub, first, [scheduled(0, 1)]);
  const request = (await hub.backend.fetchActivityWorkItem(AbortSignal.timeout(20_000)))!;
  expect(request).toMatchObject({ mayHaveRun: true, delivered: { deliveryCount: 1 } });

  hub.requests.reset();
  await hub.backend.completeActivityWorkItem(request, {
    event: { type: "TaskCompleted", ...header(2), taskScheduledId: 0, result: '"Hello, Tokyo!"' },
    target: { instanceId: "slow", executionId: x },
  });

  const answered = (await fetchWork(hub))!;
  expect(answered.messages.map(({ message }) => message.event.type)).toEqual(["TaskCompleted"]);
  expect(hub.requests.byKind.get("queue.send") ?? 0).toBe(0);
});
