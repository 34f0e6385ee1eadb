import { describe, expect, it } from "vitest";
import { TablePartitionManager } from "../../../../../src/backends/azure-storage/partitions/table-partition-manager.ts";
import { silentLog } from "../../../../../src/core/ports.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";
import { DotnetRulesWorker } from "../../../../support/partitions/dotnet-rules.ts";
import { PartitionsTable } from "../../../../support/partitions/partitions-table.ts";
import { forSeeds, SeededRandom } from "../../../../support/seeded-random.ts";

/** One worker of either kind. */
interface Member {
  readonly id: string;
  serves(queue: string): boolean;
  tick(): void;
  stop(): Promise<void> | void;
  /** SIGKILL. */
  die(): void;
  readonly isGone: boolean;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

class Cluster {
  readonly clock = new SteppedClock();
  readonly queues: readonly string[];
  readonly table: PartitionsTable;
  readonly members: Member[] = [];
  readonly #random: SeededRandom;
  #count = 0;

  constructor(partitions: number, random: SeededRandom) {
    this.queues = Array.from({ length: partitions }, (_, index) => `hub-control-${String(index).padStart(2, "0")}`);
    this.table = new PartitionsTable(this.queues);
    this.#random = random;
  }

  get living(): readonly Member[] {
    return this.members.filter(({ isGone }) => !isGone);
  }

  join(kind: "ours" | "dotnet"): Member {
    const id = `${kind}-${++this.#count}`;
    const member = kind === "ours" ? this.#ours(id) : this.#dotnet(id);
    this.members.push(member);
    return member;
  }

  #ours(id: string): Member {
    const listening = new Set<string>();
    const { clock } = this;
    const random = this.#random;
    let isDead = false;
    let isStopped = false;
    const busyUntil = new Map<string, number>();
    const manager = new TablePartitionManager({
      // A dead process asks for nothing more.
      storage: Object.assign(Object.create(this.table.storage), {
        perform: (request: never) => (isDead ? new Promise(() => {}) : this.table.storage.perform(request)),
      }),
      table: "HubPartitions",
      queues: this.queues,
      workerId: id,
      random: { guid: () => `${this.#count}`.padStart(8, "0"), number: () => random.next() },
      clock,
      log: silentLog,
      taskHub: "Hub",
      leaseIntervalMs: 25_000,
      renewIntervalMs: 10_000,
      isDeadWorker: () => false,
      isBusy: (queue) => clock.now() < (busyUntil.get(queue) ?? 0),
      listen: (queue) => {
        listening.add(queue);
        busyUntil.set(queue, clock.now() + random.below(3000));
      },
      unlisten: async (queue) => {
        if (!listening.has(queue)) return;
        await clock.sleep(random.below(500));
        listening.delete(queue);
      },
    });
    manager.start();
    return {
      id,
      serves: (queue) => listening.has(queue) && manager.isOwned(queue),
      tick: () => {},
      stop: async () => {
        if (random.chance(0.5)) manager.beginStop();
        await manager.stop();
        isStopped = true;
      },
      die: () => {
        isDead = true;
        listening.clear();
      },
      get isGone() {
        return isDead || isStopped;
      },
    };
  }

  #dotnet(id: string): Member {
    const worker = new DotnetRulesWorker(id, this.table, this.clock, this.#random.below(2000));
    let isDead = false;
    return {
      id,
      serves: (queue) => !isDead && worker.listening.has(queue),
      tick: () => !isDead && worker.tick(),
      stop: () => worker.stop(),
      die: () => {
        isDead = true;
      },
      get isGone() {
        return isDead || worker.hasStopped;
      },
    };
  }

  /** Lets the time pass. @throws when a queue is served by two workers at once */
  async pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 5; step++) {
      for (const member of this.#random.shuffle(this.members)) {
        member.tick();
      }
      this.clock.advance(200);
      await settle();
      await settle();
      for (const queue of this.queues) {
        const servers = this.members.filter((member) => member.serves(queue));
        // Asked very often: an expectation for each would take most of the time.
        if (servers.length > 1) throw new Error(`${queue} is served by ${servers.map(({ id }) => id).join(" and ")}`);
      }
    }
  }

  /** How many queues each living worker serves. */
  shares(): readonly number[] {
    return this.living.map((member) => this.queues.filter((queue) => member.serves(queue)).length);
  }

  expectBalanced(): void {
    const shares = this.shares();
    const told = `${this.living.map(({ id }) => id).join(", ")}: ${shares.join(", ")}`;
    expect(
      shares.reduce((sum, share) => sum + share, 0),
      told,
    ).toBe(this.queues.length);
    expect(Math.max(...shares) - Math.min(...shares), told).toBeLessThanOrEqual(1);
  }
}

async function joinLeaveAndDie(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const cluster = new Cluster(1 + random.below(16), random);
  for (let change = 0; change < 8; change++) {
    const { living } = cluster;
    const chance = random.next();
    if (living.length <= 1 || (living.length < 6 && chance < 0.5)) {
      cluster.join(random.chance(0.6) ? "ours" : "dotnet");
    } else if (chance < 0.8) void random.pick(living).stop();
    else random.pick(living).die();
    await cluster.pass(random.below(20));
  }
  if (cluster.living.length === 0) cluster.join("ours");
  await cluster.pass(120);
  cluster.expectBalanced();
}

describe("workers come to equal shares", () => {
  it.each([
    ["ours", "ours"],
    ["ours", "dotnet"],
    ["dotnet", "ours"],
  ] as const)("%s first, %s second", async (first, second) => {
    const cluster = new Cluster(4, new SeededRandom(1));
    cluster.join(first);
    await cluster.pass(15);
    expect(cluster.shares()).toEqual([4]);
    cluster.join(second);
    await cluster.pass(30);
    expect(cluster.shares()).toEqual([2, 2]);
  });

  it("whoever joins, leaves and dies", async () => {
    await forSeeds(6, joinLeaveAndDie);
  });
});

it("what a worker gives up is served by one beside it within two seconds", async () => {
  const cluster = new Cluster(4, new SeededRandom(5));
  const leaving = cluster.join("ours");
  const staying = cluster.join("ours");
  await cluster.pass(60);
  expect(cluster.shares()).toEqual([2, 2]);
  void leaving.stop();
  await cluster.pass(2);
  expect(cluster.queues.filter((queue) => staying.serves(queue))).toHaveLength(4);
});

it("a worker that has all partitions asks for one write in ten seconds", async () => {
  const cluster = new Cluster(4, new SeededRandom(5));
  cluster.join("ours");
  await cluster.pass(60);
  cluster.table.requests.clear();
  await cluster.pass(3600);
  expect(Object.fromEntries(cluster.table.requests)).toEqual({ "table.batch": 360 });
});

it("workers beside others look once a second and write once in ten", async () => {
  const cluster = new Cluster(4, new SeededRandom(5));
  cluster.join("ours");
  cluster.join("ours");
  await cluster.pass(60);
  cluster.table.requests.clear();
  await cluster.pass(600);
  const pagesPerQuery = 4;
  const { "table.query": queries = 0, "table.batch": batches = 0 } = Object.fromEntries(cluster.table.requests);
  expect(queries / pagesPerQuery).toBeLessThanOrEqual(2 * 600);
  expect(batches).toBeLessThanOrEqual(2 * 62);
});
