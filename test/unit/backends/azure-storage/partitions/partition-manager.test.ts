import { expect, it } from "vitest";
import { PartitionManager } from "../../../../../src/backends/azure-storage/partitions/partition-manager.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type { StorageReply } from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import {
  edm,
  readString,
  type TableRow,
  type TableWrite,
} from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import { silentLog } from "../../../../../src/core/ports.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

/** A Partitions table with rows of its own, one page per row. */
function openTable(queues: readonly string[]) {
  let tags = 0;
  const rows = new Map<string, TableRow>();
  const put = (row: TableRow) => rows.set(row.rowKey, { ...row, etag: `e${++tags}` });
  for (const queue of queues) put({ partitionKey: "", rowKey: queue, columns: new Map() });
  const isCurrent = (write: TableWrite) => write.write === "update" && rows.get(write.row.rowKey)?.etag === write.etag;
  const storage = new StorageClient(async (request): Promise<StorageReply> => {
    if (request.kind === "table.query") {
      const index = Number(request.continuationToken ?? 0);
      const continuationToken = index + 1 < rows.size ? String(index + 1) : undefined;
      return { outcome: "done", value: { rows: [[...rows.values()][index]], continuationToken } };
    }
    const writes =
      request.kind === "table.batch"
        ? request.writes
        : request.kind === "table.update"
          ? [{ write: "update" as const, ...request }]
          : [];
    if (!writes.every(isCurrent)) return { outcome: "conflict", errorCode: "UpdateConditionNotSatisfied" };
    for (const { row } of writes) put(row);
    return { outcome: "done", value: { etags: [] } };
  });
  const change = (queue: string, columns: Readonly<Record<string, string>>) => {
    const row = rows.get(queue)!;
    const changed = Object.entries(columns).map(([name, value]) => [name, edm.string(value)] as const);
    put({ ...row, columns: new Map([...row.columns, ...changed]) });
  };
  return { storage, change, ownerOf: (queue: string) => readString(rows.get(queue)!, "CurrentOwner") };
}

/** A manager of `q0` and `q1` whose queues are let go of after `unlistenMs`. */
function openManager(unlistenMs: (queue: string) => number) {
  const clock = new SteppedClock(0);
  const table = openTable(["q0", "q1"]);
  const listening = new Set<string>();
  const letGo: string[] = [];
  const manager = new PartitionManager({
    storage: table.storage,
    table: "HubPartitions",
    workerId: "w1",
    clock,
    log: silentLog,
    taskHub: "Hub",
    leaseIntervalMs: 30_000,
    renewIntervalMs: 10_000,
    isDeadWorker: () => false,
    isBusy: () => false,
    listen: (queue) => listening.add(queue),
    unlisten: async (queue) => {
      if (!listening.delete(queue)) return;
      await clock.sleep(unlistenMs(queue));
      letGo.push(queue);
    },
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** `check` sees every second. */
  const pass = async (seconds: number, check: () => void = () => undefined) => {
    for (let second = 0; second < seconds; second++) {
      await settle();
      clock.advance(1000);
      await settle();
      check();
    }
  };
  const start = async () => {
    manager.start();
    await pass(1);
  };
  return { clock, table, manager, listening, letGo, pass, start };
}

it("a queue that hangs while its lease is given up costs no other lease", async () => {
  const { table, manager, pass, start, letGo } = openManager((queue) => (queue === "q0" ? 45_000 : 0));
  await start();
  expect([manager.isOwned("q0"), manager.isOwned("q1")]).toEqual([true, true]);
  table.change("q0", { NextOwner: "w2" });
  const until = new Date(86_400_000).toISOString();
  await pass(60, () => {
    expect(manager.isOwned("q1")).toBe(true);
    if (table.ownerOf("q0") === undefined) table.change("q0", { CurrentOwner: "w2", ExpiresAt: until });
  });
  expect(letGo).toEqual(["q0"]);
  expect(manager.isOwned("q0")).toBe(false);
  expect(table.ownerOf("q0")).toBe("w2");
});

it("a queue that hangs after someone else has taken its lease costs no other lease", async () => {
  const { table, manager, pass, start, listening } = openManager((queue) => (queue === "q0" ? 45_000 : 0));
  await start();
  table.change("q0", { CurrentOwner: "w2", ExpiresAt: new Date(86_400_000).toISOString() });
  await pass(60, () => expect(manager.isOwned("q1")).toBe(true));
  expect([...listening]).toEqual(["q1"]);
});

it("a lease is given up once nothing more is received from its queue", async () => {
  const { table, pass, start, letGo } = openManager(() => 1000);
  await start();
  table.change("q0", { NextOwner: "w2" });
  await pass(20, () => {
    if (table.ownerOf("q0") !== "w1") expect(letGo).toEqual(["q0"]);
  });
  expect(table.ownerOf("q0")).not.toBe("w1");
});

it("a queue that comes back is received from after it was let go of, not meanwhile", async () => {
  const { clock, table, manager, pass, start, listening, letGo } = openManager((queue) =>
    queue === "q0" ? 15_000 : 0,
  );
  await start();
  table.change("q0", { CurrentOwner: "w2", ExpiresAt: new Date(clock.now() + 12_000).toISOString() });
  await pass(40, () => expect(listening.has("q0") && letGo.length === 0 && clock.now() > 12_000).toBe(false));
  expect(manager.isOwned("q0")).toBe(true);
  expect(listening.has("q0")).toBe(true);
});

it("a stop gives all leases back, also that of a queue that hangs", async () => {
  const { table, manager, pass, start } = openManager((queue) => (queue === "q0" ? 3_600_000 : 100));
  await start();
  const stopped = manager.stop();
  await pass(5);
  await stopped;
  expect([table.ownerOf("q0"), table.ownerOf("q1")]).toEqual([undefined, undefined]);
  expect([manager.isOwned("q0"), manager.isOwned("q1")]).toEqual([false, false]);
});
