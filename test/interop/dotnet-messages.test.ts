import { readFileSync } from "node:fs";
import { TableClient } from "@azure/data-tables";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatMessageData } from "../../src/backends/azure-storage/codec/message-data.ts";
import { partitionOf } from "../../src/backends/azure-storage/partitions/partition-hash.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { anyEvent, anyText } from "./any-message.ts";
import { buildDotnet } from "./dotnet-program.ts";
import { type SharedHub, SharedStorage } from "./shared-hub.ts";
import type { Side } from "./sides.ts";

const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

let storage: SharedStorage;

describe.skipIf(path === undefined)(`what DurableTask.AzureStorage reads and writes${because}`, () => {
  beforeAll(async () => {
    storage = await SharedStorage.start(path!);
  });

  afterAll(() => storage.stop());

  describe("messages", () => {
    const samples = readFileSync(
      new URL("../unit/backends/azure-storage/codec/messages.jsonl", import.meta.url),
      "utf8",
    );

    it("are the same after it has read and written them: every sample", async () => {
      const readable = samples.trim().split(/\r?\n/).filter(isReadable);
      expect(readable.length).toBeGreaterThan(15);
      for (const text of readable) expect(await rewritten(text)).toBe(text);
    });

    it("are the same after it has read and written them: ours, whatever their texts, dates and tags", async () => {
      await fc.assert(
        fc.asyncProperty(anyEvent, anyText, fc.integer({ min: 1 }), async (event, instanceId, sequenceNumber) => {
          const text = ourText(event, instanceId, sequenceNumber);
          fc.pre(isReadable(text));
          expect(await rewritten(text)).toBe(text);
        }),
        { numRuns: 500, ...(process.env["DURABLE_SEED"] && { seed: Number(process.env["DURABLE_SEED"]) }) },
      );
    });

    it("tell what an error carried, whatever its names", async () => {
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

    it("go to the partition that we send them to", async () => {
      for (const instanceId of [
        "order/2024#1?x",
        "back\\slash ^ '",
        "naïve 世界",
        "%2F+&=",
        "🌍",
        "",
        "Hello",
        "hello",
      ]) {
        for (const partitions of [1, 4, 16]) {
          const theirs = await storage.dotnet.ask("partition", { hub: "none", instanceId, partitions });
          expect(theirs, instanceId).toBe(partitionOf(instanceId, partitions));
        }
      }
    });
  });

  it("rows have the same columns of the same types, whoever writes them", async () => {
    const hub = storage.open();
    const sides = [hub.ours, hub.theirs];
    for (const side of sides) await side.start(`pending of ${nameOf(hub, side)}`, "Timer", "1", { tags: { a: "b" } });
    const pending = await shapesOf(hub, "Instances");
    const orchestrations = ["Timer", "ParentNamed", "Detached", "Failing", "ParentFailing", "Race", "Loop"];
    for (const side of sides) {
      await side.startWorker();
      await Promise.all(
        orchestrations.map(async (orchestration) => {
          const id = `${orchestration} of ${nameOf(hub, side)}`;
          await side.start(id, orchestration, orchestration === "Race" ? "300" : "1", { tags: { a: "b" } });
          await hub.stored.hasEvents(id, "ExecutionStarted");
          const waiting = orchestration === "ParentNamed" ? `${id}-child` : id;
          await hub.stored.hasEvents(waiting, "ExecutionStarted");
          // Alone in their episodes, so that they fall into the same ones on both sides.
          if (orchestration === "ParentNamed") await hub.stored.hasEvents(waiting, "TaskCompleted");
          if (orchestration === "Race") await hub.stored.hasEvents(waiting, "TimerCreated");
          if (orchestration === "Loop") await hub.stored.hasEvents(waiting, "TaskCompleted");
          if (/ParentNamed|Race|Loop/.test(orchestration)) await side.raise(waiting, "Go", '"Oslo"');
          if (orchestration === "Loop") await side.raise(waiting, "Go", '"Rome"');
          await hub.stored.ended(id);
        }),
      );
      await side.stopWorker();
    }
    const [instances, history] = [await shapesOf(hub, "Instances"), await shapesOf(hub, "History")];

    // Columns of ours, which .NET keeps and ignores. A scheduled start is absent where it is absent.
    const startedAs = { StartedAs: "String" };
    const waiters = new Set(["ParentNamed-child", "Race", "Loop"]);
    expect(pending.get("pending of ours")).toEqual({ ...pending.get("pending of theirs"), ...startedAs });
    for (const orchestration of orchestrations) {
      for (const suffix of ["", "-child", "-detached"]) {
        const [ours, theirs] = [`${orchestration} of ours${suffix}`, `${orchestration} of theirs${suffix}`];
        if (!instances.has(theirs)) continue;
        const waited = waiters.has(`${orchestration}${suffix}`) ? { EventWaits: "String" } : {};
        const own = { ...(suffix === "" && startedAs), ...waited };
        expect(instances.get(ours), ours).toEqual({ ...instances.get(theirs), ...own });
        const rowsOf = (id: string) => [...history].filter(([key]) => key.startsWith(`${id} `)).map(([, row]) => row);
        if (orchestration === "Loop") continue; // Carried events are sent again there.
        expect(rowsOf(ours).length, ours).toBe(rowsOf(theirs).length);
        for (const [index, row] of rowsOf(ours).entries()) expect(row, ours).toMatchObject(rowsOf(theirs)[index]!);
      }
    }
  });
});

/** Of an `ExecutionRewoundEvent` the library can make JSON, and nothing of the JSON: no message holds one. */
const isReadable = (text: string) => !text.includes("History.ExecutionRewoundEvent");

const nameOf = (hub: SharedHub, side: Side) => (side === hub.ours ? "ours" : "theirs");

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
  return await storage.dotnet.ask<string>("rewriteMessage", { hub: "none", text });
}

/** Column types of each row, by the keys of the row. */
async function shapesOf(hub: SharedHub, table: string): Promise<Map<string, Record<string, string>>> {
  const { connectionString, taskHub } = hub.stored.location;
  const client = TableClient.fromConnectionString(connectionString, taskHub + table, { allowInsecureConnection: true });
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
