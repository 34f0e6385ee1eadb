import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { DurableClient } from "../../../src/functions/durable-client.ts";
import { DurableTaskClient } from "../../../src/portable/durable-task-client.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

class PortableClient extends DurableTaskClient {
  constructor(client: TaskHubClient) {
    super(async () => ({ client, close: async () => {} }), {});
  }
}

const dayMs = 24 * 60 * 60_000;

/** Five instances that ended a day after each other, the last one now; and one that waits. */
async function openHub() {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  for (let index = 0; index < 5; index++) {
    if (index > 0) clock.advance(dayMs);
    const instanceId = `order-${index}`;
    await client.startInstance({ name: index < 2 ? "Ship" : "Bill", instanceId, input: '"in"' });
    const { executionId } = (await hub.getInstance(instanceId))!;
    await hub.terminatePending(instanceId, executionId!, "reason", new Date(clock.now()));
  }
  await client.startInstance({ name: "Ship", instanceId: "waits" });
  const connection = { client, clock, managementBaseUrl: "http://localhost", connectionName: "Storage" };
  return { clock, hub, durable: new DurableClient(connection), portable: new PortableClient(client) };
}

it("instances are counted and listed by all conditions, page by page", async () => {
  const { durable, portable } = await openHub();

  expect(await durable.countInstances()).toBe(6);
  expect(await durable.countInstances({ name: "Ship", runtimeStatus: ["Terminated"] })).toBe(2);
  expect(await portable.countInstances({ name: "Bill" })).toBe(3);
  expect(await portable.countInstances()).toBe(6);
  const first = await durable.listInstances({ pageSize: 4, showInput: false, showOutput: false });
  const second = await durable.listInstances({ pageSize: 4, continuationToken: first.continuationToken });
  expect(first.instances.map(({ instanceId, input, output }) => [instanceId, input, output])).toEqual(
    ["order-0", "order-1", "order-2", "order-3"].map((id) => [id, null, null]),
  );
  expect(second.instances.map(({ instanceId, output }) => [instanceId, output])).toEqual([
    ["order-4", "reason"],
    ["waits", null],
  ]);
  expect(second.continuationToken).toBeUndefined();
  const shipped = await durable.getStatusBy({ name: "Ship", instanceIdPrefix: "order-" });
  expect(shipped.map(({ instanceId }) => instanceId)).toEqual(["order-0", "order-1"]);
  const billed = await portable.getAllInstances({ name: "Bill", pageSize: 1 }).toArray();
  expect(billed.map(({ instanceId }) => instanceId)).toEqual(["order-2", "order-3", "order-4"]);
});

it("what finished longer ago is purged, and how far it came is told", async () => {
  const { durable } = await openHub();

  const first = await durable.purgeOlderThan("36h", { maxInstances: 2 });
  expect(first).toMatchObject({ instancesDeleted: 2, isComplete: false });
  const rest = await durable.purgeOlderThan({ hours: 36 }, { continuationToken: first.continuationToken });
  expect(rest).toEqual({ instancesDeleted: 1, isComplete: true, continuationToken: undefined });
  expect(await durable.countInstances()).toBe(3);
  expect(await durable.purgeOlderThan(0, { runtimeStatus: ["Completed"] })).toMatchObject({ instancesDeleted: 0 });
  expect(await durable.purgeInstanceHistoryBy({ name: "Bill" })).toEqual({ instancesDeleted: 2 });
  await expect(durable.purgeInstanceHistoryBy({})).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(durable.purgeInstanceHistoryBy({ instanceIdPrefix: "", tags: {} })).rejects.toMatchObject({
    code: "InvalidOption",
  });
  await expect(durable.purgeOlderThan("a while" as never)).rejects.toMatchObject({ code: "InvalidOption" });
});

it("the portable client purges by the same conditions, and by force", async () => {
  const { portable } = await openHub();
  const seen: number[] = [];

  const options = {
    maxInstances: 1,
    onProgress: (it: { deletedInstanceCount: number }) => seen.push(it.deletedInstanceCount),
  };
  expect(await portable.purgeOrchestration({ name: "Bill" }, options)).toMatchObject({
    deletedInstanceCount: 1,
    isComplete: false,
  });
  expect(seen).toEqual([1]);
  const both = portable.purgeOrchestration({ olderThan: "1d", completedTo: new Date() });
  await expect(both).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(portable.purgeOrchestration("waits")).rejects.toMatchObject({ code: "NotSupported" });
  expect(await portable.purgeOrchestration("waits", { force: true })).toEqual({ deletedInstanceCount: 1 });
});

it("one instance that has not finished is purged by force only", async () => {
  const { durable } = await openHub();

  await expect(durable.purgeInstanceHistory("waits")).rejects.toMatchObject({ code: "InstanceNotActive" });
  expect(await durable.purgeInstanceHistory("waits", { force: true })).toEqual({ instancesDeleted: 1 });
  expect(await durable.purgeInstanceHistory("waits")).toEqual({ instancesDeleted: 0 });
});

it("a hub on which somebody works is deleted by force only", async () => {
  const { hub, durable, portable } = await openHub();
  await hub.start();

  await expect(durable.deleteTaskHub()).rejects.toMatchObject({
    code: "TaskHubInUse",
    message: "the task hub 'MemoryHub' is in use by this process: stop them first, or force the deletion",
  });
  await expect(portable.deleteTaskHub()).rejects.toMatchObject({ code: "TaskHubInUse" });
  await durable.deleteTaskHub({ force: true });
  expect(await durable.countInstances()).toBe(0);
  await hub.stop();
  await expect(portable.deleteTaskHub()).resolves.toBeUndefined();
});
