import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { withFaults } from "../../src/testing/azure-storage-faults.ts";
import { startAzurite } from "../support/azurite.ts";
import { commit, fetchWork, newHubName, openHub, raise, scheduled, started, x } from "./azure-storage-fixture.ts";

it("shows nothing of a checkpoint that broke off between its batches, and writes it whole the next time", async () => {
  const taskHub = newHubName();
  const isHistoryBatch = (request: StorageRequest) =>
    request.kind === "table.batch" && request.table === `${taskHub}History`;
  const faults = [2, 6].map((nth) => ({ matches: isHistoryBatch, nth, when: "before" as const, transient: false }));
  const decorateTransport = (transport: StorageTransport) => withFaults(transport, faults);
  const hub = openHub(taskHub, { decorateTransport }, { plain: "the nth request is meant" });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("broken-off"), replaces: undefined });
  const many = Array.from({ length: 250 }, (_, index) => scheduled(index, 1));

  const first = (await fetchWork(hub))!;
  await expect(commit(hub, first, many)).rejects.toMatchObject({ code: "StorageRejected" });
  expect(await hub.store.getHistory("broken-off")).toBeUndefined();
  await hub.backend.abandonOrchestrationWorkItem(first);
  await commit(hub, (await fetchWork(hub))!, many);
  expect(await hub.store.getHistory("broken-off")).toHaveLength(253);

  await raise(hub, "broken-off", "Go");
  const second = (await fetchWork(hub))!;
  await expect(commit(hub, second, many)).rejects.toMatchObject({ code: "StorageRejected" });
  expect(await hub.store.getHistory("broken-off")).toHaveLength(253);
  await hub.backend.abandonOrchestrationWorkItem(second);
  // Shorter than what the broken-off checkpoint left behind.
  await commit(hub, (await fetchWork(hub))!);
  expect(await hub.store.getHistory("broken-off")).toHaveLength(256);
});

it("keeps the row's failure to itself once the history is written", async () => {
  const taskHub = newHubName();
  const isMerge = (request: StorageRequest) =>
    request.kind === "table.update" && request.table === `${taskHub}Instances`;
  const decorateTransport = (transport: StorageTransport) =>
    withFaults(transport, [{ matches: isMerge, nth: 1, when: "before", transient: false }]);
  const hub = openHub(taskHub, { decorateTransport }, { plain: "the nth request is meant" });
  await hub.backend.start();
  await hub.store.createInstance({ event: started("row-lost"), replaces: undefined });
  await expect(commit(hub, (await fetchWork(hub))!)).resolves.toBeDefined();
  expect(await hub.store.getInstance("row-lost")).toMatchObject({ runtimeStatus: "Pending", executionId: x });
});

// The plain emulator: it is not there to answer anything.
it("outlives an outage, says so in one line, and stops in time without storage", async () => {
  const own = await startAzurite();
  const options = {
    connectionString: own.connectionString,
    taskHub: "Outage",
    workerId: "w",
    clock: systemClock,
    random: systemRandom,
    maxQueuePollingIntervalMs: 100,
    leaseRenewIntervalMs: 200,
    storageTimeoutMs: 3000,
  };
  const { backend, store } = createAzureStorageTaskHub(options);
  await backend.start();
  await own.stop();
  await sleep(500);
  await expect(store.getInstance("a")).rejects.toMatchObject({
    code: "StorageUnavailable",
    message: expect.stringMatching(
      /^storage at 127\.0\.0\.1:\d+ is not available \(table\.get on OutageInstances\): ECONNREFUSED: [^\n]+$/,
    ),
  });
  await backend.stop(); // it may not wait for storage that does not come back
});
