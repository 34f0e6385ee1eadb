import { describe, expect } from "vitest";
import type { ExecutionStarted } from "../../core/history-event.ts";
import { at, episodeStarted, eventRaised } from "../history-builder.ts";
import { checkpoint, emptyCheckpoint, ended } from "../work-items.ts";
import { type BackendTest, eventsOf, type HubUnderTest, lockLost, quietMs } from "./hub-under-test.ts";

/** An instance that has ended, with everything that a row can hold. */
async function endedInstance(hub: HubUnderTest, instanceId: string, executionId: string) {
  const event: ExecutionStarted = {
    ...hub.invent(instanceId, executionId).event,
    version: "1.0",
    tags: { old: "tag" },
    scheduledStartTime: at(0),
  };
  await hub.store.createInstance({ event, replaces: undefined });
  const workItem = await hub.orchestration();
  await hub.complete({
    ...checkpoint(workItem, executionId, [episodeStarted(), event, { ...ended(), result: '"old"' }]),
    instance: {
      executionId,
      lastUpdatedTime: at(2),
      customStatus: '"old"',
      runtimeStatus: "Completed",
      output: '"old"',
      completedTime: at(2),
    },
  });
  return event;
}

export function describeInstances(it: BackendTest): void {
  describe("instances", () => {
    it("are shown as their start says", async ({ hub }) => {
      const instance = hub.invent();
      const scheduledStartTime = new Date(hub.now() + 3_600_000);
      const event = { ...instance.event, version: "2.1", tags: { a: "1", b: "ü" }, scheduledStartTime, generation: 3 };

      await hub.store.createInstance({ event, replaces: undefined });

      expect(await hub.row(instance)).toMatchObject({
        instanceId: instance.instanceId,
        executionId: instance.executionId,
        name: "Test",
        version: "2.1",
        runtimeStatus: "Pending",
        input: '"in"',
        output: undefined,
        customStatus: undefined,
        createdTime: event.timestamp,
        completedTime: undefined,
        scheduledStartTime,
        generation: 3,
        tags: { a: "1", b: "ü" },
      });
    });

    it("that nobody has made are not there", async ({ hub }) => {
      expect(await hub.row({ instanceId: "nobody" })).toBeUndefined();
      expect(await hub.history({ instanceId: "nobody" })).toBeUndefined();
      const { instanceId } = hub.invent();
      await hub.store.createInstance({ event: hub.invent(instanceId).event, replaces: undefined });
      expect(await hub.history({ instanceId })).toBeUndefined();
    });

    it.for<[string, boolean]>([
      ["is free", false],
      ["was that of an ended instance", true],
    ])("let one of several creators have an id that %s, and refuse the others", async ([, isTaken], { hub }) => {
      if (isTaken) await endedInstance(hub, "wanted", "earlier");
      const replaces = await hub.store.getInstance("wanted");
      const events = Array.from({ length: 5 }, (_, index) => hub.invent("wanted", `execution-${index}`).event);

      const results = await Promise.allSettled(events.map((event) => hub.store.createInstance({ event, replaces })));
      const winner = events.find((_, index) => results[index]!.status === "fulfilled")!;
      const lost = results.filter((result) => result.status === "rejected");

      expect(lost.map(({ reason }) => reason.code)).toEqual(Array(4).fill("InstanceAlreadyExists"));
      expect(await hub.store.getInstance("wanted")).toMatchObject({ ...winner.orchestrationInstance });
      expect(eventsOf(await hub.orchestration())).toMatchObject([winner]);
      // The answer to its insert may have been lost: it may ask again.
      await hub.store.createInstance({ event: winner, replaces });
    });

    it("refuse an id that is in use, and go on as they were", async ({ hub }) => {
      const instance = await hub.running();
      const before = await hub.row(instance);

      const another = hub.invent(instance.instanceId, "another");
      const created = hub.store.createInstance({ event: another.event, replaces: undefined });

      await expect(created).rejects.toMatchObject({ code: "InstanceAlreadyExists" });
      expect(await hub.row(instance)).toEqual(before);
      expect(await hub.history(instance)).toEqual(instance.events);
    });

    it("keep nothing of the ended one that they replace, and begin without a history of their own", async ({ hub }) => {
      await endedInstance(hub, "again", "earlier");
      const next = hub.invent("again", "later");
      const event = { ...next.event, timestamp: at(10), input: undefined, generation: 1 };

      await hub.store.createInstance({ event, replaces: await hub.store.getInstance("again") });
      const row = await hub.row(next);
      const workItem = await hub.orchestration();
      const { executionId, historyVersion: version } = await hub.backend.loadHistory(workItem);

      expect(row).toMatchObject({
        executionId: "later",
        version: undefined,
        runtimeStatus: "Pending",
        input: undefined,
        output: undefined,
        customStatus: undefined,
        createdTime: at(10),
        completedTime: undefined,
        scheduledStartTime: undefined,
        generation: 1,
        tags: undefined,
      });
      // The history of the earlier execution stands until the first checkpoint replaces it, and is known by its name.
      expect(executionId).toBe("earlier");
      await hub.complete(
        checkpoint(workItem, "later", [episodeStarted(10), event], { expectedHistoryVersion: version }),
      );
      expect(await hub.history(next)).toEqual([episodeStarted(10), event]);
    });

    it("are read without their input when nobody asks for it", async ({ hub }) => {
      const instance = await hub.running();
      const read = (options?: { readonly fetchInput?: boolean }) => hub.store.getInstance(instance.instanceId, options);

      const [whole, asked, without] = [
        await read(),
        await read({ fetchInput: true }),
        await read({ fetchInput: false }),
      ];

      expect(whole).toMatchObject({ input: '"in"' });
      expect(asked).toEqual(whole);
      expect(without).toEqual({ ...whole, input: undefined });
    });

    it("that never ran can be ended where they are, and do not run any more", async ({ hub }) => {
      const instance = hub.invent();
      await hub.backend.stop();
      await hub.store.createInstance({ event: instance.event, replaces: undefined });

      await hub.store.terminatePending(instance.instanceId, instance.executionId, "not needed", at(9));
      const row = await hub.row(instance);
      await hub.backend.start();

      expect(row).toMatchObject({ runtimeStatus: "Terminated", output: "not needed", completedTime: at(9) });
      expect(row).toMatchObject({ lastUpdatedTime: at(9), input: '"in"' });
      expect(await hub.orchestrationWithin(2000)).toBeUndefined();
    });

    it("are ended without a reason as well", async ({ hub }) => {
      const { instanceId, executionId, event } = hub.invent();
      await hub.backend.stop();
      await hub.store.createInstance({ event, replaces: undefined });

      await hub.store.terminatePending(instanceId, executionId, undefined, at(9));

      expect(await hub.row({ instanceId })).toMatchObject({ runtimeStatus: "Terminated", output: undefined });
    });

    it("are not ended as if they had never run when they run, are another execution, or are not there", async ({
      hub,
    }) => {
      const running = await hub.running();
      const pending = hub.invent();
      await hub.store.createInstance({ event: pending.event, replaces: undefined });
      const before = [await hub.row(running), await hub.row(pending)];

      await hub.store.terminatePending(running.instanceId, running.executionId, "no", at(9));
      await hub.store.terminatePending(pending.instanceId, "another-execution", "no", at(9));
      await hub.store.terminatePending("nobody", "e", "no", at(9));

      expect([await hub.row(running), await hub.row(pending)]).toEqual(before);
      expect(await hub.row({ instanceId: "nobody" })).toBeUndefined();
      expect((await hub.orchestration()).instanceId).toBe(pending.instanceId);
    });

    it("are purged one by one, whatever others are called", async ({ hub }) => {
      const big = JSON.stringify("x".repeat(100_000));
      for (const instanceId of ["job1", "job10", "job1:2", "JOB1"]) {
        const event = { ...hub.invent(instanceId).event, input: big };
        await hub.store.createInstance({ event, replaces: undefined });
      }

      expect(await hub.store.purgeInstance("job1")).toBe(true);
      expect(await hub.store.purgeInstance("job1")).toBe(false);
      expect(await hub.store.getInstance("job1")).toBeUndefined();
      for (const left of ["job10", "job1:2", "JOB1"]) expect((await hub.store.getInstance(left))?.input).toBe(big);
    });

    it("leave nothing behind when they are purged, and their ids are free", async ({ hub }) => {
      await endedInstance(hub, "purged", "earlier");

      expect(await hub.store.purgeInstance("purged")).toBe(true);
      expect(await hub.find({})).toEqual([]);
      expect(await hub.history({ instanceId: "purged" })).toBeUndefined();
      const fresh = await hub.created(hub.invent("purged", "fresh"));
      const loaded = await hub.backend.loadHistory(fresh.workItem);

      expect(await hub.row(fresh)).toMatchObject({ executionId: "fresh", runtimeStatus: "Pending", tags: undefined });
      expect(loaded).toMatchObject({ events: [], executionId: undefined, historyVersion: undefined });
      await hub.complete(checkpoint(fresh.workItem, "fresh", [episodeStarted(), fresh.event]));
      expect(await hub.history(fresh)).toEqual([episodeStarted(), fresh.event]);
    });

    it("stay purged, whatever is written for them afterwards", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId, version, event } = instance;
      const { name, input, tags, generation, scheduledStartTime, timestamp: createdTime } = event;
      const change = {
        executionId,
        lastUpdatedTime: at(9),
        customStatus: undefined,
        started: { name, version: undefined, input, tags, generation, scheduledStartTime, createdTime },
        runtimeStatus: "Running",
      } as const;
      const place = { firstIndex: 3, expectedHistoryVersion: version };
      const first = await hub.raised(instance);
      await hub.store.purgeInstance(instance.instanceId);

      const refused = hub.complete({ ...checkpoint(first, executionId, [eventRaised("go")], place), instance: change });
      await expect(refused).rejects.toMatchObject(lockLost);
      const again = await hub.orchestration();
      await hub.complete({
        ...emptyCheckpoint(again),
        instance: { ...change, historyVersion: version },
        settled: again.messages,
      });
      await hub.pass(quietMs);

      expect(await hub.row(instance)).toBeUndefined();
      expect(await hub.history(instance)).toBeUndefined();
    });
  });
}
