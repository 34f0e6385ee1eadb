import { describe, expect } from "vitest";
import { at, episodeStarted, eventRaised } from "../history-builder.ts";
import { checkpoint, ended, instanceChange } from "../work-items.ts";
import { type BackendTest, type HubUnderTest, type InventedInstance, lockLost, quietMs } from "./hub-under-test.ts";

/** Too large for a message and a column. */
const big = JSON.stringify("x".repeat(100_000));

async function finished(hub: HubUnderTest, instance: InventedInstance): Promise<string> {
  const { executionId } = instance;
  const { workItem, event } = await hub.created({ ...instance, event: { ...instance.event, input: big } });
  const done = { ...ended(), result: big };
  const { historyVersion } = await hub.complete({
    ...checkpoint(workItem, executionId, [episodeStarted(), event, done]),
    instance: {
      ...instanceChange(executionId),
      runtimeStatus: "Completed",
      output: big,
      completedTime: at(2),
    },
  });
  return historyVersion!;
}

export function describePurges(it: BackendTest): void {
  describe("purges of what has ended", () => {
    it("delete it whole, once, and nothing of a neighbour", async ({ hub }) => {
      // Each is in some way the beginning, the escaped form or another spelling of another.
      const ids = ["a", "a^0b", "a^^0b", "a%2Fb", "A", "a.", "ab", "a'b", "caf\u00e9", "cafe\u0301", "🌍", "🌍🌍"];
      for (const instanceId of ids) await finished(hub, hub.invent(instanceId));

      for (const [index, instanceId] of ids.entries()) {
        expect(await hub.store.purgeInstance(instanceId, { onlyEnded: true })).toBe(true);
        expect(await hub.store.purgeInstance(instanceId, { onlyEnded: true })).toBe(false);
        expect(await hub.store.getInstance(instanceId)).toBeUndefined();
        expect(await hub.store.getHistory(instanceId)).toBeUndefined();
        for (const left of ids.slice(index + 1)) {
          expect(await hub.store.getInstance(left)).toMatchObject({ input: big, output: big });
          expect(await hub.store.getHistory(left)).toMatchObject([{}, { input: big }, { result: big }]);
        }
      }
    });

    it("leave alone what runs, what waits, and what was started again", async ({ hub }) => {
      const running = await hub.running(hub.invent("runs"));
      await finished(hub, hub.invent("again", "earlier"));
      await hub.backend.stop();
      await hub.store.createInstance({ event: hub.invent("waits").event, replaces: undefined });
      const event = { ...hub.invent("again", "later").event, timestamp: at(10), generation: 1, input: big };
      await hub.store.createInstance({ event, replaces: await hub.store.getInstance("again") });

      for (const instanceId of ["runs", "waits", "again", "nobody"]) {
        expect(await hub.store.purgeInstance(instanceId, { onlyEnded: true })).toBe(false);
      }

      expect(await hub.history(running)).toEqual(running.events);
      const left = (await hub.find({})).map(({ instanceId, runtimeStatus, input }) => [
        instanceId,
        runtimeStatus,
        input,
      ]);
      expect(left.toSorted()).toEqual([
        ["again", "Pending", big],
        ["runs", "Running", '"in"'],
        ["waits", "Pending", '"in"'],
      ]);
    });
  });

  describe("purges of what has not ended", () => {
    it("take back a start that nobody has met", async ({ hub }) => {
      await hub.backend.stop();
      const { instanceId, event } = hub.invent();
      await hub.store.createInstance({ event: { ...event, input: big }, replaces: undefined });

      expect(await hub.store.purgeInstance(instanceId)).toBe(true);
      await hub.backend.start();

      expect(await hub.orchestrationWithin(2000)).toBeUndefined();
      expect(await hub.find({})).toEqual([]);
    });

    it("let nothing come of a first episode that is under way", async ({ hub }) => {
      const { workItem, executionId, event, instanceId } = await hub.created();
      const { name, input, tags, generation, scheduledStartTime, timestamp: createdTime } = event;
      const started = { name, version: undefined, input, tags, generation, scheduledStartTime, createdTime };

      expect(await hub.store.purgeInstance(instanceId)).toBe(true);
      const late = hub.complete({
        ...checkpoint(workItem, executionId, [episodeStarted(), event]),
        instance: { ...instanceChange(executionId), started },
      });

      await expect(late).rejects.toMatchObject(lockLost);
      expect(await hub.orchestrationWithin(2000)).toBeUndefined();
      expect(await hub.find({})).toEqual([]);
      expect(await hub.store.getHistory(instanceId)).toBeUndefined();
    });

    it("let nothing come of a later episode either, and free the id", async ({ hub }) => {
      const instance = await hub.running();
      const { instanceId, executionId, version } = instance;
      const workItem = await hub.raised(instance);

      expect(await hub.store.purgeInstance(instanceId)).toBe(true);
      const place = { firstIndex: instance.events.length, expectedHistoryVersion: version };
      const late = hub.complete(checkpoint(workItem, executionId, [eventRaised("go")], place));
      await expect(late).rejects.toMatchObject(lockLost);
      await hub.pass(quietMs);
      expect(await hub.find({})).toEqual([]);

      const fresh = hub.invent(instanceId, "fresh");
      await hub.store.createInstance({ event: { ...fresh.event, timestamp: at(20) }, replaces: undefined });
      expect(await hub.row(fresh)).toMatchObject({ executionId: "fresh", runtimeStatus: "Pending" });
    });
  });
}
