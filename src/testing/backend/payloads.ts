import { describe, expect } from "vitest";
import type { HistoryEvent } from "../../core/history-event.ts";
import { episodeStarted, eventRaised, taskCompleted, taskScheduled } from "../history-builder.ts";
import { checkpoint, ended, instanceChange } from "../work-items.ts";
import { type BackendTest, eventsOf } from "./hub-under-test.ts";

/** Around the limits of queue messages and table columns, and well beyond them. */
const sizes = [0, 30_721, 46_081, 65_537, 1_000_000];

function textOf(size: number): string {
  return `${"é".repeat(size / 2)}\uFFFE\u2028\r\n\u0001`;
}

export function describePayloads(it: BackendTest): void {
  describe("payloads", () => {
    it.for(sizes)("of an instance are kept exactly with %i bytes", async (size, { hub }) => {
      const instance = hub.invent();
      const { executionId } = instance;
      const input = JSON.stringify(textOf(size));
      const { workItem, event } = await hub.created({ ...instance, event: { ...instance.event, input } });
      const done: HistoryEvent = { ...ended(), result: input };

      expect((await hub.row(instance))?.input).toBe(input);
      await hub.complete({
        ...checkpoint(workItem, executionId, [episodeStarted(), event, done]),
        instance: { ...instanceChange(executionId), runtimeStatus: "Completed", output: input },
      });

      expect(eventsOf(workItem)[0]).toMatchObject({ input });
      expect(await hub.row(instance)).toMatchObject({ input, output: input });
      expect(await hub.store.getInstance(instance.instanceId, { fetchInput: false })).toMatchObject({ output: input });
      expect(await hub.history(instance)).toEqual([episodeStarted(), event, done]);
    });

    it.for(sizes)("of messages are kept exactly with %i bytes", async (size, { hub }) => {
      const instance = await hub.running();
      const { target, executionId, version } = instance;
      const text = textOf(size);
      await hub.store.sendMessage({ message: { event: taskScheduled(0, "Work", [text]), target } });
      const activity = await hub.activity();
      await hub.backend.completeActivityWorkItem(activity, { event: taskCompleted(0, text), target });
      const answered = await hub.orchestration();
      await hub.complete(
        checkpoint(answered, executionId, eventsOf(answered), { firstIndex: 3, expectedHistoryVersion: version }),
      );
      await hub.raise(instance, "go", text);
      const raised = await hub.orchestration();

      expect(activity.delivered.message.event).toEqual(taskScheduled(0, "Work", [text]));
      expect(eventsOf(answered)).toEqual([taskCompleted(0, text)]);
      expect(eventsOf(raised)).toEqual([eventRaised("go", text)]);
      expect((await hub.backend.loadHistory(raised)).events).toEqual([...instance.events, taskCompleted(0, text)]);
    });

    it("of a repeated delivery are as they were", async ({ hub }) => {
      const text = textOf(80_000);
      const instance = hub.invent();
      await hub.raise(instance, "go", text);
      await hub.backend.abandonOrchestrationWorkItem(await hub.orchestration());
      await hub.store.sendMessage({ message: { event: taskScheduled(0, "Work", [text]), target: instance.target } });
      await hub.backend.abandonActivityWorkItem(await hub.activity());

      expect(eventsOf(await hub.orchestration())).toEqual([eventRaised("go", text)]);
      expect((await hub.activity()).delivered.message.event).toEqual(taskScheduled(0, "Work", [text]));
    });

    it("that look like something else are still texts", async ({ hub }) => {
      const texts = ["null", "", "https://example.com/a.json.gz", '{"$type":"x"}', "  ", "\u0000", "\ud800"];
      for (const [index, text] of texts.entries()) {
        const instance = hub.invent(`text-${index}`);
        const input = JSON.stringify(text);
        const { workItem, event } = await hub.created({ ...instance, event: { ...instance.event, input } });
        await hub.complete({
          ...checkpoint(workItem, instance.executionId, [episodeStarted(), event]),
          instance: { ...instanceChange(instance.executionId), customStatus: input, output: input },
        });

        expect(await hub.row(instance)).toMatchObject({ input, output: input, customStatus: input });
        expect(await hub.history(instance)).toEqual([episodeStarted(), event]);
      }
    });
  });
}
