import { expect, it } from "vitest";
import { hubNames } from "../../../../src/backends/azure-storage/hub-names.ts";
import { HubResources } from "../../../../src/backends/azure-storage/hub-resources.ts";
import { StorageClient } from "../../../../src/backends/azure-storage/storage/storage-client.ts";
import { describeForeignError } from "../../../../src/backends/azure-storage/storage/storage-failure.ts";
import type { StorageReply, StorageRequest } from "../../../../src/backends/azure-storage/storage/storage-request.ts";
import type { TableRow } from "../../../../src/backends/azure-storage/storage/table-row.ts";
import { silentLog } from "../../../../src/core/ports.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

const names = hubNames("Hub", 4);
const row = (rowKey: string): TableRow => ({ partitionKey: "", rowKey, columns: new Map() });
const beingDeleted = (code: string) => describeForeignError({ statusCode: 409, code, message: code }, "h:1");

function openResources(answer: (request: StorageRequest, clock: SteppedClock) => StorageReply | undefined) {
  const clock = new SteppedClock(0);
  const requests: StorageRequest[] = [];
  let isMade = false;
  const storage = new StorageClient(async (request): Promise<StorageReply> => {
    requests.push(request);
    const scripted = answer(request, clock);
    if (scripted !== undefined) return scripted;
    if (request.kind === "table.query" && !isMade) return { outcome: "notFound", errorCode: "TableNotFound" };
    if (request.kind === "table.query") return { outcome: "done", value: { rows: names.controlQueues.map(row) } };
    if (request.kind === "blob.listLeases") return { outcome: "notFound", errorCode: "ContainerNotFound" };
    isMade ||= request.kind === "table.batch";
    return { outcome: "done", value: undefined };
  });
  const resources = new HubResources({ storage, names, clock, log: silentLog, creationTimeoutMs: 90_000 });
  return { clock, requests, resources };
}

/** Lets the time pass until `settled` is. */
async function passTime(clock: SteppedClock, settled: Promise<unknown>): Promise<void> {
  let isSettled = false;
  const end = () => {
    isSettled = true;
  };
  settled.then(end, end);
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = clock.nextWakeAt;
    if (!isSettled && next !== undefined) clock.advance(next - clock.now());
  }
}

it("a hub whose partitions come after an empty page is found whole", async () => {
  const pages = [[], names.controlQueues.slice(0, 1).map(row), names.controlQueues.slice(1).map(row)];
  const { resources, requests } = openResources((request) => {
    if (request.kind !== "table.query") return undefined;
    const index = Number(request.continuationToken ?? 0);
    const continuationToken = index < 2 ? String(index + 1) : undefined;
    return { outcome: "done", value: { rows: pages[index], continuationToken } };
  });
  await resources.create();
  expect(requests.some(({ kind }) => kind === "table.batch")).toBe(false);
});

it.each([
  ["TableBeingDeleted", "table."],
  ["QueueBeingDeleted", "queue.create"],
  ["ContainerBeingDeleted", "blob.createContainer"],
])("a hub that is made again while it is being deleted is made once that is over: %s", async (code, kind) => {
  const { clock, requests, resources } = openResources((request, clock) => {
    return request.kind.startsWith(kind) && clock.now() < 45_000 ? beingDeleted(code) : undefined;
  });
  const created = resources.createWhenDeleted();
  await passTime(clock, created);
  await created;
  expect(clock.now()).toBeGreaterThanOrEqual(45_000);
  expect(clock.now()).toBeLessThan(50_000);
  expect(requests.map((request) => request.kind)).toEqual(expect.arrayContaining(["table.create", "queue.create"]));
});

it("waiting for a deletion ends after its time, and says what it waited for", async () => {
  const { clock, resources } = openResources(() => beingDeleted("TableBeingDeleted"));
  const created = resources.createWhenDeleted();
  await passTime(clock, created);
  await expect(created).rejects.toMatchObject({
    code: "StorageBeingDeleted",
    message: expect.stringContaining("(table.query on HubPartitions) is being deleted"),
  });
  expect(clock.now()).toBeGreaterThan(85_000);
  expect(clock.now()).toBeLessThanOrEqual(90_000);
});

it("what needs the hub without creating it is told at once", async () => {
  const { clock, resources } = openResources(() => beingDeleted("TableBeingDeleted"));
  await expect(resources.create()).rejects.toMatchObject({ code: "StorageBeingDeleted" });
  expect(clock.now()).toBe(0);
});

it("deleting what is being deleted is done", async () => {
  const { resources, requests } = openResources(({ kind }) => {
    if (kind === "table.delete") return beingDeleted("TableBeingDeleted");
    if (kind === "queue.delete") return beingDeleted("QueueBeingDeleted");
    return beingDeleted("ContainerBeingDeleted");
  });
  await expect(resources.delete()).resolves.toBeUndefined();
  expect(requests).toHaveLength(3 + 18 + 3 + 1);
});
