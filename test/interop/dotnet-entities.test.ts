import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startAzurite } from "../support/azurite.ts";
import { buildDotnet, DotnetProgram } from "./dotnet-program.ts";
import {
  ended,
  expectState,
  openSharedHub,
  type RowShape,
  type SharedHub,
  shapeOf,
  withoutOwnColumns,
} from "./entity-hub.ts";
import type { EntitySide } from "./entity-sides.ts";

const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let dotnet: DotnetProgram;
const opened: SharedHub[] = [];

// This is the library itself: DurableTask.AzureStorage with DurableTask.Core, driven by `dotnet-library`.
describe.skipIf(path === undefined)(`entities on one hub with DurableTask.AzureStorage${because}`, () => {
  beforeAll(async () => {
    azurite = await startAzurite();
    dotnet = new DotnetProgram(path!, azurite.connectionString);
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((hub) => hub.stopBoth()));
  });

  afterAll(async () => {
    await dotnet.kill();
    await azurite.stop();
  });

  describe.each([
    { first: "theirs", second: "ours" },
    { first: "ours", second: "theirs" },
  ] as const)("what $first began, $second goes on with", ({ first, second }) => {
    it("entities are operated on by one after the other, and their callers go on", async () => {
      const hub = openHub();
      const [maker, successor] = [hub[first], hub[second]];
      await maker.startWorker();
      await maker.signal("@counter@a", "add", 5);
      await maker.signal("@list@a", "append", { name: "ü", tags: [null, "€ 🌍"] });
      await expectState(successor, "@counter@a", 5);
      await expectState(successor, "@list@a", [{ name: "ü", tags: [null, "€ 🌍"] }]);
      await maker.start("caller", "CallCounterLater", { key: "c", signals: 3, calls: 3 });
      await expect.poll(async () => (await maker.status("caller"))?.status).toBe("Running");

      await maker.stopWorker();
      await successor.startWorker();
      for (const client of [maker, successor]) await client.signal("@counter@a", "add", 2);
      await maker.signal("@list@a", "append", 1);
      await maker.raise("caller", "Go");
      await maker.signal("@counter@a", "forward", { to: "@counter@b", amount: 3 });
      await expectState(maker, "@counter@a", 9);
      await expectState(maker, "@counter@b", 3);
      expect(await ended(maker, "caller")).toEqual({ status: "Completed", output: 6 });
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

    it("an odd key, and a state that no row can hold, are the same to both", async () => {
      const hub = openHub();
      const [maker, successor] = [hub[first], hub[second]];
      const odd = "@list@ü/#?\\ %^'世 x@y";
      // The emulator tears characters of several bytes in long messages that are no Base64.
      const text = "x".repeat(40_000);
      for (const [runner, count] of [
        [maker, 2],
        [successor, 4],
      ] as const) {
        await runner.startWorker();
        for (const client of [maker, successor]) {
          await client.signal(odd, "append", "é");
          await client.signal("@list@large", "append", text);
        }
        for (const reader of [maker, successor]) {
          await expectState(reader, odd, new Array(count).fill("é"));
          await expectState(reader, "@list@large", new Array(count).fill(text));
        }
        await runner.stopWorker();
      }
    });

    it("a delayed signal outlives the worker that has received it", async () => {
      const hub = openHub();
      const [client, runner] = [hub[first], hub[second]];
      await runner.startWorker();
      await client.signal("@list@a", "append", "late", { delay: 2500 });
      await client.signal("@list@a", "append", "soon");
      await expectState(client, "@list@a", ["soon"]);
      await runner.stopWorker();
      await client.startWorker();
      await expectState(runner, "@list@a", ["soon", "late"]);
    });
  });

  // Not the other way round: .NET knows the answers to its requests by ids that it makes of the time of the episode, in
  // each replay anew, and so knows none of ours.
  it("our worker goes on in the middle of calls and locks of .NET", async () => {
    const { ours, theirs } = openHub();
    await theirs.startWorker();
    await theirs.start("holder", "HoldLock", { keys: ["b", "a"] });
    await expect.poll(() => theirs.readEntity("@account@b")).toMatchObject({ state: 1, lockedBy: "holder" });
    await theirs.start("waiter", "HoldLock", { keys: ["a", "b"] });
    await theirs.start("caller", "Call", { entity: "@account@b", operation: "balance" });
    for (const account of ["@account@a", "@account@b"]) {
      await expect.poll(() => theirs.readEntity(account)).toMatchObject({ queueSize: 1 });
    }

    await theirs.stopWorker();
    await ours.startWorker();
    await theirs.raise("holder", "Go");
    await expect.poll(() => theirs.readEntity("@account@b")).toMatchObject({ lockedBy: "waiter" });
    expect(await ended(theirs, "caller")).toEqual({ status: "Completed", output: 11 });
    await theirs.raise("waiter", "Go");
    for (const id of ["holder", "waiter"]) expect(await ended(theirs, id)).toMatchObject({ status: "Completed" });
    for (const account of ["@account@a", "@account@b"]) {
      expect(await theirs.readEntity(account)).toEqual({ state: 222, queueSize: 0, lockedBy: undefined });
    }

    await ours.stopWorker();
    await theirs.startWorker();
    await ours.start("later", "Transfer", { from: "a", to: "b", amount: 22 });
    expect(await ended(ours, "later")).toEqual({ status: "Completed", output: true });
    await expectState(ours, "@account@b", 244);
  });

  it("our worker goes on with the locks of a .NET worker that was killed", async () => {
    const mortal = new DotnetProgram(path!, azurite.connectionString);
    const { ours, theirs } = openSharedHub(mortal, azurite.connectionString);
    try {
      await theirs.startWorker();
      await theirs.start("holder", "HoldLock", { keys: ["a", "b"] });
      await expect.poll(() => ours.readEntity("@account@b")).toMatchObject({ state: 1, lockedBy: "holder" });
      await mortal.kill();
      await ours.startWorker();
      await ours.signal("@account@b", "withdraw", 11);
      await ours.raise("holder", "Go");
      expect(await ended(ours, "holder")).toMatchObject({ status: "Completed" });
      for (const [account, state] of [
        ["a", 111],
        ["b", 100],
      ] as const)
        await expectState(ours, `@account@${account}`, state);
    } finally {
      await mortal.kill();
      await ours.stopWorker();
    }
  });

  it("signals of .NET and of our worker that goes on arrive in order", async () => {
    const { ours, theirs } = openHub();
    await theirs.startWorker();
    await theirs.start("sender", "SignalTwice", { key: "a" });
    await expectState(theirs, "@list@a", [1]);
    await theirs.stopWorker();
    await ours.startWorker();
    await theirs.raise("sender", "Go");
    await expectState(theirs, "@list@a", [1, 2]);
  });

  it("a lock and what waits for it come back to .NET from our worker as they were", async () => {
    const { ours, theirs } = openHub();
    await theirs.startWorker();
    await theirs.start("holder", "HoldLock", { keys: ["a", "b"] });
    await expect.poll(() => theirs.readEntity("@account@b")).toMatchObject({ state: 1, lockedBy: "holder" });
    await theirs.start("caller", "Call", { entity: "@account@a", operation: "balance" });
    await expect.poll(() => theirs.readEntity("@account@a")).toMatchObject({ queueSize: 1 });
    await theirs.stopWorker();

    await ours.startWorker();
    for (const client of [ours, theirs]) await client.signal("@account@a", "deposit", 1000);
    await expect.poll(() => ours.readEntity("@account@a")).toMatchObject({ queueSize: 3, lockedBy: "holder" });
    await ours.stopWorker();

    await theirs.startWorker();
    await ours.raise("holder", "Go");
    expect(await ended(ours, "holder")).toMatchObject({ status: "Completed" });
    expect(await ended(ours, "caller")).toEqual({ status: "Completed", output: 11 });
    await expectState(ours, "@account@a", 2111);
  });

  it("our worker without entities does no harm to those of .NET, and loses no signal", async () => {
    const { ours, theirs, read } = openHub();
    await theirs.startWorker();
    await theirs.signal("@counter@old", "add", 5);
    await expectState(theirs, "@counter@old", 5);
    await theirs.stopWorker();

    await ours.startWorker([]);
    for (const client of [ours, theirs]) {
      await client.signal("@counter@old", "add", 1);
      await client.signal("@counter@new", "add", 2);
    }
    // By now the messages have been met.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await ours.readEntity("@counter@old")).toMatchObject({ state: 5, lockedBy: undefined });
    expect((await read()).rows.get("@counter@old")).toMatchObject({ RuntimeStatus: "Running" });

    await ours.stopWorker();
    await theirs.startWorker();
    await expectState(theirs, "@counter@old", 7);
    await expectState(theirs, "@counter@new", 4);
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
    const [ours, theirs] = stored as [RowShape[], RowShape[]];

    expect(ours).toHaveLength(5);
    expect(ours.map(withoutOwnColumns)).toEqual(theirs.map(withoutOwnColumns));
  });

  describe("both workers at once", () => {
    let hub: SharedHub;
    let sides: readonly EntitySide[];

    beforeAll(async () => {
      hub = openSharedHub(dotnet, azurite.connectionString);
      sides = [hub.ours, hub.theirs];
      await hub.startBoth();
    });

    afterAll(() => hub.stopBoth());

    it("no operation is lost, and none is run twice", async () => {
      const keys = await Promise.all(sides.flatMap((side) => [1, 2, 3, 4].map(() => hub.keyAt(side, "counter"))));
      const callers = await Promise.all(
        keys.flatMap((key) =>
          sides.map(async (side) => ({ side, key, instanceId: await hub.idAt(side, `caller-${key}-`) })),
        ),
      );
      await Promise.all([
        ...sides.flatMap((side) => keys.map((key) => side.signal(`@counter@${key}`, "add", 1, { times: 100 }))),
        ...callers.map(({ side, key, instanceId }) =>
          hub.other(side).start(instanceId, "CallCounter", { key, signals: 10, calls: 5 }),
        ),
      ]);
      for (const { side, instanceId } of callers) {
        expect(await ended(side, instanceId)).toMatchObject({ status: "Completed" });
      }
      for (const key of keys) await expectState(hub.ours, `@counter@${key}`, 200 + 2 * 15);
    });

    it("a lock is held by one at a time, whoever asks", async () => {
      const [ourKey, theirKey] = [await hub.keyAt(hub.ours, "account"), await hub.keyAt(hub.theirs, "account")];
      const holders: string[] = [];
      for (const side of [...sides, ...sides, ...sides]) {
        const instanceId = await hub.idAt(side, "holder");
        const keys = holders.length % 2 === 0 ? [ourKey, theirKey] : [theirKey, ourKey];
        await side.start(instanceId, "HoldLock", { keys });
        holders.push(instanceId);
      }
      const waiting = new Set(holders);
      while (waiting.size > 0) {
        const isHolder = async () => (await hub.ours.readEntity(`@account@${ourKey}`))?.lockedBy ?? "";
        await expect.poll(async () => waiting.has(await isHolder())).toBe(true);
        const holder = await isHolder();
        if (!waiting.delete(holder)) continue;
        await hub.theirs.raise(holder, "Go");
      }
      for (const instanceId of holders) {
        expect(await ended(hub.ours, instanceId)).toMatchObject({ status: "Completed" });
      }

      expect(await hub.sections(holders)).toHaveLength(holders.length);
      for (const key of [ourKey, theirKey]) {
        const free = { state: holders.length * 111, queueSize: 0, lockedBy: undefined };
        await expect.poll(() => hub.theirs.readEntity(`@account@${key}`)).toEqual(free);
      }
    });

    it("transfers between accounts keep the sum, and overdraw none", async () => {
      // Two of three accounts: any two transfers have one in common.
      const keys = await Promise.all([hub.ours, hub.theirs, hub.theirs].map((side) => hub.keyAt(side, "account")));
      for (const key of keys) await hub.ours.signal(`@account@${key}`, "deposit", 10);
      const transfers = await Promise.all(
        Array.from({ length: 12 }, async (_, index) => {
          const side = sides[index % 2]!;
          const instanceId = await hub.idAt(side, "transfer");
          const [from, to] = [keys[index % 3]!, keys[(index + 1 + (index % 2)) % 3]!];
          await hub.other(side).start(instanceId, "Transfer", { from, to, amount: 4 + (index % 4) });
          return instanceId;
        }),
      );
      for (const instanceId of transfers) {
        expect(await ended(hub.theirs, instanceId)).toMatchObject({ status: "Completed" });
      }

      expect(await hub.sections(transfers)).toHaveLength(transfers.length);
      const views = await Promise.all(keys.map((key) => hub.theirs.readEntity(`@account@${key}`)));
      const balances = views.map((view) => view!.state as number);
      expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
      expect(balances.reduce((sum, each) => sum + each)).toBe(30);
    });

    it.each([
      { caller: "ours", entity: "theirs", type: "System.InvalidOperationException" },
      { caller: "theirs", entity: "ours", type: "RangeError" },
    ] as const)("a failure in an entity of $entity reaches the caller of $caller", async ({ caller, entity, type }) => {
      const key = await hub.keyAt(hub[entity], "counter");
      const instanceId = await hub.idAt(hub[caller], "catch");
      await hub.ours.signal(`@counter@${key}`, "add", 1);
      await hub.ours.start(instanceId, "Catch", { entity: `@counter@${key}`, operation: "fail" });

      const output = { type, message: "the counter is stuck" };
      expect(await ended(hub.ours, instanceId)).toEqual({ status: "Completed", output });
      await expectState(hub.ours, `@counter@${key}`, 1);
      expect(await hub.ours.readEntity("@counter@never")).toBeUndefined();
    });

    it.each([
      { sender: "ours", entity: "theirs" },
      { sender: "theirs", entity: "ours" },
    ] as const)(
      "a delayed signal of $sender to an entity of $entity comes when it is due",
      async ({ sender, entity }) => {
        const key = await hub.keyAt(hub[entity], "list");
        const target = { entity: `@list@${key}`, operation: "append" };
        await hub[sender].start(await hub.idAt(hub[sender], "late"), "Signal", { ...target, input: "late", delay: 2 });
        const soon = await hub.idAt(hub[sender], "soon");
        await hub[sender].start(soon, "Signal", { ...target, input: "soon" });
        await expectState(hub.ours, target.entity, ["soon"]);
        await expectState(hub.ours, target.entity, ["soon", "late"]);
      },
    );

    it.each([
      { sender: "ours", receiver: "theirs" },
      { sender: "theirs", receiver: "ours" },
    ] as const)("an entity of $sender signals one of $receiver", async ({ sender, receiver }) => {
      const [from, to] = [await hub.keyAt(hub[sender], "counter"), await hub.keyAt(hub[receiver], "counter")];
      const input = { to: `@counter@${to}`, amount: 2 };
      for (let i = 0; i < 3; i++) await hub.ours.signal(`@counter@${from}`, "forward", input);
      await expectState(hub.ours, `@counter@${to}`, 6);
    });

    it.each([
      { starter: "ours", runner: "theirs" },
      { starter: "theirs", runner: "ours" },
    ] as const)("an entity of $starter starts an orchestration of $runner", async ({ starter, runner }) => {
      const key = await hub.keyAt(hub[starter], "counter");
      const instanceId = await hub.idAt(hub[runner], "started");
      await hub.theirs.signal(`@counter@${key}`, "start", { instanceId, key, signals: 1, calls: 2 });
      expect(await ended(hub.ours, instanceId)).toEqual({ status: "Completed", output: 3 });
      expect(await hub.ours.readEntity(`@counter@${key}`)).toEqual({ state: 3, queueSize: 0, lockedBy: undefined });
    });

    it("partitions that change hands, there and back, lose no operation", async () => {
      const keys = await Promise.all(sides.flatMap((side) => [1, 2, 3, 4].map(() => hub.keyAt(side, "counter"))));
      const addEach = async (total: number) => {
        await Promise.all(
          keys.flatMap((key) => sides.map((side) => side.signal(`@counter@${key}`, "add", 1, { times: 3 }))),
        );
        for (const key of keys) await expectState(hub.ours, `@counter@${key}`, total);
      };
      await addEach(6);
      await hub.theirs.stopWorker();
      await addEach(12);
      await hub.theirs.startWorker();
      await hub.untilShared();
      await addEach(18);
      await hub.theirs.stopWorker();
      await addEach(24);
    });
  });
});

function openHub(): SharedHub {
  const hub = openSharedHub(dotnet, azurite.connectionString);
  opened.push(hub);
  return hub;
}
