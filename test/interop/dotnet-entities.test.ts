import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startAzurite } from "../support/azurite.ts";
import type { StoredRow } from "../support/hub-snapshot.ts";
import { buildPeer, DotnetPeer } from "./dotnet-peer.ts";
import { ended, expectState, openSharedHub, type SharedHub } from "./entity-hub.ts";

const program = await buildPeer("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let peer: DotnetPeer;
const opened: SharedHub[] = [];

// This is the library itself: DurableTask.AzureStorage with DurableTask.Core, driven by `dotnet-library`.
describe.skipIf(path === undefined)(`entities on one hub with DurableTask.AzureStorage${because}`, () => {
  beforeAll(async () => {
    azurite = await startAzurite();
    peer = new DotnetPeer(path!, azurite.connectionString);
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((hub) => hub.stopBoth()));
  });

  afterAll(async () => {
    await peer.kill();
    await azurite.stop();
  });

  describe.each([
    { first: "theirs", second: "ours" },
    { first: "ours", second: "theirs" },
  ] as const)("what $first began, $second goes on with", ({ first, second }) => {
    it("an entity is operated on by one after the other", async () => {
      const hub = openHub();
      const [maker, successor] = [hub[first], hub[second]];
      await maker.startWorker();
      await maker.signal("@counter@a", "add", 5);
      await maker.signal("@list@a", "append", { name: "ü", tags: [null, "€ 🌍"] });
      await expectState(successor, "@counter@a", 5);
      await expectState(successor, "@list@a", [{ name: "ü", tags: [null, "€ 🌍"] }]);

      await maker.stopWorker();
      await successor.startWorker();
      for (const client of [maker, successor]) await client.signal("@counter@a", "add", 2);
      await maker.signal("@list@a", "append", 1);
      await maker.signal("@counter@a", "forward", { to: "@counter@b", amount: 3 });
      await expectState(maker, "@counter@a", 9);
      await expectState(maker, "@counter@b", 3);
      await expectState(maker, "@list@a", [{ name: "ü", tags: [null, "€ 🌍"] }, 1]);

      await successor.stopWorker();
      await maker.startWorker();
      await successor.signal("@counter@a", "delete");
      await successor.signal("@counter@b", "fail");
      await successor.signal("@counter@b", "add", 1);
      await expectState(successor, "@counter@b", 4);
      await expectState(successor, "@counter@a", undefined);
      expect(await successor.readEntity("@counter@never")).toBeUndefined();
    });

    it("an entity whose worker is gone waits for the next one that has it", async () => {
      const hub = openHub();
      const [maker, successor] = [hub[first], hub[second]];
      await maker.startWorker();
      await maker.signal("@counter@a", "add", 5);
      await expectState(maker, "@counter@a", 5);

      await maker.stopWorker();
      await successor.startWorker(["list"]);
      await maker.signal("@counter@a", "add", 1);
      await successor.signal("@counter@a", "add", 2);
      await maker.signal("@counter@new", "add", 3);
      await maker.signal("@list@a", "append", 1);
      await expectState(maker, "@list@a", [1]);
      // By now the others have been met as well.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await maker.readEntity("@counter@a")).toMatchObject({ state: 5 });

      await successor.stopWorker();
      await maker.startWorker();
      await expectState(maker, "@counter@a", 8);
      await expectState(maker, "@counter@new", 3);
      const { rows } = await hub.read();
      expect(rows.get("@counter@a")).toMatchObject({ RuntimeStatus: "Running" });
    });

    it("a delayed signal is run when it is due, and not before", async () => {
      const hub = openHub();
      const [client, runner] = [hub[first], hub[second]];
      await runner.startWorker();
      await client.signal("@list@a", "append", "late", { delay: 2500 });
      await client.signal("@list@a", "append", "soon");
      await expectState(client, "@list@a", ["soon"]);
      await expectState(client, "@list@a", ["soon", "late"]);
    });

    it("a delayed signal outlives the worker that has received it", async () => {
      const hub = openHub();
      const [client, runner] = [hub[first], hub[second]];
      await runner.startWorker();
      await client.signal("@list@a", "append", "late", { delay: 3000 });
      await client.signal("@list@a", "append", "soon");
      await expectState(client, "@list@a", ["soon"]);
      await runner.stopWorker();
      await client.startWorker();
      await expectState(runner, "@list@a", ["soon", "late"]);
    });
  });

  it("writes the rows that the library writes", async () => {
    const [mine, genuine] = [openHub(), openHub()];
    const stored = await Promise.all(
      [mine.ours, genuine.theirs].map(async (side) => {
        await side.startWorker();
        await side.signal("@counter@a", "add", 5);
        await expectState(side, "@counter@a", 5);
        await side.signal("@counter@a", "add", 7);
        await expectState(side, "@counter@a", 12);
        const { rows, histories } = await (side === mine.ours ? mine : genuine).read();
        return [rows.get("@counter@a")!, ...histories.get("@counter@a")!].map(shapeOf);
      }),
    );
    const [ours, theirs] = stored as [Shape[], Shape[]];

    expect(ours).toHaveLength(5);
    expect(ours.map(withoutOwnColumns)).toEqual(theirs);
  });

  it("both at once: no signal is lost, and none is run twice", async () => {
    const hub = openHub();
    await hub.startBoth();
    const sides = [hub.ours, hub.theirs];
    const entities = await Promise.all(sides.flatMap((side) => [1, 2, 3, 4].map(() => hub.idAt(side, "@counter@"))));
    const started = Date.now();
    await Promise.all(
      sides.flatMap((client) => entities.map((entity) => client.signal(entity, "add", 1, { times: 100 }))),
    );
    console.log("sent", Date.now() - started);
    for (const entity of entities) await expectState(hub.ours, entity, 200);
    console.log("done", Date.now() - started, await hub.owners());
  });
});

function openHub(): SharedHub {
  const hub = openSharedHub(peer, azurite.connectionString);
  opened.push(hub);
  return hub;
}

type Shape = Readonly<Record<string, unknown>>;

/** Columns with their types; values where they are the same for the same entity. */
function shapeOf(row: StoredRow): Shape {
  const { etag: _, timestamp: __, ...columns } = row;
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => {
      const isOfRun = value instanceof Date || /ExecutionId|OrchestrationInstance|TaskHubName/.test(name);
      return [name, isOfRun ? (value as object).constructor.name : value];
    }),
  );
}

/** Columns of ours in the sentinel row, which the library keeps and ignores. */
function withoutOwnColumns({ AcceptedMessageIds: _, EventCount: __, EventCountOf: ___, ...shape }: Shape): Shape {
  return shape;
}
