import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { expect, it } from "vitest";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { OutgoingMessage } from "../../src/core/task-message.ts";
import { type StorageFault, withFaults } from "../../src/testing/azure-storage-faults.ts";
import {
  azurite,
  commit,
  fetchWork,
  header,
  newHubName,
  openHub,
  raise,
  scheduled,
  started,
  x,
} from "./azure-storage-fixture.ts";

/**
 * A checkpoint that fails: what it has sent and put away before is gone again, as far as it is sure that nothing of it
 * was written.
 */

const instanceId = "litter";
const large = "x".repeat(100_000);

function openFaultyHub(fault: (taskHub: string) => StorageFault) {
  const taskHub = newHubName();
  const faults = [fault(taskHub)];
  const decorateTransport = (transport: StorageTransport) => withFaults(transport, faults);
  const hub = openHub(taskHub, { decorateTransport, storageTimeoutMs: 500 }, { plain: "the nth request is meant" });
  return { hub, taskHub };
}

/** Activities, the last with a large input. */
function outgoing(count: number): OutgoingMessage[] {
  const target = { instanceId, executionId: x };
  return Array.from({ length: count }, (_, index) => {
    const event = scheduled(index, 1);
    return { message: { event: index === count - 1 ? ({ ...event, input: large } as HistoryEvent) : event, target } };
  });
}

const completed = (result: string): HistoryEvent => {
  return { type: "TaskCompleted", ...header(1), taskScheduledId: 9, result };
};

async function leftBehind(taskHub: string): Promise<{ messages: number; blobs: string[] }> {
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(
    `${taskHub.toLowerCase()}-workitems`,
  );
  const { approximateMessagesCount: messages = 0 } = await queue.getProperties();
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const blobs: string[] = [];
  const container = service.getContainerClient(`${taskHub.toLowerCase()}-largemessages`);
  if (await container.exists()) for await (const { name } of container.listBlobsFlat()) blobs.push(name);
  return { messages, blobs };
}

const isSend = (request: StorageRequest) => request.kind === "queue.send" && request.queue.endsWith("-workitems");
const historyBatch = (taskHub: string) => (request: StorageRequest) =>
  request.kind === "table.batch" && request.table === `${taskHub}History`;

it.each<[string, (taskHub: string) => StorageFault]>([
  ["a send is refused", () => ({ matches: isSend, nth: 40, when: "before", transient: false })],
  ["sends are in vain for too long", () => ({ matches: isSend, nth: 40, times: 1e6, when: "before", isBusy: true })],
  [
    "a blob of the history is refused",
    () => ({
      matches: (request) => request.kind === "blob.put" && request.blob.includes("/history-"),
      nth: 2,
      when: "before",
      transient: false,
    }),
  ],
  ["the history is refused", (hub) => ({ matches: historyBatch(hub), nth: 1, when: "before", transient: false })],
])("nothing is left when %s", async (_, fault) => {
  const { hub, taskHub } = openFaultyHub(fault);
  await hub.backend.start();
  await hub.store.createInstance({ event: started(instanceId), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  const extra = [completed(`${large}1`), completed(`${large}2`)];
  await expect(commit(hub, workItem, extra, { outgoing: outgoing(100) })).rejects.toMatchObject({
    code: expect.stringMatching(/^Storage/),
  });
  await expect.poll(() => leftBehind(taskHub)).toEqual({ messages: 0, blobs: [] });
  expect(await hub.store.getHistory(instanceId)).toBeUndefined();
});

it("nothing is left of a checkpoint that another worker has overtaken", async () => {
  const { hub, taskHub } = openFaultyHub(() => ({ matches: () => false, nth: 1, when: "before" }));
  await hub.backend.start();
  await hub.store.createInstance({ event: started(instanceId), replaces: undefined });
  await commit(hub, (await fetchWork(hub))!);
  await raise(hub, instanceId, "Go");
  const workItem = (await fetchWork(hub))!;
  const history = {
    executionId: x,
    expectedHistoryVersion: `W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`,
    firstIndex: 3,
    events: [completed(large)],
    episode: 2,
  };
  const change = { history, outgoing: outgoing(30) };
  await expect(commit(hub, workItem, [], change)).rejects.toMatchObject({ code: "WorkItemLockLost" });
  await expect.poll(() => leftBehind(taskHub)).toEqual({ messages: 0, blobs: [] });
  expect(await hub.store.getHistory(instanceId)).toHaveLength(3);
});

it("what may have been written keeps all that it needs", async () => {
  // The batch is done and its answer lost, then the read that would tell fails.
  const { hub, taskHub } = openFaultyHub((taskHub) => ({
    matches: historyBatch(taskHub),
    nth: 1,
    times: 1e6,
    when: "after",
  }));
  await hub.backend.start();
  await hub.store.createInstance({ event: started(instanceId), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  const change = { outgoing: outgoing(30) };
  await expect(commit(hub, workItem, [completed(large)], change)).rejects.toMatchObject({ code: "StorageUnavailable" });
  const { messages, blobs } = await leftBehind(taskHub);
  expect({ messages, blobs: blobs.length }).toEqual({ messages: 30, blobs: 2 });
  expect(await hub.store.getHistory(instanceId)).toContainEqual(completed(large));
});
