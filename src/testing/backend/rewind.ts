import { describe, expect } from "vitest";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  subOrchestrationCreated,
  taskFailed,
  taskScheduled,
} from "../history-builder.ts";
import { checkpoint, emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, type HubUnderTest, lockLost } from "./hub-under-test.ts";

const failed = {
  type: "ExecutionCompleted",
  eventId: 2,
  timestamp: at(5),
  orchestrationStatus: "Failed",
  result: "no",
  failureDetails: undefined,
} as const;

/** Has failed with its activity, beside a child that has an open end. */
async function failedInstance(hub: HubUnderTest) {
  const instance = hub.invent();
  const { workItem, executionId, event } = await hub.created(instance);
  const events = [
    episodeStarted(),
    event,
    taskScheduled(0, "Work"),
    subOrchestrationCreated(1, "Child", "child"),
    { ...taskFailed(0), failureDetails: undefined },
    failed,
    episodeCompleted(),
  ];
  const end = { runtimeStatus: "Failed", output: "no", completedTime: at(5), lastUpdatedTime: at(5) } as const;
  await hub.complete({
    ...checkpoint(workItem, executionId, events),
    instance: { executionId, customStatus: '"half"', ...end },
  });
  return { ...instance, events };
}

export function describeRewind(it: BackendTest): void {
  describe("rewind", () => {
    it("edits a history at the places that are named, and nowhere else", async ({ hub }) => {
      const instance = await failedInstance(hub);
      let read: unknown;

      await hub.store.editHistory(instance.instanceId, async (events) => {
        read = events;
        return { undone: [2, 4, 5], reopened: [3] };
      });
      const edited = (await hub.history(instance))!;

      expect(read).toEqual(instance.events);
      expect(edited.map(({ type }) => type)).toEqual([
        "OrchestratorStarted",
        "ExecutionStarted",
        "GenericEvent",
        "SubOrchestrationInstanceCreated",
        "GenericEvent",
        "GenericEvent",
        "OrchestratorCompleted",
      ]);
      const undone = edited.flatMap((event) => (event.type === "GenericEvent" ? event.data : []));
      expect(undone).toEqual(["Rewound: TaskScheduled", "Rewound: TaskFailed", "Rewound: ExecutionCompleted"]);
      expect(edited.map(({ eventId }) => eventId)).toEqual(instance.events.map(({ eventId }) => eventId));
      expect(edited.map(({ timestamp }) => timestamp)).toEqual(instance.events.map(({ timestamp }) => timestamp));
      expect(edited[3]).toMatchObject({ name: "Child", instanceId: "child" });
      for (const place of [0, 1, 6]) expect(edited[place]).toEqual(instance.events[place]);
    });

    it("changes nothing of a history when nothing is to be edited, or the decision fails", async ({ hub }) => {
      const { instanceId, events } = await failedInstance(hub);

      await hub.store.editHistory(instanceId, async () => ({ undone: [], reopened: [] }));
      const refused = hub.store.editHistory(instanceId, async () => {
        throw new Error("undecided");
      });

      await expect(refused).rejects.toThrow("undecided");
      expect(await hub.history({ instanceId })).toEqual(events);
    });

    it("refuses to edit a history that is not there", async ({ hub }) => {
      const pending = hub.invent();
      await hub.store.createInstance({ event: pending.event, replaces: undefined });
      const edit = (id: string) => hub.store.editHistory(id, async () => ({ undone: [0], reopened: [] }));

      await expect(edit("nobody")).rejects.toMatchObject({ code: "InstanceNotFound" });
      await expect(edit(pending.instanceId)).rejects.toMatchObject({ code: "InstanceNotFound" });
    });

    it("edits no history that has changed while it was decided upon", async ({ hub }) => {
      const instance = await hub.running(hub.invent(), [taskScheduled(0, "Work")]);
      const { instanceId, executionId, version, events } = instance;
      const workItem = await hub.raised(instance);

      const edit = hub.store.editHistory(instanceId, async () => {
        const place = { firstIndex: 4, expectedHistoryVersion: version };
        await hub.complete(checkpoint(workItem, executionId, [eventRaised("go")], place));
        return { undone: [2], reopened: [] };
      });

      await expect(edit).rejects.toMatchObject(lockLost);
      expect(await hub.history(instance)).toEqual([...events, eventRaised("go")]);
    });

    it("edits no history that another execution has replaced meanwhile", async ({ hub }) => {
      const instance = await hub.running(hub.invent(), [taskScheduled(0, "Work")]);
      const { instanceId, version } = instance;
      const workItem = await hub.raised(instance);
      const next = hub.invent(instanceId, "next").event;
      const replaced = [episodeStarted(1), next, taskScheduled(0, "Work"), episodeCompleted()];

      const edit = hub.store.editHistory(instanceId, async () => {
        await hub.complete(checkpoint(workItem, "next", replaced, { expectedHistoryVersion: version }));
        return { undone: [2], reopened: [] };
      });

      await expect(edit).rejects.toMatchObject(lockLost);
      expect(await hub.history(instance)).toEqual(replaced);
    });

    it("takes back the end that a row shows", async ({ hub }) => {
      const instance = await failedInstance(hub);
      const before = (await hub.row(instance))!;

      await hub.store.markPending(before);

      const row = await hub.row(instance);
      const pending = { runtimeStatus: "Pending", output: undefined, completedTime: undefined };
      expect(row).toEqual({ ...before, ...pending, lastUpdatedTime: row!.lastUpdatedTime });
    });

    it("takes back no end but the one that was seen, and nothing of what runs or is not there", async ({ hub }) => {
      const instance = await failedInstance(hub);
      const { executionId } = instance;
      const seen = (await hub.row(instance))!;
      await hub.store.markPending({ ...seen, completedTime: at(3) });
      await hub.store.markPending({ ...seen, runtimeStatus: "Completed" });
      const untouched = await hub.row(instance);
      await hub.store.markPending(seen);
      const workItem = await hub.raised(instance);
      const again = { runtimeStatus: "Failed", output: "again", completedTime: at(9), lastUpdatedTime: at(9) } as const;
      await hub.complete({
        ...emptyCheckpoint(workItem),
        instance: { executionId, customStatus: undefined, ...again },
        settled: workItem.messages,
      });

      await hub.store.markPending(seen);
      await hub.store.markPending({ ...seen, instanceId: "nobody" });

      expect(untouched).toEqual(seen);
      expect(await hub.row(instance)).toMatchObject(again);
      expect(await hub.row({ instanceId: "nobody" })).toBeUndefined();
    });
  });
}
