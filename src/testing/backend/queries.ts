import { describe, expect } from "vitest";
import type { InstanceConditions, InstanceQuery } from "../../core/orchestration-state.ts";
import { at, episodeStarted } from "../history-builder.ts";
import { checkpoint, ended } from "../work-items.ts";
import type { BackendTest, HubUnderTest } from "./hub-under-test.ts";

async function ids(hub: HubUnderTest, query: InstanceQuery): Promise<readonly string[]> {
  return (await hub.find(query)).map(({ instanceId }) => instanceId).toSorted();
}

/** Seven orders, created a second after each other, and one other instance. */
async function populate(hub: HubUnderTest): Promise<void> {
  for (let index = 0; index < 7; index++) {
    const { event } = hub.invent(`order-${index}`);
    await hub.store.createInstance({ event: { ...event, timestamp: at(index) }, replaces: undefined });
  }
  await hub.store.createInstance({ event: hub.invent("other").event, replaces: undefined });
}

/** An instance that ended `seconds` after the others began. */
async function ending(hub: HubUnderTest, instanceId: string, seconds: number, output?: string): Promise<void> {
  await hub.backend.stop();
  const { event, executionId } = hub.invent(instanceId);
  await hub.store.createInstance({ event, replaces: undefined });
  await hub.store.terminatePending(instanceId, executionId, output, at(seconds));
}

export function describeQueries(it: BackendTest): void {
  describe("queries", () => {
    it("find nothing in an empty hub", async ({ hub }) => {
      expect(await hub.find({})).toEqual([]);
      expect(await hub.find({ pageSize: 1, instanceIdPrefix: "a" })).toEqual([]);
    });

    it("find instances by status, time and prefix together, page by page", async ({ hub }) => {
      await populate(hub);
      const query = {
        instanceIdPrefix: "order-",
        createdTimeFrom: at(1),
        createdTimeTo: at(5),
        runtimeStatus: ["Pending"],
        pageSize: 2,
      } as const;

      expect(await ids(hub, query)).toEqual(["order-1", "order-2", "order-3", "order-4", "order-5"]);
      expect(await ids(hub, { ...query, runtimeStatus: ["Running", "Failed"] })).toEqual([]);
      expect(await ids(hub, { ...query, createdTimeFrom: at(100), createdTimeTo: undefined })).toEqual([]);
    });

    it("show each instance once, however small the pages are", async ({ hub }) => {
      await populate(hub);
      const all = await ids(hub, {});

      expect(all).toHaveLength(8);
      for (const pageSize of [1, 3, 8, 9]) expect(await ids(hub, { pageSize })).toEqual(all);
    });

    it("take the bounds of time to belong to it", async ({ hub }) => {
      await populate(hub);

      expect(await ids(hub, { createdTimeFrom: at(5) })).toEqual(["order-5", "order-6"]);
      expect(await ids(hub, { createdTimeTo: at(1) })).toEqual(["order-0", "order-1", "other"]);
      expect(await ids(hub, { createdTimeFrom: at(3), createdTimeTo: at(3) })).toEqual(["order-3"]);
    });

    it("find instances in any of several statuses, and in all when none is named", async ({ hub }) => {
      await hub.running(hub.invent("runs"));
      const { workItem, executionId, event } = await hub.created(hub.invent("ends"));
      await hub.complete({
        ...checkpoint(workItem, executionId, [episodeStarted(), event, ended()]),
        instance: {
          executionId,
          lastUpdatedTime: at(2),
          customStatus: undefined,
          runtimeStatus: "Completed",
          completedTime: at(2),
        },
      });
      await hub.backend.stop();
      await hub.store.createInstance({ event: hub.invent("waits").event, replaces: undefined });

      expect(await ids(hub, { runtimeStatus: ["Completed"] })).toEqual(["ends"]);
      expect(await ids(hub, { runtimeStatus: ["Running", "Pending"] })).toEqual(["runs", "waits"]);
      expect(await ids(hub, { runtimeStatus: [] })).toEqual(["ends", "runs", "waits"]);
    });

    it("take a prefix by the letter", async ({ hub }) => {
      const all = ["a", "a%b", "a'b", "A", "ab", "abc", "a_c", "ä", "🌍1", "🌍"];
      for (const instanceId of all) {
        await hub.store.createInstance({ event: hub.invent(instanceId).event, replaces: undefined });
      }

      for (const instanceIdPrefix of ["a", "A", "ab", "a%", "a'", "a_", "ä", "🌍", "b", "abcd"]) {
        const expected = all.filter((id) => id.startsWith(instanceIdPrefix)).toSorted();
        expect(await ids(hub, { instanceIdPrefix })).toEqual(expected);
      }
    });

    it("leave entities out unless they are asked for", async ({ hub }) => {
      for (const instanceId of ["@counter@one", "counter", "zebra"]) {
        await hub.store.createInstance({ event: hub.invent(instanceId).event, replaces: undefined });
      }

      expect(await ids(hub, {})).toEqual(["counter", "zebra"]);
      expect(await ids(hub, { includeEntities: true })).toEqual(["@counter@one", "counter", "zebra"]);
      expect(await ids(hub, { pageSize: 1 })).toEqual(["counter", "zebra"]);
    });

    it("show instances as a look at each does, with or without their inputs", async ({ hub }) => {
      await populate(hub);
      await hub.running(hub.invent("runs"));

      const [whole, without] = [await hub.find({}), await hub.find({ fetchInput: false })];

      expect(whole).toHaveLength(9);
      for (const state of whole) expect(state).toEqual(await hub.row(state));
      const bare = whole.map((state) => ({ ...state, input: undefined }));
      expect(without).toEqual(bare);
    });

    it("find instances by name, by tags, and by when they were touched or ended", async ({ hub }) => {
      const odd = 'it\'s "a" name/with \\ % and 🌍';
      const tags = { team: "it's", env: "prod" };
      for (const [index, name] of ["Ship", "ship", odd, "x\ny", "n".repeat(400)].entries()) {
        const { event } = hub.invent(`by-${index}`);
        await hub.store.createInstance({
          event: { ...event, name, tags: index < 2 ? tags : { team: "other" } },
          replaces: undefined,
        });
      }
      await populate(hub);
      await ending(hub, "early", 100);
      await ending(hub, "late", 200);

      expect(await ids(hub, { name: "Ship" })).toEqual(["by-0"]);
      expect(await ids(hub, { name: odd })).toEqual(["by-2"]);
      expect(await ids(hub, { name: "x\ny" })).toEqual(["by-3"]);
      expect(await ids(hub, { name: "n".repeat(400), pageSize: 1 })).toEqual(["by-4"]);
      expect(await ids(hub, { name: "Shi" })).toEqual([]);
      expect(await ids(hub, { tags: { team: "it's" } })).toEqual(["by-0", "by-1"]);
      expect(await ids(hub, { tags, name: "ship", pageSize: 1 })).toEqual(["by-1"]);
      expect(await ids(hub, { tags: { constructor: "x" } })).toEqual([]);
      expect(await ids(hub, { completedTimeFrom: at(100), completedTimeTo: at(100) })).toEqual(["early"]);
      expect(await ids(hub, { completedTimeTo: at(1000) })).toEqual(["early", "late"]);
      expect(await ids(hub, { lastUpdatedTimeFrom: at(101), lastUpdatedTimeTo: at(200) })).toEqual(["late"]);
      expect(await ids(hub, { completedTimeFrom: at(201) })).toEqual([]);
    });

    it("count what they would find", async ({ hub }) => {
      await populate(hub);
      await hub.store.createInstance({ event: hub.invent("@counter@one").event, replaces: undefined });

      expect(await hub.store.countInstances({})).toBe(8);
      expect(await hub.store.countInstances({ includeEntities: true })).toBe(9);
      expect(await hub.store.countInstances({ instanceIdPrefix: "order-", createdTimeFrom: at(5) })).toBe(2);
      expect(await hub.store.countInstances({ runtimeStatus: ["Running"] })).toBe(0);
      expect(await hub.store.countInstances({ name: "Test" })).toBe(8);
      expect(await hub.store.countInstances({ tags: { a: "b" } })).toBe(0);
    });

    it("show outputs only where they are asked for", async ({ hub }) => {
      const output = JSON.stringify("é".repeat(40_000));
      await ending(hub, "done", 5, output);

      expect(await hub.find({})).toMatchObject([{ input: '"in"', output }]);
      expect(await hub.find({ fetchOutput: false })).toMatchObject([{ input: '"in"', output: undefined }]);
      expect(await hub.find({ fetchInput: false })).toMatchObject([{ input: undefined, output }]);
      expect(await hub.store.getInstance("done", { fetchInput: false, fetchOutput: false })).toMatchObject({
        input: undefined,
        output: undefined,
        completedTime: at(5),
      });
    });

    it("end a page before it has more bytes than asked for, but never without an instance", async ({ hub }) => {
      const input = JSON.stringify("é".repeat(30_000));
      const bytes = Buffer.byteLength(input);
      for (let index = 0; index < 5; index++) {
        const { event } = hub.invent(`big-${index}`);
        await hub.store.createInstance({ event: { ...event, input }, replaces: undefined });
      }
      const sizes = async (query: InstanceQuery) => {
        const found: number[] = [];
        let continuationToken: string | undefined;
        do {
          const page = await hub.store.queryInstances({ ...query, continuationToken });
          if (page.instances.length > 0) found.push(page.instances.length);
          continuationToken = page.continuationToken;
        } while (continuationToken !== undefined);
        return found;
      };

      const most = Math.max(...(await sizes({ maxPageBytes: bytes * 2 })));
      expect(most).toBeLessThanOrEqual(2);
      expect(await sizes({ maxPageBytes: 1 })).toEqual([1, 1, 1, 1, 1]);
      expect(await ids(hub, { maxPageBytes: bytes * 2 + 1 })).toHaveLength(5);
      expect(await ids(hub, { maxPageBytes: 1, pageSize: 3 })).toHaveLength(5);
      expect(await ids(hub, { maxPageBytes: 1, fetchInput: false })).toHaveLength(5);
    });

    it("refuse a token that no query has returned", async ({ hub }) => {
      await populate(hub);
      const { continuationToken: own } = await hub.store.queryInstances({ pageSize: 1 });
      const forged = (content: unknown) => Buffer.from(JSON.stringify(content)).toString("base64url");
      const tokens = [
        ...["x", "?", "bmV4dA", "%00", "order-1", "é", " "],
        ...[null, 7, "x", [], {}, { nextPartitionKey: "a" }].map(forged),
        own!.slice(0, -3),
        own!.repeat(2),
        Buffer.from("a".repeat(20_000)).toString("base64url"),
        // Moved by hand.
        forged({ ...JSON.parse(Buffer.from(own!, "base64url").toString()), after: "order-7" }),
      ];

      for (const continuationToken of tokens) {
        const query = hub.store.queryInstances({ continuationToken });
        await expect(query).rejects.toMatchObject({
          code: "InvalidOption",
          message: expect.stringContaining("'continuationToken'"),
        });
      }
      expect((await hub.store.queryInstances({ continuationToken: own })).instances.length).toBeGreaterThan(0);
    });

    it("refuse a token of other conditions", async ({ hub }) => {
      await populate(hub);
      const asked: InstanceQuery = { createdTimeFrom: new Date(0), instanceIdPrefix: "", pageSize: 1 };
      const { continuationToken } = await hub.store.queryInstances(asked);
      const others: readonly InstanceConditions[] = [
        { runtimeStatus: ["Failed"] },
        { createdTimeFrom: new Date(1) },
        { createdTimeTo: new Date(8_000_000_000_000) },
        { lastUpdatedTimeFrom: new Date(0) },
        { completedTimeTo: new Date(8_000_000_000_000) },
        { instanceIdPrefix: "a" },
        { name: "a" },
        { tags: { a: "b" } },
        { includeEntities: true },
      ];

      for (const other of others) {
        const query = hub.store.queryInstances({ ...asked, ...other, continuationToken });
        await expect(query).rejects.toMatchObject({ code: "InvalidOption" });
      }
      // How much is read, and of what, is no condition.
      const more = {
        fetchInput: false,
        fetchOutput: "inline",
        pageSize: 7,
        maxPageBytes: 1,
        runtimeStatus: [],
      } as const;
      await hub.store.queryInstances({ ...asked, ...more, continuationToken });
    });
  });
}
