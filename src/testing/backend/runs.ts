import { describe, expect } from "vitest";
import { emptyCheckpoint } from "../work-items.ts";
import type { BackendTest } from "./hub-under-test.ts";

const target = { instanceId: "begun", executionId: "execution-of-begun" };

export function describeRuns(it: BackendTest): void {
  describe("runs of an instance's code", () => {
    it("count when they were begun and have not ended, by whichever worker", async ({ hub }) => {
      await hub.raise({ target });
      const first = await hub.orchestration();
      const counts = [first.unfinishedRuns];
      await hub.backend.noteRun(first, "begun");

      for (let round = 0; round < 3; round++) {
        const other = await hub.another();
        const workItem = await hub.takenOver(other);
        counts.push(workItem.unfinishedRuns);
        await other.noteRun(workItem, "begun");
      }

      expect(counts).toEqual([0, 1, 2, 3]);
    });

    it("do not count when they were given back, or put off", async ({ hub }) => {
      await hub.raise({ target });
      for (let round = 0; round < 2; round++) {
        const workItem = await hub.orchestration();
        expect(workItem.unfinishedRuns).toBe(0);
        await hub.backend.noteRun(workItem, "begun");
        if (round === 0) await hub.backend.abandonOrchestrationWorkItem(workItem);
        else {
          const { messages: deferred } = workItem;
          await hub.backend.completeOrchestrationWorkItem({ ...emptyCheckpoint(workItem), deferred });
        }
      }

      expect(await hub.orchestration(await hub.another())).toMatchObject({ unfinishedRuns: 0 });
    });

    it("count without end once one was seen to take its process down, also when that gave it back", async ({ hub }) => {
      await hub.raise({ target });
      const workItem = await hub.orchestration();
      await hub.backend.noteRun(workItem, "begun");
      await hub.backend.noteRun(workItem, "fatal");
      await hub.backend.abandonOrchestrationWorkItem(workItem);

      const again = await hub.orchestration();
      expect(again.unfinishedRuns).toBe(Number.POSITIVE_INFINITY);
      expect((await hub.takenOver(await hub.another())).unfinishedRuns).toBe(Number.POSITIVE_INFINITY);
    });

    it("may be noted of a work item that is settled, to no effect", async ({ hub }) => {
      await hub.raise({ target });
      const workItem = await hub.orchestration();
      await hub.backend.abandonOrchestrationWorkItem(workItem);
      await hub.backend.noteRun(workItem, "fatal");

      expect((await hub.orchestration()).unfinishedRuns).toBe(0);
    });
  });

  it("a run of an activity that was seen to take its process down counts without end", async ({ hub }) => {
    await hub.request({ target });
    await hub.backend.noteRun(await hub.activity(), "fatal");
    await hub.expireLocks();
    const other = await hub.another();
    const again = await hub.activity(other);
    expect(again.unfinishedRuns).toBe(Number.POSITIVE_INFINITY);
    await other.abandonActivityWorkItem(again);

    expect((await hub.activity(other)).unfinishedRuns).toBe(Number.POSITIVE_INFINITY);
  });
}
