import { describe, expect } from "vitest";
import type { OutgoingMessage } from "../../core/task-message.ts";
import type { TaskHubStore } from "../../engine/backend.ts";
import { at, eventRaised, executionStarted } from "../history-builder.ts";
import { type BackendTest, eventsOf, quietMs } from "./hub-under-test.ts";

const start = executionStarted("Test", { instanceId: "first", executionId: "e" });
const event: OutgoingMessage = { message: { event: eventRaised("go"), target: start.orchestrationInstance } };

/** What a client may do first with a hub of which nothing is made, and what that has to come to. */
const firstCalls: readonly [string, (store: TaskHubStore) => Promise<unknown>, unknown][] = [
  ["creates the hub", (store) => store.createTaskHub(), undefined],
  ["starts an instance", (store) => store.createInstance({ event: start, replaces: undefined }), undefined],
  ["sends a message", (store) => store.sendMessage(event), undefined],
  ["looks for an instance", (store) => store.getInstance("first"), undefined],
  ["looks for instances", async (store) => (await store.queryInstances({})).instances, []],
  ["counts instances", (store) => store.countInstances({}), 0],
  ["reads a history", (store) => store.getHistory("first"), undefined],
  ["ends an instance that never ran", (store) => store.terminatePending("first", "e", "no", at(0)), undefined],
  ["purges an instance", (store) => store.purgeInstance("first"), false],
];

export function describeLifecycle(it: BackendTest): void {
  describe("lifecycle", () => {
    it("starts and stops again and again, also twice at a time", async ({ open }) => {
      const hub = await open({ isStarted: false });
      const { backend } = hub;

      await backend.stop();
      await Promise.all([backend.start(), backend.start()]);
      await hub.running();
      await Promise.all([backend.stop(), backend.stop()]);
      await backend.start();
      const { instanceId, workItem } = await hub.created();

      expect(workItem.instanceId).toBe(instanceId);
    });

    it.for(firstCalls)("makes what is missing when a client first %s", async ([, call, outcome], { open }) => {
      const hub = await open({ isStarted: false });

      expect(await call(hub.store)).toEqual(outcome);
      await hub.store.createTaskHub();
      await hub.backend.start();
      await hub.running(hub.invent("another"));
    });

    it("edits no history and marks nothing of a hub that has to be made first", async ({ open }) => {
      const hub = await open({ isStarted: false });

      const edit = hub.store.editHistory("first", async () => ({ undone: [], reopened: [] }));

      await expect(edit).rejects.toMatchObject({ code: "InstanceNotFound" });
    });

    it("hands back at the stop the orchestrations and entities that it has received and nobody asked for", async ({
      hub,
    }) => {
      const ids = ["a", "b", "c", "d", "e", "f"];
      const entityIds = ids.map((key) => `@counter@${key}`);
      for (const id of ids) {
        await hub.store.createInstance({ event: hub.invent(id).event, replaces: undefined });
      }
      for (const id of entityIds) await hub.raise(hub.invent(id));
      await hub.pass(quietMs);

      await hub.backend.stop();
      const other = await hub.another();
      const fetched: string[] = [];
      for (const _ of ids) fetched.push((await hub.orchestration(other)).instanceId);
      for (const _ of ids) fetched.push((await hub.entity(other)).instanceId);

      expect(fetched.toSorted()).toEqual([...entityIds, ...ids]);
    });

    it("hands back at the stop the activities that it has received and nobody asked for", async ({ hub }) => {
      const instance = hub.invent();
      const names = ["a", "b", "c"];
      for (const name of names) await hub.request(instance, name);

      const taken = await hub.activity(hub.backend, () => 3);
      await hub.backend.stop();
      const other = await hub.another();
      const fetched = [await hub.activity(other), await hub.activity(other)];
      const fourth = await hub.activityWithin(quietMs, other);

      const nameOf = ({ delivered: { message } }: typeof taken) => "name" in message.event && message.event.name;
      expect([taken, ...fetched].map(nameOf).toSorted()).toEqual(names);
      expect(fetched.map(({ unfinishedRuns }) => unfinishedRuns)).toEqual([0, 0]);
      expect(fourth).toBeUndefined();
    });

    it("deletes a hub with all that is in it and on its way, and makes it anew", async ({ hub }) => {
      const ran = await hub.running();
      const big = { ...hub.invent("big").event, input: JSON.stringify("x".repeat(100_000)) };
      await hub.store.createInstance({ event: big, replaces: undefined });
      await hub.raise(ran);
      await hub.request(ran);

      await hub.backend.stop();
      await hub.store.deleteTaskHub();
      await hub.store.createTaskHub();
      await hub.backend.start();

      expect(await hub.find({ includeEntities: true })).toEqual([]);
      expect(await hub.history(ran)).toBeUndefined();
      expect(await hub.activityWithin(quietMs)).toBeUndefined();
      const fresh = hub.invent(ran.instanceId, "fresh");
      const { workItem } = await hub.created(fresh);
      expect(eventsOf(workItem)).toMatchObject([fresh.event]);
    });
  });
}
