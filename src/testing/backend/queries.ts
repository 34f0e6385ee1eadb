import { describe, expect } from "vitest";
import type { InstanceQuery } from "../../core/orchestration-state.ts";
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
  });
}
