import { describe, expect, it } from "vitest";
import { BlobPartitionManager } from "../../../../../src/backends/azure-storage/partitions/blob-partition-manager.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";
import { LeaseStore } from "../../../../support/partitions/lease-container.ts";
import { forSeeds, SeededRandom } from "../../../../support/seeded-random.ts";

const container = "hub-leases";
const settle = () => new Promise((resolve) => setImmediate(resolve));

interface Member {
  readonly manager: BlobPartitionManager;
  readonly listening: ReadonlySet<string>;
  readonly busy: Set<string>;
  readonly events: readonly string[];
  serves(queue: string): boolean;
  /** SIGKILL. */
  die(): void;
}

class Cluster {
  readonly clock = new SteppedClock();
  readonly store = new LeaseStore(this.clock);
  readonly queues: readonly string[];
  readonly kind: "safe" | "legacy";
  readonly members: Member[] = [];
  #guids = 0;

  constructor(kind: "safe" | "legacy", partitions = 4) {
    this.kind = kind;
    this.queues = Array.from({ length: partitions }, (_, index) => `q${index}`);
  }

  join(workerId: string, isDeadWorker: (id: string) => boolean = () => false): Member {
    const { clock, store, queues, kind } = this;
    const listening = new Set<string>();
    const busy = new Set<string>();
    const events: string[] = [];
    let isDead = false;
    const manager = new BlobPartitionManager({
      storage: Object.assign(Object.create(store.storage), {
        // A dead process asks for nothing more.
        perform: (request: never) => (isDead ? new Promise(() => {}) : store.storage.perform(request)),
      }),
      container,
      kind,
      taskHub: "Hub",
      queues,
      workerId,
      clock,
      log: { log: (_level, event) => void events.push(event) },
      random: { guid: () => `${String(++this.#guids).padStart(8, "0")}-0000-4000-8000-000000000000`, number: () => 0 },
      renewIntervalMs: 10_000,
      isDeadWorker,
      isBusy: (queue) => busy.has(queue),
      listen: (queue) => listening.add(queue),
      unlisten: async (queue) => {
        // As with a receive under way.
        await clock.sleep(300);
        listening.delete(queue);
      },
    });
    manager.start();
    const member: Member = {
      manager,
      listening,
      busy,
      events,
      serves: (queue) => !isDead && listening.has(queue) && manager.isOwned(queue),
      die: () => {
        isDead = true;
      },
    };
    this.members.push(member);
    return member;
  }

  shares(): readonly number[] {
    return this.members.map((member) => this.queues.filter((queue) => member.serves(queue)).length);
  }

  async pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 4; step++) {
      this.clock.advance(250);
      for (let turn = 0; turn < 3; turn++) await settle();
      if (this.kind === "legacy") continue;
      for (const queue of this.queues) {
        const servers = this.members.filter((member) => member.serves(queue));
        if (servers.length > 1) throw new Error(`${queue} is served by ${servers.length} workers`);
      }
    }
  }
}

describe.each(["safe", "legacy"] as const)("the %s way", (kind) => {
  const folder = kind === "safe" ? "ownership" : "default";

  it("makes the blobs, leases them and writes who has them", async () => {
    const cluster = new Cluster(kind);
    cluster.join("a");
    await cluster.pass(5);
    expect(cluster.shares()).toEqual([4]);
    expect(cluster.store.isLeased(container, `${folder}/q1`)).toBe(true);
    expect(cluster.store.json(container, `${folder}/q1`)).toMatchObject({ PartitionId: "q1", Owner: "a", Epoch: 1 });
  });

  it("holds on to everything, whenever each lease was taken", async () => {
    const cluster = new Cluster(kind);
    const first = cluster.join("a");
    await cluster.pass(13);
    cluster.join("b");
    await cluster.pass(57);
    first.die();
    await cluster.pass(60);
    for (let second = 0; second < 120; second++) {
      await cluster.pass(1);
      expect(cluster.shares()).toEqual([0, 4]);
    }
  });

  it("comes to equal shares, and back when one leaves", async () => {
    const cluster = new Cluster(kind);
    const first = cluster.join("a");
    await cluster.pass(15);
    cluster.join("b");
    await cluster.pass(90);
    expect(cluster.shares()).toEqual([2, 2]);
    const stopped = first.manager.stop();
    await cluster.pass(2);
    await stopped;
    expect(cluster.shares()).toEqual([0, 4]);
    expect(cluster.store.json(container, `${folder}/q0`)).toMatchObject({ Owner: "b" });
  });

  it("succeeds a worker that died: when its leases run out, or at once when it is known to be dead", async () => {
    for (const [isKnown, seconds] of [
      [false, 40],
      [true, 5],
    ] as const) {
      const cluster = new Cluster(kind);
      let isDead = false;
      const first = cluster.join("a");
      await cluster.pass(15);
      cluster.join("b", (id) => isKnown && isDead && id === "a");
      await cluster.pass(90);
      isDead = true;
      first.die();
      await cluster.pass(seconds);
      expect(cluster.shares()).toEqual([0, 4]);
    }
  });

  it("outlives damaged and deleted blobs", async () => {
    const cluster = new Cluster(kind);
    cluster.join("a");
    await cluster.pass(15);
    cluster.store.delete(container, `${folder}/q0`);
    cluster.store.put(container, `${folder}/q1`, "{");
    cluster.store.put(container, `${folder}/q2`, '{"Owner":"ghost","Token":"7","Epoch":"x"}');
    await cluster.pass(60);
    expect(cluster.shares()).toEqual([4]);
  });

  it("parts two processes of one id", async () => {
    const cluster = new Cluster(kind);
    cluster.join("a");
    await cluster.pass(15);
    const second = cluster.join("a");
    await cluster.pass(90);
    expect(second.events).toContain("WorkerIdTaken");
    expect(cluster.shares()).toEqual([2, 2]);
  });

  it("whoever joins, leaves and dies, the shares come to differ by one at most", async () => {
    await forSeeds(6, async (seed) => {
      const random = new SeededRandom(seed);
      const cluster = new Cluster(kind, 1 + random.below(16));
      const living = [cluster.join("w0")];
      for (let change = 1; change < 6; change++) {
        await cluster.pass(random.below(20));
        if (living.length === 1 || random.chance(0.6)) living.push(cluster.join(`w${change}`));
        else {
          const leaving = living.splice(random.below(living.length), 1)[0]!;
          if (random.chance(0.5)) leaving.die();
          else void leaving.manager.stop();
        }
      }
      await cluster.pass(200);
      const shares = living.map((member) => cluster.queues.filter((queue) => member.serves(queue)).length);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(cluster.queues.length);
      expect(Math.max(...shares) - Math.min(...shares), shares.join(" ")).toBeLessThanOrEqual(1);
    });
  });
});

it("the ownership stays with whoever has something under way, although the intent was taken from him", async () => {
  const cluster = new Cluster("safe");
  const first = cluster.join("a");
  await cluster.pass(15);
  for (const queue of cluster.queues) first.busy.add(queue);
  const second = cluster.join("b");
  await cluster.pass(30);
  expect(first.listening.size).toBeLessThan(4);
  expect(second.listening.size).toBe(0);
  expect(cluster.queues.map((queue) => first.manager.isOwned(queue))).toEqual([true, true, true, true]);
  first.busy.clear();
  await cluster.pass(60);
  expect(cluster.shares()).toEqual([2, 2]);
});
