import { describe, expect } from "vitest";
import type { HistoryEvent } from "../../core/history-event.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskScheduled,
} from "../history-builder.ts";
import { checkpoint, emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, lockLost, namesOf } from "./hub-under-test.ts";

export function describeCheckpoints(it: BackendTest): void {
  describe("checkpoints", () => {
    it("keep events in order and complete, and show the instance", async ({ hub }) => {
      const instance = await hub.running(hub.invent(), [taskScheduled(0, "Hello")]);

      expect(await hub.history(instance)).toEqual(instance.events);
      const row = { runtimeStatus: "Running", customStatus: '"half"', lastUpdatedTime: at(1) };
      expect(await hub.row(instance)).toMatchObject(row);
    });

    it("are loaded as they were written, with the version at which the next one appends", async ({ hub }) => {
      const instance = await hub.running();
      const workItem = await hub.raised(instance);

      const loaded = await hub.backend.loadHistory(workItem);

      const { events, executionId, version } = instance;
      expect(loaded).toMatchObject({ events, executionId, historyVersion: version });
      expect(version).toBeTypeOf("string");
      expect(loaded.problem).toBeUndefined();
    });

    it("append at the version that the last one left", async ({ hub }) => {
      const instance = await hub.running();
      const workItem = await hub.raised(instance);
      const more = [episodeStarted(1), eventRaised("go"), episodeCompleted()];

      const { historyVersion: version } = await hub.complete(
        checkpoint(workItem, instance.executionId, more, { firstIndex: 3, expectedHistoryVersion: instance.version }),
      );

      expect(await hub.history(instance)).toEqual([...instance.events, ...more]);
      expect(version).toBeTypeOf("string");
      expect(version).not.toBe(instance.version);
    });

    it.for<[string, (version: string | undefined) => string | undefined]>([
      ["is expected to be empty", () => undefined],
      ["was written by another since", (version) => version],
    ])("are refused whole on a history that %s", async ([, expected], { hub }) => {
      const instance = await hub.running();
      const { executionId, version } = instance;
      const second = [episodeStarted(1), eventRaised("go"), episodeCompleted()];
      await hub.complete(
        checkpoint(await hub.raised(instance), executionId, second, { firstIndex: 3, expectedHistoryVersion: version }),
      );
      const before = await hub.row(instance);
      const workItem = await hub.raised(instance, "refused");
      const stale = checkpoint(workItem, executionId, [episodeStarted(2), eventRaised("refused")], {
        firstIndex: 6,
        expectedHistoryVersion: expected(version),
      });

      const refused = hub.complete({
        ...stale,
        instance: { executionId, lastUpdatedTime: at(9), customStatus: '"late"', runtimeStatus: "Failed" },
      });

      await expect(refused).rejects.toMatchObject(lockLost);
      expect(await hub.history(instance)).toEqual([...instance.events, ...second]);
      expect(await hub.row(instance)).toEqual(before);
      // Refused is settled: its messages come again as a new work item.
      await expect(hub.backend.renewOrchestrationWorkItem(workItem)).rejects.toMatchObject(lockLost);
      await expect(hub.complete({ ...stale, history: undefined })).rejects.toMatchObject(lockLost);
      const again = await hub.orchestration();
      expect(namesOf(again)).toEqual(["refused"]);
      expect(again.messages[0]!.id).toBe(workItem.messages[0]!.id);
    });

    it("are refused at a version that a history never had", async ({ hub }) => {
      const another = await hub.running();
      const { workItem, executionId, event, instanceId } = await hub.created();
      const before = await hub.backend.loadHistory(workItem);
      const made = checkpoint(workItem, executionId, [event], { expectedHistoryVersion: another.version });

      await expect(hub.complete(made)).rejects.toMatchObject(lockLost);

      expect(before.historyVersion).toBeUndefined();
      expect(await hub.history({ instanceId })).toBeUndefined();
    });

    it("of two workers that hold one instance let one write", async ({ hub }) => {
      const instance = await hub.running();
      const { executionId, version, events } = instance;
      const first = await hub.raised(instance);
      const other = await hub.another();
      const second = await hub.takenOver(other);
      const appended = [episodeStarted(1), eventRaised("go"), episodeCompleted()];
      const place = { firstIndex: 3, expectedHistoryVersion: version };

      await other.completeOrchestrationWorkItem(checkpoint(second, executionId, appended, place));
      const late = hub.complete(checkpoint(first, executionId, [episodeStarted(7), ...appended], place));

      await expect(late).rejects.toMatchObject(lockLost);
      expect(await hub.history(instance)).toEqual([...events, ...appended]);
    });

    it("replace a history that starts over, so that nothing of the old one is read", async ({ hub }) => {
      const instance = await hub.running(
        hub.invent(),
        Array.from({ length: 9 }, (_, id) => taskScheduled(id, "Hello")),
      );
      const { instanceId, version } = instance;
      const next = executionStarted("Test", { instanceId, executionId: "next" });
      const workItem = await hub.raised(instance);

      await hub.complete(checkpoint(workItem, "next", [episodeStarted(1), next], { expectedHistoryVersion: version }));
      const loaded = await hub.backend.loadHistory(await hub.raised({ target: next.orchestrationInstance }));

      expect(loaded).toMatchObject({ executionId: "next", events: [episodeStarted(1), next] });
      expect(loaded.events).toHaveLength(2);
      expect(await hub.history(instance)).toEqual([episodeStarted(1), next]);
    });

    it("without events leave the history as it is", async ({ hub }) => {
      const instance = await hub.running();
      const before = await hub.row(instance);
      const workItem = await hub.raised(instance);

      const { historyVersion: version } = await hub.complete({
        ...emptyCheckpoint(workItem),
        settled: workItem.messages,
      });
      const loaded = await hub.backend.loadHistory(await hub.raised(instance));

      expect(version).toBeUndefined();
      expect(loaded).toMatchObject({ events: instance.events, historyVersion: instance.version });
      expect(await hub.row(instance)).toEqual(before);
    });

    it("keep the ids of accepted messages with the history, until the next one has others", async ({ hub }) => {
      const { workItem, executionId, event, target } = await hub.created();
      const kept: (readonly string[] | undefined)[] = [];
      const write = async (
        item: typeof workItem,
        acceptedMessageIds: readonly string[] | undefined,
        events: readonly HistoryEvent[],
      ) => {
        const { historyVersion: version, events: before } = await hub.backend.loadHistory(item);
        const made = checkpoint(item, executionId, events, {
          firstIndex: before.length,
          expectedHistoryVersion: version,
        });
        const accepted = acceptedMessageIds === undefined ? {} : { acceptedMessageIds };
        await hub.complete({ ...made, history: { ...made.history!, ...accepted } });
        await hub.raise({ target });
        const next = await hub.orchestration();
        kept.push((await hub.backend.loadHistory(next)).acceptedMessageIds ?? []);
        return next;
      };

      const second = await write(workItem, ["m1", "m2"], [episodeStarted(), event]);
      await hub.complete({ ...emptyCheckpoint(second), settled: second.messages });
      await hub.raise({ target });
      const third = await write(await hub.orchestration(), ["m3"], [eventRaised("a")]);
      await write(third, undefined, [eventRaised("b")]);

      expect(kept).toEqual([["m1", "m2"], ["m3"], []]);
    });

    it("tell which settled messages may come again", async ({ hub }) => {
      const { workItem, executionId, event, instanceId } = await hub.created();
      await hub.takenOver(await hub.another());

      const made = await Promise.allSettled([hub.complete(checkpoint(workItem, executionId, [event]))]);

      const [outcome] = made;
      if (outcome.status === "fulfilled") {
        expect(outcome.value.undeleted).toEqual(workItem.messages.map(({ id }) => id));
        expect(await hub.history({ instanceId })).toEqual([event]);
      } else {
        // A backend that finds out in time that another has the work item may refuse it as well.
        expect(outcome.reason).toMatchObject(lockLost);
        expect(await hub.history({ instanceId })).toBeUndefined();
      }
    });

    it("tell of no message that is gone", async ({ hub }) => {
      const { workItem, executionId, event } = await hub.created();

      const { undeleted = [] } = await hub.complete(checkpoint(workItem, executionId, [event]));

      expect(undeleted).toEqual([]);
    });

    it("keep a history of several hundred events, and show it whole or not at all", async ({ hub }) => {
      const instance = hub.invent();
      const { workItem, executionId, event } = await hub.created(instance);
      const many = Array.from({ length: 250 }, (_, id) => taskScheduled(id, "Hello"));
      const events = [episodeStarted(), event, ...many, episodeCompleted()];
      let isMade = false;
      const seen = new Set<number>();
      const read = async () => {
        while (!isMade) seen.add((await hub.history(instance))?.length ?? 0);
      };
      const reading = read();

      await hub.complete(checkpoint(workItem, executionId, events));
      isMade = true;
      await reading;

      expect(await hub.history(instance)).toEqual(events);
      expect([0, events.length]).toEqual(expect.arrayContaining([...seen]));
    });

    it("hand out histories that nobody changes later", async ({ hub }) => {
      const instance = await hub.running();
      const workItem = await hub.raised(instance);
      const loaded = await hub.backend.loadHistory(workItem);
      const read = await hub.history(instance);

      const place = { firstIndex: 3, expectedHistoryVersion: loaded.historyVersion };
      await hub.complete(checkpoint(workItem, instance.executionId, [eventRaised("go")], place));

      expect(loaded.events).toEqual(instance.events);
      expect(read).toEqual(instance.events);
    });
  });
}
