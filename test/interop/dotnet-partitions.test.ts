import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { appLeaseIdOf } from "../../src/backends/azure-storage/partitions/app-lease.ts";
import type { PartitionManagement } from "../../src/core/partition-management.ts";
import { startAzurite } from "../support/azurite.ts";
import { buildDotnet, DotnetProgram } from "./dotnet-program.ts";
import { type EntityHub, type EntitySide, OurEntitySide, TheirEntitySide } from "./entity-sides.ts";
import { PartitionOwners } from "./partition-owners.ts";

const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";
const patience = { timeout: 90_000, interval: 200 };

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let peer: DotnetProgram;
let hubs = 0;
const running: EntitySide[] = [];

class Hub {
  readonly ours: OurEntitySide;
  readonly theirs: TheirEntitySide;
  readonly owners: PartitionOwners;
  readonly warnings: string[] = [];
  #signals = 0;

  constructor(change: Partial<EntityHub> = {}) {
    const { connectionString } = azurite;
    const taskHub = `Partitions${++hubs}x${process.pid}`;
    const { management = "table" } = change;
    const log = {
      log: (level: string, event: string, text: string) => {
        if (level === "warn" || level === "error") this.warnings.push(`${event}: ${text}`);
      },
    };
    const hub = { connectionString, taskHub, partitions: 4, log, ...change };
    this.ours = new OurEntitySide(hub);
    this.theirs = new TheirEntitySide(peer, hub);
    this.owners = new PartitionOwners(connectionString, taskHub, management);
    running.push(this.ours, this.theirs);
  }

  /** How many partitions ours and theirs have. */
  shares(): Promise<readonly number[]> {
    return this.owners.shares(this.ours.worker, this.theirs.worker);
  }

  async untilShared(ours: number, theirs: number): Promise<void> {
    await expect.poll(() => this.shares(), { ...patience, message: "ours, theirs" }).toEqual([ours, theirs]);
  }

  /** Counts in counters of all partitions, by signals of both clients. */
  async load(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await (index % 2 === 0 ? this.ours : this.theirs).signal(`@counter@${index % 16}`, "add", 1);
      this.#signals++;
    }
  }

  /** Everything that was sent was done, once. */
  async expectCounted(reader: EntitySide): Promise<void> {
    const counted = async () => {
      const states = Array.from({ length: 16 }, (_, key) => reader.readEntity(`@counter@${key}`));
      return (await Promise.all(states)).reduce((sum, found) => sum + Number(found?.state ?? 0), 0);
    };
    await expect.poll(counted, patience).toBe(this.#signals);
  }
}

describe.skipIf(path === undefined)(
  `partitions shared with DurableTask.AzureStorage${because}`,
  { timeout: 300_000 },
  () => {
    beforeAll(async () => {
      azurite = await startAzurite();
      peer = new DotnetProgram(path!, azurite.connectionString);
    });

    afterEach(async () => {
      await Promise.all(running.splice(0).map((side) => side.stopWorker()));
    });

    afterAll(async () => {
      await peer.kill();
      await azurite.stop();
    });

    describe.each<PartitionManagement>(["table", "safe", "legacy"])("kept the way '%s'", (management) => {
      it.each([
        { first: "theirs", second: "ours" },
        { first: "ours", second: "theirs" },
      ] as const)(
        "$first first: $second gets its share, and all of it at the end, with nothing lost",
        async ({ first }) => {
          const hub = new Hub({ management });
          // Whoever makes the hub says how its partitions are kept; ours sees it.
          await hub.theirs.start("maker", "Signal", { entity: "@counter@0", operation: "add", input: 0 });
          const [one, other] = first === "ours" ? [hub.ours, hub.theirs] : [hub.theirs, hub.ours];
          const all = first === "ours" ? 4 : 0;
          await one.startWorker();
          await hub.untilShared(all, 4 - all);
          await hub.load(32);
          await other.startWorker();
          await hub.load(32);
          await hub.untilShared(2, 2);
          await hub.load(32);
          await hub.expectCounted(hub.ours);
          await one.stopWorker();
          await hub.load(16);
          await hub.untilShared(4 - all, all);
          await hub.expectCounted(hub.theirs);
        },
      );
    });

    describe("the app lease", () => {
      it.each(["ours", "theirs"] as const)(
        "of %s keeps an app of another name off, and lets it in at the end",
        async (first) => {
          const hub = new Hub({ apps: { ours: "orders", theirs: "shop" } });
          const [one, other] = first === "ours" ? [hub.ours, hub.theirs] : [hub.theirs, hub.ours];
          const all = first === "ours" ? 4 : 0;
          const name = first === "ours" ? "orders" : "shop";
          await one.startWorker();
          await hub.untilShared(all, 4 - all);
          expect(await hub.owners.appLease()).toEqual({
            info: `{"OwnerId":"${appLeaseIdOf(name)}","DesiredSwapId":null}`,
            isHeld: true,
          });
          await other.startWorker();
          await new Promise((resolve) => setTimeout(resolve, 5000));
          expect(await hub.shares()).toEqual([all, 4 - all]);
          const told = hub.warnings.filter((warning) => warning.startsWith("AppLeaseHeldByOther"));
          expect(told).toHaveLength(first === "ours" ? 0 : 1);
          if (first === "theirs") expect(told[0]).toContain(appLeaseIdOf("shop"));
          await one.stopWorker();
          await hub.untilShared(4 - all, all);
          expect((await hub.owners.appLease()).info).toContain(appLeaseIdOf(first === "ours" ? "shop" : "orders"));
        },
      );

      it("of one name is held together", async () => {
        const hub = new Hub({ apps: { ours: "shop", theirs: "shop" } });
        await hub.theirs.startWorker();
        await hub.ours.startWorker();
        await hub.untilShared(2, 2);
        expect(hub.warnings.filter((warning) => warning.startsWith("AppLease"))).toEqual([]);
      });
    });
  },
);
