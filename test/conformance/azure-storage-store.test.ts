import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { expect, it } from "vitest";
import type { AzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { partitionOf } from "../../src/backends/azure-storage/partitions/partition-hash.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { InstanceQuery } from "../../src/core/orchestration-state.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { rewindInstance } from "../../src/engine/rewind.ts";
import {
  at,
  azurite,
  commit,
  fetchWork,
  header,
  newHubName,
  openHub,
  raise,
  raised,
  rawRows,
  S,
  scheduled,
  started,
  x,
} from "./azure-storage-fixture.ts";

async function blobNames(taskHub: string): Promise<string[]> {
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const names: string[] = [];
  const container = service.getContainerClient(`${taskHub.toLowerCase()}-largemessages`);
  if (!(await container.exists())) return names;
  for await (const blob of container.listBlobsFlat()) names.push(blob.name);
  return names.sort();
}

async function run(hub: AzureStorageTaskHub, instanceId: string, input: string, extra: readonly HistoryEvent[] = []) {
  const executionId = x;
  await hub.store.createInstance({
    event: started(instanceId, { input, orchestrationInstance: { instanceId, executionId } }),
    replaces: undefined,
  });
  const workItem = (await fetchWork(hub))!;
  await commit(hub, workItem, extra);
  return workItem;
}

/** Of all pages: some are short, and some are empty. */
async function findIds({ store }: AzureStorageTaskHub, query: InstanceQuery): Promise<string[]> {
  const found: string[] = [];
  let { continuationToken } = query;
  do {
    const page = await store.queryInstances({ ...query, continuationToken });
    found.push(...page.instances.map(({ instanceId }) => instanceId));
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return found;
}

const oddIds = ["it's", "🌍 世界", "a^b", "o/1", "tab\there", "x\\y#z?", "%2F+ &", "quote'' or 1 eq 1"];

it("keeps instances with odd ids apart, and reads them all back", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  for (const id of oddIds) {
    await run(hub, id, JSON.stringify(id), [scheduled(0, 1)]);
    // The row of a first checkpoint may follow it.
    await expect
      .poll(() => hub.store.getInstance(id))
      .toMatchObject({
        instanceId: id,
        input: JSON.stringify(id),
        runtimeStatus: "Running",
      });
    expect(await hub.store.getHistory(id)).toHaveLength(4);
  }
  expect((await findIds(hub, {})).sort()).toEqual([...oddIds].sort());
  for (const id of oddIds) expect(await hub.store.purgeInstance(id)).toBe(true);
  expect(await rawRows(`${taskHub}History`)).toEqual([]);
  expect(await rawRows(`${taskHub}Instances`)).toEqual([]);
});

it.each([
  ["just fits", 0, 0],
  ["is one byte too large", 1, 1],
])("sends a message that %s", async (_, extraBytes, blobs) => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  const service = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const queue = service.getQueueClient(`${taskHub.toLowerCase()}-control-0${partitionOf("sized", 4)}`);
  await hub.backend.stop();
  const sizeOf = async (text: string) => {
    await raise(hub, "sized", "n", text);
    const { receivedMessageItems } = await queue.receiveMessages();
    const [item] = receivedMessageItems;
    await queue.deleteMessage(item!.messageId, item!.popReceipt);
    return Buffer.from(item!.messageText, "base64").byteLength;
  };
  const overhead = await sizeOf("");
  const input = "x".repeat(46_080 - overhead + extraBytes);
  await raise(hub, "sized", "n", input);
  expect(await blobNames(taskHub)).toHaveLength(blobs);
  if (blobs > 0) expect((await blobNames(taskHub))[0]).toMatch(/^sized\/message-[0-9a-f]{32}-EventRaised\.json\.gz$/);
  await hub.backend.start();
  expect((await fetchWork(hub))!.messages[0]!.message.event).toEqual(raised("n", input));
});

it("moves large texts of history and instance to blobs, and brings them back", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  const input = JSON.stringify("世".repeat(40_000));
  const output = JSON.stringify("y".repeat(300_000));
  await hub.store.createInstance({ event: started("large", { input }), replaces: undefined });
  expect(await hub.store.getInstance("large")).toMatchObject({ runtimeStatus: "Pending", input });
  const workItem = (await fetchWork(hub))!;
  const completed: HistoryEvent = {
    type: "ExecutionCompleted",
    eventId: 0,
    timestamp: at(1),
    orchestrationStatus: "Completed",
    result: output,
    failureDetails: undefined,
  };
  await commit(hub, workItem, [completed], {
    instance: {
      executionId: x,
      lastUpdatedTime: at(1),
      customStatus: undefined,
      runtimeStatus: "Completed",
      output,
      started: { ...started("large", { input }), createdTime: at(0) },
    },
  });
  const rows = await rawRows(`${taskHub}History`);
  expect(rows[1]).toMatchObject({
    Input: S(""),
    InputBlobName: {
      value: expect.stringMatching(/^large\/history-0000000000000001-ExecutionStarted-[0-9A-F]{8}-Input\.json\.gz$/),
    },
  });
  const [row] = await rawRows(`${taskHub}Instances`);
  expect(row!["Output"]).toMatchObject({
    value: expect.stringMatching(/-largemessages\/large\/history-.*-Result\.json\.gz$/),
  });
  expect(await blobNames(taskHub)).toHaveLength(3);
  expect(await hub.store.getInstance("large")).toMatchObject({ input, output, runtimeStatus: "Completed" });
  expect(await hub.store.getInstance("large", { fetchInput: false })).toMatchObject({ input: undefined, output });
  expect((await hub.store.getHistory("large"))![1]).toMatchObject({ input });
  await hub.store.purgeInstance("large");
  expect(await blobNames(taskHub)).toEqual([]);
});

it("writes a checkpoint of many rows in batches, all of which are read back", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  const many = Array.from({ length: 1200 }, (_, index) => scheduled(index, 1));
  await run(hub, "many", "1", many);
  expect(await hub.store.getHistory("many")).toHaveLength(1203);
  expect(hub.requests.byKind.get("table.batch")).toBeGreaterThanOrEqual(13);
});

it("purges exactly one instance", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  const input = JSON.stringify("z".repeat(60_000));
  for (const id of ["job1", "job10", "job1^0"]) await run(hub, id, input);
  const before = await blobNames(taskHub);
  expect(await hub.store.purgeInstance("job1")).toBe(true);
  expect(await hub.store.purgeInstance("job1")).toBe(false);
  expect(await blobNames(taskHub)).toEqual(before.filter((name) => !name.startsWith("job1/")));
  for (const id of ["job10", "job1^0"]) {
    expect(await hub.store.getInstance(id)).toMatchObject({ input });
    expect(await hub.store.getHistory(id)).toHaveLength(3);
  }
  expect(await hub.store.getInstance("job1")).toBeUndefined();
  expect(await hub.store.getHistory("job1")).toBeUndefined();
});

it("finds instances by prefix, status and time, page by page", async () => {
  const hub = openHub(newHubName());
  const ids = ["a-1", "a-2", "b-1", "it's-1", "@counter@c"];
  for (const [index, id] of ids.entries()) {
    await hub.store.createInstance({
      event: started(id, { timestamp: at(index), orchestrationInstance: { instanceId: id, executionId: x } }),
      replaces: undefined,
    });
  }
  const find = (query: InstanceQuery) => findIds(hub, query);
  expect(await find({ instanceIdPrefix: "a-" })).toEqual(["a-1", "a-2"]);
  expect(await find({ instanceIdPrefix: "it's" })).toEqual(["it's-1"]);
  expect(await find({})).toEqual(["a-1", "a-2", "b-1", "it's-1"]);
  expect(await find({ includeEntities: true })).toHaveLength(5);
  expect(await find({ createdTimeFrom: at(1), createdTimeTo: at(2) })).toEqual(["a-2", "b-1"]);
  expect(await find({ runtimeStatus: ["Running", "Failed"] })).toEqual([]);
  expect(await find({ runtimeStatus: ["Pending"], instanceIdPrefix: "b" })).toEqual(["b-1"]);
  expect(await find({ pageSize: 1 })).toEqual(["a-1", "a-2", "b-1", "it's-1"]);
  await expect(find({ continuationToken: "nonsense" })).rejects.toMatchObject({ code: "InvalidOption" });
});

it("replaces a finished instance, and ends one that never ran", async () => {
  const hub = openHub(newHubName());
  await hub.store.createInstance({ event: started("again"), replaces: undefined });
  const first = await hub.store.getInstance("again");
  const next = { instanceId: "again", executionId: "c2d4e6f8a0b24c6e8f0a1b3c5d7e9f01" };
  await hub.store.createInstance({
    event: started("again", { orchestrationInstance: next, generation: 1, input: undefined }),
    replaces: first,
  });
  expect(await hub.store.getInstance("again")).toMatchObject({
    executionId: next.executionId,
    generation: 1,
    input: undefined,
  });
  await hub.store.terminatePending("again", x, "too late", at(9));
  expect(await hub.store.getInstance("again")).toMatchObject({ runtimeStatus: "Pending" });
  await hub.store.terminatePending("again", next.executionId, "not needed", at(9));
  expect(await hub.store.getInstance("again")).toMatchObject({
    runtimeStatus: "Terminated",
    output: "not needed",
    completedTime: at(9),
  });
  await hub.backend.start();
  expect(await fetchWork(hub, 1500)).toBeUndefined();
});

it("rewinds a failed instance", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  const failure = { taskScheduledId: 0, reason: "no", details: undefined, failureDetails: undefined };
  await run(hub, "failed", "1", [
    scheduled(0, 1),
    { type: "TaskFailed", ...header(1), ...failure },
    {
      type: "ExecutionCompleted",
      eventId: 1,
      timestamp: at(1),
      orchestrationStatus: "Failed",
      result: "no",
      failureDetails: undefined,
    },
  ]);
  await rewindInstance("failed", "fixed", { store: hub.store, clock: systemClock });
  const rows = await rawRows(`${taskHub}History`);
  expect(rows.slice(2, 5)).toMatchObject([
    { EventType: S("GenericEvent"), Reason: S("Rewound: TaskScheduled") },
    { EventType: S("GenericEvent"), Reason: S("Rewound: TaskFailed") },
    { EventType: S("GenericEvent"), Reason: S("Rewound: ExecutionCompleted") },
  ]);
  expect((await fetchWork(hub))!.messages[0]!.message.event).toMatchObject({ type: "GenericEvent", data: "fixed" });
  expect(await hub.store.getInstance("failed")).toMatchObject({ runtimeStatus: "Pending" });
  const nobody = rewindInstance("nobody", undefined, { store: hub.store, clock: systemClock });
  await expect(nobody).rejects.toMatchObject({ code: "InstanceNotFound" });
});

it("rejects a custom status that no row can hold, before anything is written", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.backend.start();
  await hub.store.createInstance({ event: started("status"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  const instance = { executionId: x, lastUpdatedTime: at(1), customStatus: JSON.stringify("s".repeat(33_000)) };
  await expect(commit(hub, workItem, [], { instance })).rejects.toMatchObject({ code: "InvalidPayload" });
  expect(await rawRows(`${taskHub}History`)).toEqual([]);
});

it("deletes a hub with everything in it", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub);
  await hub.store.createInstance({
    event: started("gone", { input: JSON.stringify("g".repeat(90_000)) }),
    replaces: undefined,
  });
  await hub.store.deleteTaskHub();
  await hub.store.createTaskHub();
  expect(await hub.store.getInstance("gone")).toBeUndefined();
  expect(await blobNames(taskHub)).toEqual([]);
});
