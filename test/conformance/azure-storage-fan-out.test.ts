import { expect, it } from "vitest";
import type { AzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { OrchestrationWorkItem } from "../../src/engine/backend.ts";
import { fetchWork, newHubName, openHub, scheduled, started, x } from "./azure-storage-fixture.ts";

/** Of a checkpoint that asks for so many activities; the history is left out, because the emulator is slow with it. */
async function fanOut({ backend }: AzureStorageTaskHub, workItem: OrchestrationWorkItem, width: number): Promise<void> {
  const target = { instanceId: workItem.instanceId, executionId: x };
  const outgoing = Array.from({ length: width }, (_, index) => ({ message: { event: scheduled(index, 1), target } }));
  const { messages } = workItem;
  await backend.completeOrchestrationWorkItem({
    workItem,
    history: undefined,
    instance: undefined,
    outgoing,
    settled: messages,
    deferred: [],
  });
}

const counted = { plain: "requests are counted" };

/** Counts at the transport, under retries and limits. */
function openMeter() {
  const underWay = { all: 0, sends: 0 };
  const most = { all: 0, sends: 0 };
  const failures: string[] = [];
  const kinds = new Set<StorageRequest["kind"]>();
  const meter =
    (transport: StorageTransport): StorageTransport =>
    async (request, context) => {
      const isSend = request.kind === "queue.send";
      most.all = Math.max(most.all, ++underWay.all);
      if (isSend) most.sends = Math.max(most.sends, ++underWay.sends);
      if (underWay.sends > 0) kinds.add(request.kind);
      const reply = await transport(request, context);
      underWay.all--;
      if (isSend) underWay.sends--;
      // An emulator that starves drops connections that are idle, which a service does too.
      const isDropped = reply.outcome === "failed" && /socket hang up|ECONNRESET/.test(reply.failure.message);
      if (reply.outcome === "failed" && !isDropped) failures.push(`${request.kind}: ${reply.failure.message}`);
      return reply;
    };
  return { meter, most, failures, kinds };
}

it("several fan-outs together stay under the limit of the process, whatever each may do alone", {
  timeout: 300_000,
}, async () => {
  const { meter, most, failures } = openMeter();
  const taskHub = newHubName();
  const hub = openHub(taskHub, { decorateTransport: meter, maxStorageOperationConcurrency: 48 }, counted);
  await hub.backend.start();
  const ids = ["a", "b", "c", "d"];
  for (const id of ids) {
    const orchestrationInstance = { instanceId: id, executionId: x };
    await hub.store.createInstance({ event: started(id, { orchestrationInstance }), replaces: undefined });
  }
  const workItems = [];
  for (const _ of ids) workItems.push((await fetchWork(hub))!);
  await Promise.all(workItems.map((workItem) => fanOut(hub, workItem, 300)));
  expect(most.all).toBeLessThanOrEqual(48);
  expect(most.sends).toBeLessThanOrEqual(36);
  expect(most.sends).toBeGreaterThan(30);
  expect(failures).toEqual([]);
});

// The last: an emulator with so many messages is slow with all others.
it("a fan-out of 10,000 activities is sent within the limits, and leases are kept", { timeout: 300_000 }, async () => {
  const { meter, most, failures, kinds } = openMeter();
  const taskHub = newHubName();
  const hub = openHub(taskHub, { decorateTransport: meter, maxStorageOperationConcurrency: 128 }, counted);
  await hub.backend.start();
  await hub.store.createInstance({ event: started("wide"), replaces: undefined });
  await fanOut(hub, (await fetchWork(hub))!, 10_000);

  expect(hub.requests.byKind.get("queue.send")).toBeGreaterThanOrEqual(1 + 10_000);
  expect(most.sends).toBe(64);
  expect(most.all).toBeLessThanOrEqual(128);
  expect(failures).toEqual([]);
  // Leases were renewed and queues received from meanwhile.
  expect([...kinds]).toEqual(expect.arrayContaining(["table.batch", "queue.receive"]));
});
