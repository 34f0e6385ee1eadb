import { describe, expect } from "vitest";
import { maxHeartbeatBytes } from "../../core/activity-heartbeat.ts";
import type { ActivityWorkItem, Backend } from "../../engine/backend.ts";
import { taskCompleted, taskScheduled } from "../history-builder.ts";
import { type BackendTest, eventsOf, type HubUnderTest, lockLost, quietMs } from "./hub-under-test.ts";

const answer = { event: taskCompleted(0, "done"), target: { instanceId: "asks", executionId: "e" } };
/** With all that a careless codec trips over. */
const details = JSON.stringify({ text: '",\\"LastHeartbeat\\":\n ü 🎈 ]}', list: [1, null, '"}'] });
const asking = { target: answer.target };

function nameOf({ delivered }: ActivityWorkItem): string | undefined {
  const { event } = delivered.message;
  return event.type === "TaskScheduled" ? event.name : undefined;
}

export function describeActivities(it: BackendTest): void {
  describe("activities", () => {
    it("gives several out side by side, also of one instance", async ({ hub }) => {
      for (const [id, name] of ["a", "b", "c"].entries()) await hub.request(asking, name, id);

      const taken = [await hub.activity(), await hub.activity(), await hub.activity()];

      expect(taken.map(nameOf).toSorted()).toEqual(["a", "b", "c"]);
      expect(taken.map(({ unfinishedRuns }) => unfinishedRuns)).toEqual([0, 0, 0]);
      expect(taken.map(({ delivered }) => delivered.deliveryCount)).toEqual([1, 1, 1]);
    });

    it("wakes one of several who wait, and the others sleep on", async ({ hub }) => {
      const stop = new AbortController();
      const woken: (string | undefined)[] = [];
      const waiting = Array.from({ length: 3 }, async () => {
        const workItem = await hub.backend.fetchActivityWorkItem(stop.signal);
        woken.push(workItem && nameOf(workItem));
      });
      await hub.pass(quietMs);

      await hub.request(asking, "one");
      await hub.pass(2 * quietMs);
      const wokenByOne = [...woken];
      stop.abort();
      await Promise.all(waiting);

      expect(wokenByOne).toEqual(["one"]);
      expect(woken).toEqual(["one", undefined, undefined]);
    });

    it("waits until it is told not to, and takes nothing for those who no longer wait", async ({ hub }) => {
      const stop = new AbortController();
      let isSettled = false;
      const waiting = hub.backend.fetchActivityWorkItem(stop.signal).finally(() => {
        isSettled = true;
      });
      await hub.pass(3 * quietMs);
      const wasSettled = isSettled;
      stop.abort();

      expect(wasSettled).toBe(false);
      expect(await waiting).toBeUndefined();
      await hub.request(asking, "late");
      expect(await hub.backend.fetchActivityWorkItem(stop.signal)).toBeUndefined();
      expect(nameOf(await hub.activity())).toBe("late");
    });

    it("receives no more ahead than the caller could take", async ({ hub }) => {
      for (const name of ["a", "b", "c"]) await hub.request(asking, name);
      const other = await hub.another();

      const taken = [await hub.activity(hub.backend, () => 1), await hub.activity(other), await hub.activity(other)];

      expect(taken.map(nameOf).toSorted()).toEqual(["a", "b", "c"]);
      expect(taken.map(({ delivered }) => delivered.deliveryCount)).toEqual([1, 1, 1]);
    });

    it("gives the caller all that it could take, one at a time", async ({ hub }) => {
      const names = ["a", "b", "c", "d", "e"];
      for (const name of names) await hub.request(asking, name);

      const taken: ActivityWorkItem[] = [];
      for (let free = names.length; free > 0; free--) taken.push(await hub.activity(hub.backend, () => free));

      expect(taken.map(nameOf).toSorted()).toEqual(names);
    });

    it("sends the answer and deletes the request", async ({ hub }) => {
      await hub.request(asking);
      const workItem = await hub.activity();

      await hub.backend.completeActivityWorkItem(workItem, answer);
      const answered = await hub.orchestration();
      await hub.expireLocks();

      expect(eventsOf(answered)).toEqual([answer.event]);
      expect(await hub.activityWithin(5000)).toBeUndefined();
    });

    it("sends no second answer for a request that is settled", async ({ hub }) => {
      await hub.request(asking);
      const workItem = await hub.activity();
      await hub.backend.abandonActivityWorkItem(workItem);

      await expect(hub.backend.completeActivityWorkItem(workItem, answer)).rejects.toMatchObject(lockLost);

      expect(await hub.orchestrationWithin(quietMs)).toBeUndefined();
    });

    it("counts runs that have begun and not ended, by whichever worker", async ({ hub }) => {
      await hub.request(asking);

      const counts = [(await begun(hub)).unfinishedRuns];
      for (let round = 0; round < 3; round++) {
        // As after the end of its process: nobody asks for the lock any more.
        await hub.expireLocks();
        counts.push((await begun(hub, await hub.another())).unfinishedRuns);
      }

      expect(counts).toEqual([0, 1, 2, 3]);
    });

    it("counts no run that was handed back", async ({ hub }) => {
      await hub.request(asking);
      const rounds = hub.isStepped ? 10 : 3;

      for (let round = 0; round < rounds; round++) {
        const workItem = await begun(hub);
        expect(workItem.unfinishedRuns).toBe(0);
        await hub.backend.abandonActivityWorkItem(workItem);
        await hub.pass(hub.isStepped ? 600_000 : 0);
      }

      const last = await hub.activity(await hub.another());
      expect(last.unfinishedRuns).toBe(0);
      expect(last.delivered.deliveryCount).toBe(rounds + 1);
    });

    it("counts a run that did not end beside others that were handed back", async ({ hub }) => {
      await hub.request(asking);
      await begun(hub);
      await hub.expireLocks();
      const other = await hub.another();

      const second = await begun(hub, other);
      await other.abandonActivityWorkItem(second);
      const third = await begun(hub, other);

      expect([second, third].map(({ unfinishedRuns }) => unfinishedRuns)).toEqual([1, 1]);
    });

    it("counts no run whose lock was lost by a worker that is still there", async ({ hub }) => {
      await hub.request(asking);
      // Stores may tell only from the second delivery on whose run it was.
      await hub.backend.abandonActivityWorkItem(await begun(hub));
      const lost = await begun(hub);
      await hub.expireLocks();
      const other = await hub.another();
      const successor = await begun(hub, other);
      await expect(hub.backend.renewActivityWorkItem(lost)).rejects.toMatchObject(lockLost);

      await other.abandonActivityWorkItem(successor);
      const again = await hub.activity();

      expect(again.unfinishedRuns).toBe(0);
    });

    it("counts each request by itself", async ({ hub }) => {
      await hub.request(asking, "dies", 0);
      await begun(hub);
      await hub.expireLocks();
      const other = await hub.another();
      expect((await hub.activity(other)).unfinishedRuns).toBe(1);

      await hub.request(asking, "fresh", 1);
      const fresh = await hub.activity(other);

      expect(nameOf(fresh)).toBe("fresh");
      expect(fresh.unfinishedRuns).toBe(0);
    });

    it("deletes a request that nobody is there to answer", async ({ hub }) => {
      await hub.request(asking);

      await hub.backend.completeActivityWorkItem(await hub.activity(), undefined);
      await hub.expireLocks();

      expect(await hub.activityWithin(5000)).toBeUndefined();
      expect(await hub.orchestrationWithin(quietMs)).toBeUndefined();
    });

    it("hands the details of the last heartbeat to the next delivery, on whichever worker", async ({ hub }) => {
      await hub.request(asking);
      const first = await begun(hub);
      expect(first.lastHeartbeat).toBeUndefined();
      await hub.backend.renewActivityWorkItem(first, "1");
      await hub.backend.renewActivityWorkItem(first, details);
      await hub.backend.renewActivityWorkItem(first);
      await hub.expireLocks();
      const other = await hub.another();

      const second = await begun(hub, other);
      await other.abandonActivityWorkItem(second);
      const third = await begun(hub, other);
      await other.renewActivityWorkItem(third, '"the last"');
      await other.abandonActivityWorkItem(third);
      const fourth = await begun(hub, other);

      expect([second, third, fourth].map(({ lastHeartbeat }) => lastHeartbeat)).toEqual([
        details,
        details,
        '"the last"',
      ]);
      expect([second, third, fourth].map(({ unfinishedRuns }) => unfinishedRuns)).toEqual([1, 1, 1]);
    });

    it("keeps the details of a heartbeat beside a request of any size", async ({ hub }) => {
      const largest = JSON.stringify("x".repeat(maxHeartbeatBytes - 6));
      for (const [id, length] of [1, 40_000, 44_000, 45_000, 45_500, 46_000, 100_000].entries()) {
        const event = taskScheduled(id, "Work", ["ü".repeat(length / 2)]);
        await hub.store.sendMessage({ message: { event, target: asking.target } });
        const workItem = await hub.activity();
        await hub.backend.renewActivityWorkItem(workItem, largest);
        await hub.backend.abandonActivityWorkItem(workItem);

        const again = await hub.activity();
        await hub.backend.completeActivityWorkItem(again, undefined);

        expect(again.lastHeartbeat).toBe(largest);
        expect(again.delivered.message.event).toEqual(event);
      }
    });
  });
}

/** The next request, as its code begins to run. */
async function begun(hub: HubUnderTest, backend: Backend = hub.backend): Promise<ActivityWorkItem> {
  const workItem = await hub.activity(backend);
  await backend.noteRun(workItem, "begun");
  return workItem;
}
