import { readFileSync } from "node:fs";
import { TableClient } from "@azure/data-tables";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { formatMessageData } from "../../src/backends/azure-storage/codec/message-data.ts";
import { partitionOf } from "../../src/backends/azure-storage/partitions/partition-hash.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { startAzurite } from "../support/azurite.ts";
import { anyEvent, anyText } from "./any-message.ts";
import { buildPeer, DotnetPeer } from "./dotnet-peer.ts";
import { type HubOptions, OurSide, type Side, type Status, TheirSide } from "./sides.ts";

// The peer is no copy of the .NET library: it keeps the documented format by the means that library uses, which are
// Newtonsoft.Json on classes of the documented shape and the storage SDKs for .NET.
const program = await buildPeer();
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let peer: DotnetPeer;
let hubs = 0;

describe.skipIf(path === undefined)(`a .NET peer on the same task hub${because}`, () => {
  beforeAll(async () => {
    azurite = await startAzurite();
    peer = new DotnetPeer(path!, azurite.connectionString);
  });

  afterAll(async () => {
    await peer.kill();
    await azurite.stop();
  });

  describe("messages", () => {
    const samples = readFileSync(
      new URL("../unit/backends/azure-storage/codec/messages.jsonl", import.meta.url),
      "utf8",
    );

    it("writes every sample again as it is", async () => {
      for (const text of samples.trim().split("\n")) expect(await rewritten(text)).toBe(text);
    });

    it("writes our messages again as they are, whatever their texts, dates and tags", async () => {
      await fc.assert(
        fc.asyncProperty(anyEvent, anyText, fc.integer({ min: 1 }), async (event, instanceId, sequenceNumber) => {
          const text = ourText(event, instanceId, sequenceNumber);
          expect(await rewritten(text)).toBe(text);
        }),
        { numRuns: 500, ...(process.env["DURABLE_SEED"] && { seed: Number(process.env["DURABLE_SEED"]) }) },
      );
    });

    it("reads what an error carried, whatever its names", async () => {
      const properties = {
        code: "E1",
        when: "2026-06-24T10:00:00Z",
        inner: { $type: "No.Such.Type", $ref: "1", a: [{ $id: 2 }] },
      };
      const failureDetails = { errorType: "E", errorMessage: "m", isNonRetriable: false, properties };
      const event = {
        type: "TaskFailed",
        eventId: -1,
        timestamp: new Date(),
        taskScheduledId: 0,
        reason: "m",
        details: undefined,
        failureDetails,
      } as const;
      const text = await rewritten(ourText(event, "a"));

      expect(text).toContain('"code":"E1"');
      expect(text).toContain('"a":[');
    });

    it("finds the partition that we find", async () => {
      for (const instanceId of [...oddIds, "🌍", "世界", "", "Hello", "hello"]) {
        expect(await peer.ask("partition", { instanceId })).toBe(partitionOf(instanceId, 4));
      }
    });
  });

  describe.each([
    { ours: "base64", theirs: "base64" },
    { ours: "utf8", theirs: "utf8" },
    { ours: "base64", theirs: "utf8" },
  ] as const)("ours in $ours, theirs in $theirs", (encodings) => {
    describe.each(["theirs", "ours"] as const)("%s runs what the other starts", (runner) => {
      const sides = openSides(encodings);
      let client: Side;

      beforeAll(async () => {
        client = runner === "ours" ? sides.theirs : sides.ours;
        await sides[runner].startWorker();
      });
      afterAll(() => sides[runner].stopWorker());

      it.each(runs)("$name $input", async ({ name, input, expected }) => {
        const instanceId = `${name}-${++hubs}`;
        await client.start(instanceId, name, input, { region: "ä\"'" });
        const status = await ended(client, instanceId);

        expect(status).toMatchObject({ name, tags: { region: "ä\"'" }, ...expected });
        if (name !== "Loop") expect(status.input).toBe(input);
        await expectSameOnBothSides(sides, instanceId);
      });

      // Our client refuses the ids that the Functions extension refuses; the library takes all.
      it.each(runner === "ours" ? oddIds : oddIds.filter((id) => !/[/\\#?]/.test(id)))(
        "an instance called %j",
        async (instanceId) => {
          await client.start(instanceId, "HelloSequence");

          expect(await ended(client, instanceId)).toMatchObject(hello);
          await expectSameOnBothSides(sides, instanceId);
        },
      );

      it("terminates, and starts again under the same id", async () => {
        const instanceId = `again-${++hubs}`;
        await client.start(instanceId, "HelloEvent");
        await until(client, instanceId, isWaiting);
        await client.terminate(instanceId, "enough");
        const first = await ended(client, instanceId);
        await expectSameOnBothSides(sides, instanceId);
        await client.start(instanceId, "HelloSequence");
        const second = await ended(client, instanceId);

        expect(first).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
        expect(second).toMatchObject(hello);
        expect(second.executionId).not.toBe(first.executionId);
        await expectSameOnBothSides(sides, instanceId);
      });

      it("suspends and resumes", async () => {
        const instanceId = `pause-${++hubs}`;
        await client.start(instanceId, "HelloEvent");
        await until(client, instanceId, isWaiting);
        await client.suspend(instanceId, "pause");
        await until(client, instanceId, (status) => status?.runtimeStatus === "Suspended");
        await client.raise(instanceId, "Go", '"Oslo"');
        await client.resume(instanceId, "go on");

        expect(await ended(client, instanceId)).toMatchObject(greeted("before", "Oslo"));
        await expectSameOnBothSides(sides, instanceId);
      });
    });

    describe.each(["theirs", "ours"] as const)("%s begins, the other ends", (beginner) => {
      const sides = openSides(encodings);

      it("what waits for a timer, an event or a child", async () => {
        const successor = beginner === "ours" ? "theirs" : "ours";
        const [first, second] = [sides[beginner], sides[successor]];
        await first.startWorker();
        await first.start("timer", "HelloTimer", "4");
        await first.start("event", "HelloEvent");
        await first.start("parent", "ParentOfWaiting");
        for (const id of ["timer", "event", "parent-child"]) await until(first, id, isWaiting);
        await first.stopWorker();
        await second.startWorker();
        await second.raise("event", "Go", '"Oslo"');
        await second.raise("parent-child", "Go", '"Rome"');

        expect(await ended(first, "timer")).toMatchObject(greeted("before", "after"));
        expect(await ended(first, "event")).toMatchObject(greeted("before", "Oslo"));
        expect(await ended(first, "parent")).toMatchObject(greeted("before", "Rome"));
        await second.stopWorker();
        for (const id of ["timer", "event", "parent", "parent-child"]) await expectSameOnBothSides(sides, id);
      });

      it("what the beginner gets back afterwards", async () => {
        const [first, second] = [sides[beginner], sides[beginner === "ours" ? "theirs" : "ours"]];
        await first.startWorker();
        await first.start("there and back", "HelloEvent");
        await until(first, "there and back", isWaiting);
        await first.stopWorker();
        await second.startWorker();
        await second.suspend("there and back", "pause");
        await until(second, "there and back", (status) => status?.runtimeStatus === "Suspended");
        await second.stopWorker();
        await first.startWorker();
        await first.raise("there and back", "Go", '"Oslo"');
        await first.resume("there and back", "go on");

        expect(await ended(second, "there and back")).toMatchObject(greeted("before", "Oslo"));
        await first.stopWorker();
        await expectSameOnBothSides(sides, "there and back");
      });
    });
  });

  describe("rows", () => {
    const sides = openSides({ ours: "base64", theirs: "base64" });

    it("have the same columns of the same types, whoever writes them", async () => {
      for (const side of ["ours", "theirs"] as const) await sides[side].start(side, "HelloTimer", "1");
      const pending = await shapesOf(sides, "Instances");
      for (const side of ["ours", "theirs"] as const) {
        await sides[side].startWorker();
        await sides[side].start(`run by ${side}`, "HelloTimer", "1");
        await ended(sides[side], `run by ${side}`);
        await sides[side].stopWorker();
      }
      const completed = await shapesOf(sides, "Instances");
      const history = await shapesOf(sides, "History");

      // One column is ours alone: .NET merges, so it survives, and ignores it.
      const startedAs = { StartedAs: "String" };
      expect(pending.get("ours")).toEqual({ ...pending.get("theirs"), ...startedAs });
      expect(completed.get("run by ours")).toEqual({ ...completed.get("run by theirs"), ...startedAs });
      const rowKeys = [...history.keys()].filter((key) => key.startsWith("run by ours"));
      expect(rowKeys).toHaveLength(17);
      for (const key of rowKeys) {
        expect(history.get(key), key).toMatchObject(history.get(key.replace("ours", "theirs"))!);
      }
    });
  });

  describe("both at work", () => {
    const sides = openSides({ ours: "base64", theirs: "base64" });

    it("share the partitions, and each other's activities and children", async () => {
      await sides.ours.startWorker();
      await sides.ours.start("waits", "HelloEvent");
      await until(sides.ours, "waits", isWaiting);
      await sides.theirs.startWorker();
      await vi.waitFor(async () => expect(await sides.theirs.ownedPartitions()).toHaveLength(2), { timeout: 30_000 });
      const ids = Array.from({ length: 12 }, (_, index) => `shared ${index}`);
      for (const [index, id] of ids.entries()) {
        await (index % 2 === 0 ? sides.ours : sides.theirs).start(id, index % 3 === 0 ? "Parent" : "HelloSequence");
      }
      await sides.theirs.raise("waits", "Go", '"Oslo"');

      for (const id of ids) expect(await ended(sides.ours, id)).toMatchObject(hello);
      expect(await ended(sides.theirs, "waits")).toMatchObject(greeted("before", "Oslo"));
      for (const id of ids) await expectSameOnBothSides(sides, id);
      await sides.theirs.stopWorker();
      await sides.ours.stopWorker();
    });

    it("a peer that was killed is succeeded once its leases have run out", async () => {
      const mortal = new DotnetPeer(path!, azurite.connectionString);
      const { ours, theirs } = openSidesOf(mortal, { ours: "base64", theirs: "base64" });
      await theirs.startWorker();
      await theirs.start("orphan", "HelloTimer", "2");
      await until(theirs, "orphan", isWaiting);
      await mortal.kill();
      await ours.startWorker();

      expect(await ended(ours, "orphan")).toMatchObject(greeted("before", "after"));
      await ours.stopWorker();
    });
  });
});

const completed = (output: unknown) => ({ runtimeStatus: "Completed", output: JSON.stringify(output) });
const greeted = (...names: string[]) => completed(names.map((name) => `Hello ${name}!`));
const hello = greeted("Tokyo", "Seattle", "London");
const large = JSON.stringify("é\\x".repeat(40_000));
const cities = Array.from({ length: 120 }, (_, index) => `city ${index}`);

const runs = [
  { name: "HelloSequence", input: undefined, expected: hello },
  { name: "FanOut", input: "120", expected: greeted(...cities) },
  { name: "HelloTimer", input: "1", expected: greeted("before", "after") },
  { name: "Parent", input: '"for the child"', expected: hello },
  {
    name: "Echo",
    input: '{"date":"2026-06-24T10:00:00.1Z"}',
    expected: { output: '{"date":"2026-06-24T10:00:00.1Z"}' },
  },
  { name: "Echo", input: large, expected: { runtimeStatus: "Completed", output: large } },
  { name: "Echo", input: JSON.stringify("x".repeat(40_000)), expected: { output: JSON.stringify("x".repeat(40_000)) } },
  { name: "Loop", input: "3", expected: completed("done") },
  {
    name: "Catching",
    input: undefined,
    expected: { runtimeStatus: "Completed", output: expect.stringContaining("no luck") },
  },
  {
    name: "Failing",
    input: undefined,
    expected: { runtimeStatus: "Failed", output: expect.stringContaining("no luck") },
  },
];

const oddIds = ["order/2024#1?x", "back\\slash ^ and ' quote", "naïve-ünïcode 世界", "%2F+&=", "a".repeat(200)];

interface Sides {
  readonly ours: OurSide;
  readonly theirs: TheirSide;
}

type Encodings = Readonly<Record<"ours" | "theirs", HubOptions["encoding"]>>;

function openSidesOf(dotnet: DotnetPeer, encodings: Encodings): Sides {
  const options = { connectionString: azurite.connectionString, taskHub: `Interop${++hubs}` };
  return {
    ours: new OurSide({ ...options, encoding: encodings.ours }),
    theirs: new TheirSide(dotnet, { ...options, encoding: encodings.theirs }),
  };
}

/** A task hub for the tests of one block. */
function openSides(encodings: Encodings): Sides {
  let sides: Sides | undefined;
  beforeAll(() => {
    sides = openSidesOf(peer, encodings);
  });
  return {
    get ours() {
      return sides!.ours;
    },
    get theirs() {
      return sides!.theirs;
    },
  };
}

function ourText(event: HistoryEvent, instanceId: string, sequenceNumber = 1): string {
  return formatMessageData({
    activityId: "0b8f9a52-6a1e-4e7e-9a5c-3f3c0d8a1b01",
    message: { event, target: { instanceId, executionId: undefined }, orchestrationTags: { region: "eu" } },
    sequenceNumber,
    episode: 3,
    sender: { instanceId: "hello-0001", executionId: "x" },
  });
}

async function rewritten(text: string): Promise<string> {
  return await peer.ask<string>("rewriteMessage", { text });
}

async function until(
  side: Side,
  instanceId: string,
  holds: (status: Status | undefined, events: number) => boolean,
): Promise<Status> {
  return await vi.waitFor(
    async () => {
      const status = await side.status(instanceId);
      const events = await side.history(instanceId);
      expect({ status, events: events.length }).toSatisfy(() => holds(status, events.length));
      return status!;
    },
    { timeout: 58_000, interval: 100 },
  );
}

/** Column types of each row, by the keys of the row. */
async function shapesOf(sides: Sides, table: string): Promise<Map<string, Record<string, string>>> {
  const name = `${sides.ours.taskHub}${table}`;
  const client = TableClient.fromConnectionString(azurite.connectionString, name, { allowInsecureConnection: true });
  const shapes = new Map<string, Record<string, string>>();
  for await (const row of client.listEntities<Record<string, unknown>>({ disableTypeConversion: true })) {
    const { etag: _, partitionKey, rowKey, timestamp: __, ...columns } = row;
    const types = Object.entries(columns).map(([column, value]) => [
      column,
      (value as { type?: string }).type ?? typeof value,
    ]);
    shapes.set(`${partitionKey}${rowKey && ` ${rowKey}`}`, Object.fromEntries(types));
  }
  return shapes;
}

const ended = (side: Side, instanceId: string) =>
  until(side, instanceId, (status) => /Completed|Failed|Terminated/.test(status?.runtimeStatus ?? ""));

/** After the first activity: its request and its answer took two episodes. */
const isWaiting = (_: Status | undefined, events: number) => events >= 7;

async function expectSameOnBothSides({ ours, theirs }: Sides, instanceId: string): Promise<void> {
  expect(await ours.status(instanceId)).toMatchObject(pick(await theirs.status(instanceId)));
  const history = await theirs.history(instanceId);
  expect(await ours.history(instanceId)).toEqual(history);
  expect(history.length).toBeGreaterThan(4);
  expect(await theirs.rowDifferences(instanceId)).toEqual([]);
}

function pick(status: Status | undefined): Partial<Status> {
  const { name, executionId, runtimeStatus, input, output } = status!;
  return { name, executionId, runtimeStatus, input, output };
}
