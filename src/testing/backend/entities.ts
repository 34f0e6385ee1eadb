import { describe, expect } from "vitest";
import type { OrchestrationCheckpoint, OrchestrationWorkItem } from "../../engine/backend.ts";
import { at, episodeCompleted, episodeStarted, eventRaised, executionStarted } from "../history-builder.ts";
import { emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, lockLost, namesOf, quietMs } from "./hub-under-test.ts";

/** An entity's checkpoint: a new execution with the state for its input. */
function entityCheckpoint(
  workItem: OrchestrationWorkItem,
  executionId: string,
  {
    state,
    expected,
    second,
  }: { readonly state: string; readonly expected?: string | undefined; readonly second: number },
): OrchestrationCheckpoint {
  const { instanceId } = workItem;
  const timestamp = at(second);
  const started = { ...executionStarted(instanceId, { instanceId, executionId }), input: state, timestamp };
  return {
    ...emptyCheckpoint(workItem),
    history: {
      executionId,
      expectedHistoryVersion: expected,
      firstIndex: 0,
      events: [episodeStarted(second), started, episodeCompleted()],
      episode: 1,
    },
    instance: {
      executionId,
      lastUpdatedTime: timestamp,
      customStatus: '{"entityExists":true}',
      started: {
        name: instanceId,
        version: "",
        input: state,
        createdTime: timestamp,
        tags: undefined,
        generation: undefined,
        scheduledStartTime: undefined,
      },
      runtimeStatus: "Running",
    },
    settled: workItem.messages,
  };
}

export function describeEntities(it: BackendTest): void {
  describe("entities", () => {
    const target = { instanceId: "@counter@a", executionId: undefined };

    it("are instances whose every checkpoint is a new execution", async ({ hub }) => {
      let expected: string | undefined;
      for (const [index, state] of ['{"state":"1"}', '{"state":"2"}', '{"state":"3"}'].entries()) {
        const workItem = await hub.raised({ target }, "op");
        const made = entityCheckpoint(workItem, `execution-${index}`, { state, expected, second: index });
        ({ historyVersion: expected } = await hub.complete(made));
      }

      const row = await hub.row(target);
      const history = await hub.history(target);
      const loaded = await hub.backend.loadHistory(await hub.raised({ target }, "op"));

      expect(row).toMatchObject({
        executionId: "execution-2",
        input: '{"state":"3"}',
        customStatus: '{"entityExists":true}',
        runtimeStatus: "Running",
        createdTime: at(2),
      });
      expect(history).toHaveLength(3);
      expect(history?.[1]).toMatchObject({ type: "ExecutionStarted", input: '{"state":"3"}' });
      expect(loaded).toMatchObject({ executionId: "execution-2", historyVersion: expected });
    });

    it("may be written several times within one moment", async ({ hub }) => {
      let expected: string | undefined;
      for (const state of ["first", "second"]) {
        const workItem = await hub.raised({ target }, "op");
        ({ historyVersion: expected } = await hub.complete(
          entityCheckpoint(workItem, state, { state, expected, second: 1 }),
        ));
      }

      expect(await hub.row(target)).toMatchObject({ executionId: "second", input: "second" });
    });

    it("are listed only when they are asked for", async ({ hub }) => {
      const state = '{"state":"1"}';
      await hub.complete(entityCheckpoint(await hub.raised({ target }, "op"), "execution", { state, second: 1 }));
      const orchestration = await hub.running();

      const without = await hub.find({});
      const ofName = await hub.find({ includeEntities: true, instanceIdPrefix: "@counter@" });

      expect(without.map(({ instanceId }) => instanceId)).toEqual([orchestration.instanceId]);
      expect(ofName).toMatchObject([{ instanceId: "@counter@a", input: state }]);
    });

    it("send what waits for their state once that is written", async ({ hub }) => {
      const workItem = await hub.raised({ target }, "op");
      const answered = hub.invent("asking").target;
      const made = entityCheckpoint(workItem, "execution", { state: "{}", second: 1 });

      const receipt = await hub.complete({
        ...made,
        outgoingAfterCommit: [{ message: { event: eventRaised("answer"), target: answered } }],
      });

      const received = await hub.orchestration();
      expect(receipt.isUnsent ?? false).toBe(false);
      expect([received.instanceId, namesOf(received)]).toEqual(["asking", ["answer"]]);
    });

    it("send nothing of a state that was refused", async ({ hub }) => {
      const answered = hub.invent("asking").target;
      const first = entityCheckpoint(await hub.raised({ target }, "op"), "first", { state: "{}", second: 1 });
      await hub.complete(first);
      const workItem = await hub.raised({ target }, "op");

      const refused = hub.complete({
        ...entityCheckpoint(workItem, "second", { state: "{}", second: 2 }),
        outgoingAfterCommit: [{ message: { event: eventRaised("answer"), target: answered } }],
      });

      await expect(refused).rejects.toMatchObject(lockLost);
      const again = await hub.entity();
      await hub.complete({ ...emptyCheckpoint(again), settled: again.messages });
      expect(again.instanceId).toBe(target.instanceId);
      expect(await hub.orchestrationWithin(quietMs)).toBeUndefined();
    });

    it("get an event that is named for a time not before that time", async ({ hub }) => {
      const deliverAt = new Date(hub.now() + 3000);
      const name = `op@${deliverAt.toISOString().slice(0, -1)}0000Z`;

      await hub.store.sendMessage({ message: { event: eventRaised(name), target }, deliverAt });
      const early = await hub.entityWithin(300);
      const received = await hub.entity();

      expect(early).toBeUndefined();
      expect(namesOf(received)).toEqual([name]);
      expect(hub.now()).toBeGreaterThanOrEqual(deliverAt.getTime());
    });
  });
}
