import { TableClient } from "@azure/data-tables";
import { describe, expect, it } from "vitest";
import { createAzureTransport } from "../../src/backends/azure-storage/storage/azure-transport.ts";
import { parseConnectionString } from "../../src/backends/azure-storage/storage/connection-string.ts";
import { StorageClient } from "../../src/backends/azure-storage/storage/storage-client.ts";
import { systemRandom } from "../../src/core/system-ports.ts";
import { allAnswers } from "../support/strict-service.ts";
import { azurite, newHubName, openHub, rawRows } from "./azure-storage-fixture.ts";

const timing = { leaseIntervalMs: 5000, leaseRenewIntervalMs: 500, partitionCount: 4 };
const patience = { timeout: 50_000, interval: 100 };

const partitionsOf = (taskHub: string) =>
  TableClient.fromConnectionString(azurite.connectionString, `${taskHub}Partitions`, { allowInsecureConnection: true });

const served = (hub: ReturnType<typeof openHub>) => () =>
  hub.partitions().filter(({ lastPolledAt }) => lastPolledAt !== undefined).length;

describe("rows of partitions that are damaged while a worker runs", () => {
  it.each([
    ["deleted", (table: TableClient, queue: string) => table.deleteEntity("", queue)],
    ["dropped with their table", (table: TableClient) => table.deleteTable()],
    [
      "of other types",
      (table: TableClient, queue: string) =>
        table.upsertEntity(
          { partitionKey: "", rowKey: queue, CurrentOwner: 7, ExpiresAt: "soon", IsDraining: "no" },
          "Replace",
        ),
    ],
    [
      "beside foreign ones",
      async (table: TableClient, queue: string) => {
        await table.createEntity({ partitionKey: "x", rowKey: queue });
        await table.createEntity({ partitionKey: "", rowKey: "somebody" });
      },
    ],
  ] as const)("%s are right again, and the hub opens meanwhile", async (_, damage) => {
    const taskHub = newHubName();
    const hub = openHub(taskHub, timing);
    await hub.backend.start();
    await expect.poll(served(hub), patience).toBe(4);
    const queue = `${taskHub.toLowerCase()}-control-03`;
    await damage(partitionsOf(taskHub), queue);
    // Whoever comes now opens it, with the number of partitions that it has.
    const client = openHub(taskHub, timing);
    await expect
      .poll(() => client.store.getInstance("nobody").catch((error: Error) => error.message), patience)
      .toBe(undefined);
    const owners = async () => {
      const rows = await rawRows(`${taskHub}Partitions`).catch(() => []);
      return rows.filter((row) => row["partitionKey"] === "" && "CurrentOwner" in row && "ExpiresAt" in row).length;
    };
    await expect.poll(owners, patience).toBe(4);
    await expect.poll(served(hub), patience).toBe(4);
  });
});

describe.each(["table", "safe", "legacy"] as const)("partitions that are kept the way '%s'", (partitionManagement) => {
  it("are shared by two workers, and by the one that is left", async () => {
    const taskHub = newHubName();
    const first = openHub(taskHub, { ...timing, partitionManagement });
    await first.backend.start();
    await expect.poll(served(first), patience).toBe(4);
    const second = openHub(taskHub, timing);
    await second.backend.start();
    await expect.poll(() => [served(first)(), served(second)()], patience).toEqual([2, 2]);
    await first.backend.stop();
    await expect.poll(served(second), patience).toBe(4);
  });
});

it("a worker that is told another way than that of those who work is refused", async () => {
  const taskHub = newHubName();
  const first = openHub(taskHub, timing);
  await first.backend.start();
  await expect.poll(served(first), patience).toBe(4);
  const second = openHub(taskHub, { ...timing, partitionManagement: "legacy" });
  await expect(second.backend.start()).rejects.toMatchObject({ code: "InvalidOption" });
});

it("a hub is deleted while a worker holds its leases", async () => {
  const taskHub = newHubName();
  const hub = openHub(taskHub, { ...timing, partitionManagement: "safe" }, allAnswers);
  await hub.backend.start();
  await expect.poll(served(hub), patience).toBe(4);
  await hub.backend.stop();
  await hub.store.deleteTaskHub();
  const storage = new StorageClient(createAzureTransport(parseConnectionString(azurite.connectionString, "it")));
  for (const container of ["leases", "applease"].map((name) => `${taskHub.toLowerCase()}-${name}`)) {
    const list = { kind: "blob.listLeases", container, prefix: "", continuationToken: undefined } as const;
    expect(await storage.perform(list)).toMatchObject({ outcome: "notFound" });
  }
});

it("leases of blobs and containers are acquired, renewed, changed, released and broken", async () => {
  const storage = new StorageClient(createAzureTransport(parseConnectionString(azurite.connectionString, "it")));
  const container = `${newHubName().toLowerCase()}-leases`;
  await storage.require({ kind: "blob.createContainer", container });
  const put = { kind: "blob.put", container, blob: "default/q", content: Buffer.from("{}") } as const;
  expect(await storage.perform({ ...put, ifAbsent: true })).toMatchObject({ outcome: "done" });
  expect(await storage.perform({ ...put, ifAbsent: true })).toMatchObject({ outcome: "conflict" });
  for (const target of [{ container, blob: "default/q" }, { container }]) {
    const [one, other] = [systemRandom.guid(), systemRandom.guid()];
    const acquire = (leaseId: string) =>
      storage.perform({ kind: "blob.acquireLease", ...target, leaseId, durationSeconds: 15 });
    expect(await acquire(one)).toMatchObject({ outcome: "done" });
    expect(await acquire(one)).toMatchObject({ outcome: "done" });
    expect(await acquire(other)).toMatchObject({ outcome: "conflict" });
    const renew = (leaseId: string) => storage.perform({ kind: "blob.renewLease", ...target, leaseId });
    expect(await renew(one)).toMatchObject({ outcome: "done" });
    expect(await renew(other)).toMatchObject({ outcome: "conflict" });
    const change = { kind: "blob.changeLease", ...target, leaseId: one, newLeaseId: other } as const;
    expect(await storage.perform(change)).toMatchObject({ outcome: "done" });
    expect(await renew(one)).toMatchObject({ outcome: "conflict" });
    if (target.blob !== undefined) {
      expect(await storage.perform(put)).toMatchObject({ outcome: "conflict" });
      expect(await storage.perform({ ...put, leaseId: other })).toMatchObject({ outcome: "done" });
      const listed = await storage.require({ kind: "blob.listLeases", container, prefix: "default/" });
      expect(listed.blobs).toMatchObject([{ blob: "default/q", isLeased: true }]);
    }
    expect(await storage.perform({ kind: "blob.releaseLease", ...target, leaseId: one })).toMatchObject({
      outcome: "conflict",
    });
    expect(await storage.perform({ kind: "blob.releaseLease", ...target, leaseId: other })).toMatchObject({
      outcome: "done",
    });
    expect(await acquire(one)).toMatchObject({ outcome: "done" });
    expect(await storage.perform({ kind: "blob.breakLease", ...target })).toMatchObject({ outcome: "done" });
    expect(await acquire(other)).toMatchObject({ outcome: "done" });
  }
});
