import { gzipSync } from "node:zlib";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { expect, it } from "vitest";
import type { AzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import {
  encodeQueueText,
  formatLargeMessageWrapper,
  formatMessageData,
} from "../../src/backends/azure-storage/codec/message-data.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { Quarantine, QuarantinedMessage } from "../../src/core/quarantine.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { DurableClient } from "../../src/functions/durable-client.ts";
import { createLibraryConnection } from "../../src/hosting/library-connection.ts";
import { withShortDelays } from "../support/short-delays.ts";
import {
  azurite,
  commit,
  fetchWork,
  newHubName,
  openHub,
  raised,
  scheduled,
  started,
  x,
} from "./azure-storage-fixture.ts";

/** One partition, and a client as functions have it. */
async function openQuarantine() {
  const taskHub = newHubName();
  const hub = openHub(taskHub, { partitionCount: 1, decorateTransport: withShortDelays });
  await hub.backend.start();
  const client = new TaskHubClient({ store: hub.store, clock: systemClock, random: systemRandom });
  const { quarantine } = new DurableClient(createLibraryConnection(client, {}));
  const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const put = (queue: string, text: string) =>
    queues.getQueueClient(`${taskHub.toLowerCase()}-${queue}`).sendMessage(text);
  return { taskHub: taskHub.toLowerCase(), hub, quarantine, put };
}

async function waitFor(quarantine: Quarantine, count: number): Promise<readonly QuarantinedMessage[]> {
  await expect.poll(async () => (await quarantine.list()).messages.length, { timeout: 40_000 }).toBe(count);
  return (await quarantine.list()).messages;
}

/** Work items of activities are received only while someone asks for one. */
function fetchActivity({ backend }: AzureStorageTaskHub, signal: AbortSignal) {
  return backend.fetchActivityWorkItem(signal);
}

const textOf = (event: HistoryEvent, instanceId: string) =>
  formatMessageData({
    activityId: systemRandom.guid(),
    message: { event, target: { instanceId, executionId: undefined } },
    sequenceNumber: 1,
    episode: undefined,
    sender: { instanceId: "", executionId: "" },
  });

it("a message that cannot be read is listed, shown, put back and dropped", { timeout: 120_000 }, async () => {
  const { quarantine, put, taskHub } = await openQuarantine();
  const { messageId } = await put("control-00", "{broken");
  const [message] = await waitFor(quarantine, 1);
  expect(message).toMatchObject({
    queue: `${taskHub}-control-00`,
    messageId,
    reason: expect.stringContaining("cannot be read") as string,
    instanceId: undefined,
    length: 7,
  });
  expect(message).not.toHaveProperty("text");
  expect(await quarantine.get(message!.id)).toMatchObject({ ...message, text: "{broken" });

  expect(await quarantine.requeue(message!.id)).toBe(true);
  expect(await quarantine.requeue(message!.id)).toBe(false);
  const [again] = await waitFor(quarantine, 1);
  expect(again!.id).not.toBe(message!.id);
  expect(await quarantine.drop(again!.id)).toBe(true);
  expect(await quarantine.drop(again!.id)).toBe(false);
  expect(await quarantine.list()).toEqual({ messages: [], continuationToken: undefined });
  for (const id of ["", "..", "../x", "a/b/c", `${taskHub}-control-00/../x`]) {
    expect(await quarantine.get(id)).toBeUndefined();
    expect(await quarantine.drop(id)).toBe(false);
  }
});

it("a message that was put aside goes on where it belongs", { timeout: 120_000 }, async () => {
  const { hub, quarantine, put, taskHub } = await openQuarantine();
  await hub.store.createInstance({ event: started("waits"), replaces: undefined });
  await commit(hub, (await fetchWork(hub))!);
  // A request for an activity among events, and a large event whose blob is missing.
  await put("control-00", encodeQueueText(textOf(scheduled(0, 1), "waits"), "base64"));
  const blob = "waits/message-0b8f9a526a1e4e7e9a5c3f3c0d8a1b01-EventRaised.json.gz";
  await put("control-00", formatLargeMessageWrapper(blob));
  const messages = await waitFor(quarantine, 2);
  const activity = messages.find(({ eventType }) => eventType === "TaskScheduled")!;
  const large = messages.find(({ id }) => id !== activity.id)!;
  expect(activity).toMatchObject({ instanceId: "waits", reason: expect.stringContaining("in the queue of") as string });
  expect(large).toMatchObject({ reason: expect.stringContaining("does not exist") as string });

  const paged = await quarantine.list({ pageSize: 1 });
  const rest = await quarantine.list({ pageSize: 1, continuationToken: paged.continuationToken });
  expect([...paged.messages, ...rest.messages].map(({ id }) => id).sort()).toEqual(messages.map(({ id }) => id).sort());
  expect(rest.continuationToken).toBeUndefined();

  const stopping = new AbortController();
  const fetched = fetchActivity(hub, stopping.signal);
  await quarantine.requeue(activity.id);
  expect((await fetched)?.delivered.message.event).toMatchObject({ type: "TaskScheduled", name: "SayHello" });
  stopping.abort();

  const content = gzipSync(textOf(raised("late", '"payload"'), "waits"));
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  await service
    .getContainerClient(`${taskHub}-largemessages`)
    .getBlockBlobClient(blob)
    .upload(content, content.byteLength);
  await quarantine.requeue(large.id);
  const workItem = (await fetchWork(hub))!;
  expect(workItem.messages.map(({ message }) => message.event)).toMatchObject([{ name: "late", input: '"payload"' }]);
  await commit(hub, workItem);
  expect(await quarantine.list()).toMatchObject({ messages: [] });
});

it("a message in the queue of another partition reaches its instance", { timeout: 60_000 }, async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub, {});
  await hub.backend.start();
  await hub.store.createInstance({ event: started("abc"), replaces: undefined });
  await commit(hub, (await fetchWork(hub))!);
  const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const text = formatMessageData({
    activityId: systemRandom.guid(),
    message: { event: raised("astray", "1"), target: { instanceId: "abc", executionId: x } },
    sequenceNumber: 1,
    episode: undefined,
    sender: { instanceId: "", executionId: "" },
  });
  // `abc` lives in the last partition.
  await queues.getQueueClient(`${taskHub.toLowerCase()}-control-00`).sendMessage(text);
  const workItem = (await fetchWork(hub))!;
  expect(workItem).toMatchObject({ instanceId: "abc", messages: [{ message: { event: { name: "astray" } } }] });
  await commit(hub, workItem);
  expect(await fetchWork(hub, 1500)).toBeUndefined();
});
