import { expect, it } from "vitest";
import { TablePartitionManager } from "../../../../../src/backends/azure-storage/partitions/table-partition-manager.ts";
import { edm } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";
import { PartitionsTable } from "../../../../support/partitions/partitions-table.ts";

const queues = ["q0", "q1"];

interface Surroundings {
  readonly clock: SteppedClock;
  readonly table: PartitionsTable;
  readonly workerId: string;
  readonly isDeadWorker: (workerId: string) => boolean;
}

/** A manager of `q0` and `q1` whose queues are let go of after `unlistenMs`. */
function openManager(unlistenMs: (queue: string) => number = () => 0, given: Partial<Surroundings> = {}) {
  const { clock = new SteppedClock(0), table = new PartitionsTable(queues), workerId = "w1" } = given;
  const events: string[] = [];
  const busy = new Set<string>();
  const listening = new Set<string>();
  const letGo: string[] = [];
  const manager = new TablePartitionManager({
    storage: table.storage,
    table: "HubPartitions",
    workerId,
    clock,
    log: { log: (_level, event) => void events.push(event) },
    taskHub: "Hub",
    queues,
    random: { guid: () => "0123abcd-0000-4000-8000-000000000000", number: () => 0 },
    leaseIntervalMs: 30_000,
    renewIntervalMs: 10_000,
    isDeadWorker: given.isDeadWorker ?? (() => false),
    isBusy: (queue) => busy.has(queue),
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
  return { clock, table, manager, events, busy, listening, letGo, pass, start };
}

it("a queue that hangs while its lease is given up costs no other lease", async () => {
  const { table, manager, pass, start, letGo } = openManager((queue) => (queue === "q0" ? 45_000 : 0));
  await start();
  expect([manager.isOwned("q0"), manager.isOwned("q1")]).toEqual([true, true]);
  table.change("q0", { NextOwner: "w2" });
  const until = new Date(600_000).toISOString();
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
  table.change("q0", { CurrentOwner: "w2", ExpiresAt: new Date(600_000).toISOString() });
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

it("a stop gives back what another asks for at the same moment", async () => {
  const { table, manager, pass, start } = openManager(() => 100);
  await start();
  let asked = 0;
  table.onQuery = () => {
    if (asked++ < 2) table.change("q1", { NextOwner: "w2" });
  };
  const stopped = manager.stop();
  await pass(5);
  await stopped;
  expect([table.ownerOf("q0"), table.ownerOf("q1")]).toEqual([undefined, undefined]);
});

it.each([
  ["deleted", (table: PartitionsTable) => table.delete("q0")],
  ["dropped with the table", (table: PartitionsTable) => table.drop()],
  ["emptied", (table: PartitionsTable) => table.put({ partitionKey: "", rowKey: "q0", columns: new Map() })],
  ["of wrong types", (table: PartitionsTable) => table.change("q0", { CurrentOwner: edm.int32(7), IsDraining: "yes" })],
  ["without dates", (table: PartitionsTable) => table.change("q0", { ExpiresAt: "", LastRenewal: "", OwnedSince: "" })],
  ["with garbage for dates", (table: PartitionsTable) => table.change("q0", { ExpiresAt: "soon", LastRenewal: "?" })],
  ["owned by nobody who comes", (table: PartitionsTable) => table.change("q0", { CurrentOwner: "ghost" })],
  [
    "owned by a ghost for ever",
    (table: PartitionsTable) => table.change("q0", { CurrentOwner: "ghost", ExpiresAt: "9999-12-31T00:00:00Z" }),
  ],
  ["wanted by a ghost", (table: PartitionsTable) => table.change("q0", { NextOwner: "ghost" })],
  [
    "of an owner that cannot be read, without an end",
    (table: PartitionsTable) => table.change("q0", { CurrentOwner: "ghost", ExpiresAt: edm.int32(1) }),
  ],
  ["draining", (table: PartitionsTable) => table.change("q0", { IsDraining: edm.boolean(true) })],
  [
    "twice there",
    (table: PartitionsTable) =>
      table.put({ partitionKey: "x", rowKey: "q0", columns: new Map([["CurrentOwner", edm.string("w9")]]) }),
  ],
  [
    "beside foreign ones",
    (table: PartitionsTable) => table.put({ partitionKey: "", rowKey: "other", columns: new Map() }),
  ],
] as const)("a row that is %s is right again, and its partition served", async (_, damage) => {
  const { table, manager, listening, pass, start } = openManager();
  await start();
  damage(table);
  await pass(90);
  expect([...listening].sort()).toEqual(["q0", "q1"]);
  expect(queues.map((queue) => manager.isOwned(queue))).toEqual([true, true]);
  expect(queues.map((queue) => table.ownerOf(queue))).toEqual(["w1", "w1"]);
});

it("the row of a partition of another is made again by its owner, and by another when nobody does", async () => {
  const first = openManager();
  await first.start();
  const { clock, table } = first;
  const second = openManager(undefined, { clock, table, workerId: "w2" });
  await second.start();
  await first.pass(30);
  const lost = queues.find((queue) => table.ownerOf(queue) === "w1")!;
  table.delete(lost);
  await first.pass(15, () => expect(table.ownerOf(lost)).not.toBe("w2"));
  expect(table.ownerOf(lost)).toBe("w1");
  expect(first.events).toContain("PartitionRowRestored");
  // A worker that forgets a row.
  first.listening.clear();
  await first.manager.stop();
  for (const queue of queues) if (table.ownerOf(queue) !== "w2") table.delete(queue);
  await second.pass(60);
  expect(queues.map((queue) => table.ownerOf(queue))).toEqual(["w2", "w2"]);
});

it("of two processes with one id, one takes another id, and no partition is served twice for long", async () => {
  const first = openManager();
  await first.start();
  await first.pass(25);
  const { clock, table } = first;
  const second = openManager(undefined, { clock, table });
  await second.start();
  await first.pass(90, () => {
    for (const queue of queues) expect(first.listening.has(queue) && second.listening.has(queue)).toBe(false);
  });
  expect(second.events).toContain("WorkerIdTaken");
  expect(first.events).not.toContain("WorkerIdTaken");
  expect(queues.map((queue) => table.ownerOf(queue)).sort()).toEqual(["w1", "w1-0123abcd"]);
});

it("a worker that comes back under its id goes on once its predecessor has missed a renewal", async () => {
  const table = new PartitionsTable(queues);
  const clock = new SteppedClock();
  const renewed = (at: number) => edm.dateTime(new Date(at).toISOString());
  for (const queue of queues) {
    table.change(queue, {
      CurrentOwner: "w1",
      LastRenewal: renewed(clock.now()),
      ExpiresAt: renewed(clock.now() + 25_000),
    });
  }
  const { manager, listening, events, start, pass } = openManager(undefined, { table, clock });
  await start();
  await pass(10);
  expect(listening.size).toBe(0);
  await pass(8);
  expect([...listening]).toEqual(queues);
  expect(manager.isOwned("q0")).toBe(true);
  expect(table.ownerOf("q0")).toBe("w1");
  expect(events).not.toContain("WorkerIdTaken");
});

it("two processes with one id that start together come apart", async () => {
  const clock = new SteppedClock(0);
  const table = new PartitionsTable(queues);
  const [first, second] = [openManager(undefined, { clock, table }), openManager(undefined, { clock, table })];
  first.manager.start();
  second.manager.start();
  await first.pass(60);
  expect([...first.listening, ...second.listening].sort()).toEqual(queues);
  expect(first.listening.size).toBe(1);
});

it("a dead worker is succeeded within two seconds, without a question to storage", async () => {
  let isDead = false;
  const first = openManager();
  await first.start();
  const { clock, table } = first;
  const second = openManager(undefined, { clock, table, workerId: "w2", isDeadWorker: (id) => isDead && id === "w1" });
  await second.start();
  await first.pass(30);
  isDead = true;
  await first.manager.stop().then(() => table.change("q0", { CurrentOwner: "w1" }));
  await second.pass(2);
  expect(queues.map((queue) => table.ownerOf(queue))).toEqual(["w2", "w2"]);
});

it("a partition in which something is under way is drained first, a minute at most", async () => {
  const { table, manager, pass, start, busy } = openManager();
  await start();
  busy.add("q0");
  manager.beginStop();
  await pass(50);
  expect(queues.map((queue) => table.ownerOf(queue))).toEqual(["w1", undefined]);
  expect(table.rowOf("q0")!.columns.get("IsDraining")).toEqual(edm.boolean(true));
  expect(manager.isOwned("q0")).toBe(true);
  await pass(15);
  expect(queues.map((queue) => table.ownerOf(queue))).toEqual([undefined, undefined]);
});
