import { describe, expect } from "vitest";
import type { ParentInstance } from "../../core/history-event.ts";
import type { InstanceChange } from "../../engine/backend.ts";
import { at, episodeStarted } from "../history-builder.ts";
import { checkpoint, emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, type HubUnderTest, type InventedInstance, lockLost } from "./hub-under-test.ts";

const parentInstance: ParentInstance = {
  name: "Parent",
  version: undefined,
  orchestrationInstance: { instanceId: "parent", executionId: "of-parent" },
  taskScheduleId: 0,
};

function change(executionId: string, more: Partial<InstanceChange> = {}): InstanceChange {
  return { executionId, lastUpdatedTime: at(5), customStatus: undefined, ...more };
}

function startedAt(seconds: number, input = '"in"') {
  const rest = { tags: undefined, generation: undefined, scheduledStartTime: undefined };
  return { name: "Test", version: undefined, input, createdTime: at(seconds), ...rest };
}

const completed = { runtimeStatus: "Completed", output: '"out"', completedTime: at(5) } as const;

/** Writes a change without history, on the occasion of an event. */
async function write(hub: HubUnderTest, instance: Pick<InventedInstance, "target">, instanceChange: InstanceChange) {
  const workItem = await hub.raised(instance);
  await hub.complete({ ...emptyCheckpoint(workItem), instance: instanceChange, settled: workItem.messages });
}

export function describeInstanceRows(it: BackendTest): void {
  describe("the row of an instance", () => {
    it("shows what changes say, and keeps what they do not know", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId } = instance;

      await write(hub, instance, change(executionId, { customStatus: '"kept"', runtimeStatus: "Suspended" }));
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(6), keepsCustomStatus: true }));
      const kept = await hub.row(instance);
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(7) }));
      const cleared = await hub.row(instance);
      await write(hub, instance, change(executionId, { ...completed, customStatus: '{"a":[1]}' }));

      expect(kept).toMatchObject({ runtimeStatus: "Suspended", customStatus: '"kept"', lastUpdatedTime: at(6) });
      expect(kept).toMatchObject({ name: "Test", input: '"in"', output: undefined, completedTime: undefined });
      expect(cleared).toMatchObject({ runtimeStatus: "Suspended", customStatus: undefined, lastUpdatedTime: at(7) });
      expect(await hub.row(instance)).toMatchObject({ ...completed, customStatus: '{"a":[1]}', input: '"in"' });
    });

    it("tells those who run activities how far the instance has come", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId, event } = instance;
      const progress = () => hub.backend.readInstanceProgress(instance.instanceId);
      const running = { executionId, runtimeStatus: "Running", createdTime: event.timestamp, unwantedTasks: [] };
      expect(await progress()).toEqual(running);

      await write(hub, instance, change(executionId, { unwantedTasks: [0, 12] }));
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(6) }));
      const kept = await progress();
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(7), unwantedTasks: [] }));
      const cleared = await progress();
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(8), unwantedTasks: [3] }));
      await write(
        hub,
        instance,
        change("next", { lastUpdatedTime: at(9), started: startedAt(9), runtimeStatus: "Running" }),
      );
      const next = await progress();
      await write(hub, instance, change("next", completed));

      expect(kept).toEqual({ ...running, unwantedTasks: [0, 12] });
      expect(cleared).toEqual(running);
      expect(next).toEqual({ ...running, executionId: "next", createdTime: at(9) });
      expect(await progress()).toMatchObject({ executionId: "next", runtimeStatus: "Completed" });
      expect(await hub.backend.readInstanceProgress("nobody")).toBeUndefined();
    });

    it("shows what its code waits for until the next change", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId } = instance;
      const eventWaits = {
        awaited: [{ name: "Approval é\u0000 ", since: at(3), count: 2 }],
        kept: [{ name: "Other", since: at(4), count: 1 }],
      };

      await write(hub, instance, change(executionId, { lastUpdatedTime: at(6), eventWaits, unwantedTasks: [4] }));
      const noted = await hub.row(instance);
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(7) }));

      expect(noted?.waitNote).toEqual({ events: eventWaits, unwantedTasks: [4] });
      expect((await hub.row(instance))?.waitNote).toEqual({ events: undefined, unwantedTasks: [4] });
    });

    it("keeps the custom status of an end that does not know it", async ({ hub }) => {
      const instance = await hub.running();

      await write(hub, instance, change(instance.executionId, { ...completed, keepsCustomStatus: true }));

      expect(await hub.row(instance)).toMatchObject({ ...completed, customStatus: '"half"' });
    });

    it("keeps an end: what is late or repeated changes nothing", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId } = instance;
      const end = change(executionId, { ...completed, customStatus: '"end"' });
      await write(hub, instance, end);
      const before = await hub.row(instance);

      await write(hub, instance, change(executionId, { lastUpdatedTime: at(9), runtimeStatus: "Running" }));
      await write(hub, instance, change(executionId, { lastUpdatedTime: at(9), customStatus: '"late"' }));
      await write(hub, instance, { ...end, lastUpdatedTime: at(9), output: '"other"' });

      expect(await hub.row(instance)).toEqual(before);
    });

    it("keeps an end that another worker has written since", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId } = instance;
      const late = await hub.raised(instance);
      const other = await hub.another();
      const workItem = await hub.takenOver(other);
      await other.completeOrchestrationWorkItem({
        ...emptyCheckpoint(workItem),
        instance: change(executionId, { ...completed, customStatus: '"end"' }),
        settled: workItem.messages,
      });
      const before = await hub.row(instance);

      const running = change(executionId, { lastUpdatedTime: at(9), runtimeStatus: "Running" });
      await hub
        .complete({ ...emptyCheckpoint(late), instance: running, settled: late.messages })
        .catch((error: unknown) => expect(error).toMatchObject(lockLost));

      expect(before).toMatchObject(completed);
      expect(await hub.row(instance)).toEqual(before);
    });

    it("takes a later end, with nothing of the earlier", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId } = instance;
      const failed = { runtimeStatus: "Failed", output: "no", completedTime: at(5) } as const;
      const later = { runtimeStatus: "Completed", completedTime: at(9), lastUpdatedTime: at(9) } as const;
      const started = startedAt(0);
      await write(hub, instance, change(executionId, failed));

      await write(hub, instance, change(executionId, { ...later, started }));

      expect(await hub.row(instance)).toMatchObject({ ...later, output: undefined });
      await write(hub, instance, change(executionId, { ...failed, completedTime: at(7), started }));
      expect(await hub.row(instance)).toMatchObject({ ...later, output: undefined });
    });

    it("is made of a change that knows how the execution began, when it is missing", async ({ hub }) => {
      const instance = hub.invent("child");
      const { target, executionId } = instance;
      const event = { ...instance.event, parentInstance, version: "3", tags: { t: "1" }, generation: undefined };
      await hub.store.sendMessage({ message: { event, target } });
      const workItem = await hub.orchestration();
      const started = { ...startedAt(3), version: "3", tags: { t: "1" } };

      await hub.complete({
        ...checkpoint(workItem, executionId, [episodeStarted(), event]),
        instance: change(executionId, {
          started,
          parentInstanceId: "parent",
          runtimeStatus: "Running",
          customStatus: '"new"',
        }),
      });

      expect(await hub.row(instance)).toMatchObject({
        instanceId: "child",
        executionId,
        name: "Test",
        version: "3",
        runtimeStatus: "Running",
        input: '"in"',
        output: undefined,
        customStatus: '"new"',
        createdTime: at(3),
        lastUpdatedTime: at(5),
        completedTime: undefined,
        generation: 0,
        tags: { t: "1" },
        parentInstanceId: "parent",
      });
    });

    it("names the parent until a change says that there is none", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId } = instance;
      const before = await hub.row(instance);

      await write(hub, instance, change(executionId, { parentInstanceId: "parent" }));
      await write(hub, instance, change(executionId));
      const kept = await hub.row(instance);
      await write(hub, instance, change(executionId, { parentInstanceId: "" }));

      expect(before?.parentInstanceId).toBeUndefined();
      expect(kept?.parentInstanceId).toBe("parent");
      expect((await hub.row(instance))?.parentInstanceId).toBeUndefined();
    });

    it("is made again, when it was lost, of the first change that knows", async ({ hub }) => {
      const instance = hub.invent("child");
      const { target, executionId } = instance;
      const event = { ...instance.event, parentInstance };
      await hub.store.sendMessage({ message: { event, target } });
      const workItem = await hub.orchestration();
      // As after a crash between the history and the row.
      const made = checkpoint(workItem, executionId, [episodeStarted(), event]);
      const { historyVersion: version } = await hub.complete({ ...made, instance: undefined });
      const missing = await hub.row(instance);

      await write(hub, instance, change(executionId, { runtimeStatus: "Running" }));
      const stillMissing = await hub.row(instance);
      const known = change(executionId, { ...completed, started: startedAt(3), historyVersion: version });
      await write(hub, instance, known);

      expect([missing, stillMissing]).toEqual([undefined, undefined]);
      expect(await hub.row(instance)).toMatchObject({ ...completed, input: '"in"', createdTime: at(3) });
    });

    it("goes over to the execution that continues it", async ({ hub }) => {
      const instance = await hub.running();
      const started = startedAt(4, '"round 2"');

      await write(hub, instance, change("next", { started, runtimeStatus: "Running", customStatus: '"round 2"' }));

      expect(await hub.row(instance)).toMatchObject({
        executionId: "next",
        input: '"round 2"',
        customStatus: '"round 2"',
        createdTime: at(4),
        runtimeStatus: "Running",
      });
    });

    it("goes over to an execution that was created after the end of another, and keeps nothing of that", async ({
      hub,
    }) => {
      const instance = await hub.running();
      await write(hub, instance, change(instance.executionId, { ...completed, customStatus: '"old"' }));

      await write(hub, instance, change("next", { started: startedAt(8), runtimeStatus: "Running" }));

      expect(await hub.row(instance)).toMatchObject({
        executionId: "next",
        runtimeStatus: "Running",
        output: undefined,
        customStatus: undefined,
        completedTime: undefined,
        createdTime: at(8),
      });
    });

    it("stays with an execution that was created later", async ({ hub }) => {
      const instance = await hub.running();
      await write(hub, instance, change("later", { started: startedAt(8), runtimeStatus: "Running" }));
      const before = await hub.row(instance);

      await write(hub, instance, change("earlier", { ...completed, started: startedAt(2), lastUpdatedTime: at(9) }));

      expect(before).toMatchObject({ executionId: "later" });
      expect(await hub.row(instance)).toEqual(before);
    });

    it("stays with a new instance that has taken the place of an ended one", async ({ hub }) => {
      const instance = await hub.running();
      const { instanceId, executionId } = instance;
      const late = await hub.raised(instance);
      await hub.complete({
        ...emptyCheckpoint(late),
        instance: change(executionId, completed),
        settled: [],
        deferred: late.messages,
      });
      const next = hub.invent(instanceId, "next");
      const event = { ...next.event, timestamp: at(20), input: '"next"' };
      await hub.store.createInstance({ event, replaces: await hub.row(instance) });
      const before = await hub.row(instance);

      const workItem = await hub.orchestration();
      const failed = { ...completed, runtimeStatus: "Failed", started: startedAt(0) } as const;
      await hub.complete({
        ...emptyCheckpoint(workItem),
        instance: change(executionId, failed),
        settled: workItem.messages,
      });

      expect(before).toMatchObject({ executionId: "next", runtimeStatus: "Pending", input: '"next"' });
      expect(await hub.row(instance)).toEqual(before);
    });
  });
}
