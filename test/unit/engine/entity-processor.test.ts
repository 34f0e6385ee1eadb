import { describe, expect, it } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import {
  at,
  eventRaised,
  executionCompleted,
  executionStarted,
  executionTerminated,
} from "../../../src/testing/history-builder.ts";

import { callOf, fetchNow, guid, self, setUp } from "../../support/entity-world.ts";

describe("an entity", () => {
  it("is an instance whose history has three events, and whose row shows its state", async () => {
    const { hub, send, drain, clock } = setUp();
    await send({ operation: "a" });
    await drain();
    expect(await hub.getHistory(self)).toMatchObject([
      { type: "OrchestratorStarted", eventId: -1 },
      { type: "ExecutionStarted", eventId: -1, name: self, version: "", input: '{"state":"\\"a\\"","sorter":{}}' },
      { type: "OrchestratorCompleted", eventId: -1 },
    ]);
    clock.advance(1000);
    await send({ operation: "b" });
    await drain();
    const history = await hub.getHistory(self);
    expect(history).toHaveLength(3);
    const [, started] = history!;
    expect(await hub.getInstance(self)).toMatchObject({
      name: self,
      runtimeStatus: "Running",
      input: '{"state":"\\"ab\\"","sorter":{}}',
      customStatus: '{"entityExists":true}',
      createdTime: at(1),
      executionId: (started as { orchestrationInstance?: { executionId?: string } }).orchestrationInstance?.executionId,
    });
  });

  it("runs what has come together in one batch, and makes one checkpoint of it", async () => {
    const { send, drain, batches, checkpoints, outbox } = setUp();
    await send({ operation: "a" });
    await send(callOf("b"));
    await send({ operation: "fail" });
    await drain();
    expect(batches.map(({ operations }) => operations.map(({ operation }) => operation))).toEqual([["a", "b", "fail"]]);
    expect(checkpoints.filter(({ history }) => history !== undefined)).toHaveLength(1);
    expect(outbox()[0]).toEqual([`caller: ${guid("b")}`]);
  });

  it("goes on by itself beyond the limit of a batch, with and without a session that is kept", async () => {
    for (const maxSessions of [0, 10]) {
      const { send, drain, ran, batches, scheduler } = setUp({ maxEntityOperations: 2, maxSessions });
      for (const operation of "abcdefg") await send({ operation });
      await drain();
      expect(ran.join("")).toBe("abcdefg");
      expect(batches).toHaveLength(4);
      expect(await scheduler()).toMatchObject({ queue: [], state: '"abcdefg"' });
    }
  });

  it("whose key is long, or has an @, is one like others", async () => {
    const { send, drain, batches } = setUp();
    const key = `a@b@${"k".repeat(300)}`;
    await send({ operation: "a" }, `@counter@${key}`);
    await drain();
    expect(batches[0]?.entity).toEqual({ name: "counter", key });
  });

  it.each(["@", "@@", "@counter", "@@key"])("is not made of the id %s: what comes for it is discarded", async (id) => {
    const { send, drain, hub, events, batches } = setUp();
    await send({ operation: "a" }, id);
    await drain();
    expect([batches, await hub.getInstance(id), events()]).toEqual([[], undefined, ["MessageDiscarded"]]);
  });

  it("is not made of what no entity understands", async () => {
    const { tell, drain, hub, events } = setUp();
    await tell(eventRaised("hello"));
    await hub.sendMessage({
      message: { event: executionTerminated(), target: { instanceId: self, executionId: undefined } },
    });
    await drain();
    expect(await hub.getInstance(self)).toBeUndefined();
    expect(events()).toEqual(["MessageDiscarded", "MessageDiscarded"]);
  });

  it("N3: of a name that nobody here knows is left to others, with a warning", async () => {
    let isKnown = false;
    const { send, drain, clock, hub, log, ran } = setUp({
      executeEntityBatch: async ({ operations }) => {
        if (!isKnown) throw new DurableError("EntityNotRegistered", "no entity named 'counter'");
        for (const { operation } of operations) ran.push(operation);
        return { outcomes: [{ kind: "completed", result: undefined, actions: [] }], state: "1" };
      },
    });
    await send({ operation: "a" });
    await drain();
    expect(log).toEqual([expect.objectContaining({ event: "EntityNotRegistered", level: "warn" })]);
    expect(await hub.getInstance(self)).toBeUndefined();
    isKnown = true;
    clock.advance(600_000);
    await drain();
    expect(ran).toEqual(["a"]);
  });

  it("tells of every operation that has failed: a signal as an error, because nobody else is told", async () => {
    const { send, drain, events } = setUp();
    await send({ operation: "fail" });
    await send({ ...callOf("fail"), id: guid("call") });
    await drain();
    expect(events().filter((event) => event !== "MessageDiscarded")).toEqual([
      "EntitySignalFailed",
      "EntityOperationFailed",
    ]);
  });

  it.each([
    ["no scheduler state", [{ ...executionStarted("x", { instanceId: self }), input: "5" }]],
    ["no start", [{ ...eventRaised("x") }]],
  ])("whose history holds %s is left as it is", async (_, history: readonly HistoryEvent[]) => {
    const { send, drain, hub, events, ran } = setUp();
    await send({ operation: "a" });
    const workItem = (await fetchNow(hub))!;
    await hub.completeOrchestrationWorkItem({
      workItem,
      history: { executionId: "e", expectedHistoryVersion: undefined, firstIndex: 0, events: history, episode: 1 },
      outgoing: [],
      instance: undefined,
      settled: workItem.messages,
      deferred: [],
    });
    await send({ operation: "b" });
    await drain();
    expect(await hub.getHistory(self)).toEqual(history);
    expect([ran, events()]).toEqual([[], ["OrchestrationWorkItemFailed"]]);
  });

  it("that an older version has marked as failed lives again, with its state", async () => {
    const { send, drain, hub, text } = setUp();
    await send({ operation: "a" });
    const workItem = (await fetchNow(hub))!;
    const started = {
      ...executionStarted(self, { instanceId: self, executionId: "old" }),
      input: '{"state":"\\"old\\"","sorter":{}}',
    };
    await hub.completeOrchestrationWorkItem({
      workItem,
      history: {
        executionId: "old",
        expectedHistoryVersion: undefined,
        firstIndex: 0,
        events: [started, executionCompleted(0, "Failed")],
        episode: 1,
      },
      outgoing: [],
      instance: {
        executionId: "old",
        lastUpdatedTime: at(0),
        customStatus: undefined,
        started: { ...started, createdTime: at(0), version: undefined, scheduledStartTime: undefined },
        runtimeStatus: "Failed",
        completedTime: at(0),
        output: "no orchestration named",
      },
      settled: workItem.messages,
      deferred: [],
    });
    await send({ operation: "b" });
    await drain();
    expect(await text()).toBe('"oldb"');
    expect(await hub.getInstance(self)).toMatchObject({ runtimeStatus: "Running", output: undefined });
    expect(await hub.getHistory(self)).toHaveLength(3);
  });

  it("keeps to the real time for what is delayed, also when its last batch was run by a clock that is ahead", async () => {
    const { clock, send, drain, ran, restart, hub } = setUp();
    clock.advance(10 * 86_400_000);
    await send({ operation: "a" });
    await drain();
    clock.advance(-10 * 86_400_000);
    restart();
    const dueAt = new Date(clock.now() + 8 * 86_400_000);
    await send({ operation: "late", dueAt });
    clock.advance(6 * 86_400_000);
    await drain();
    expect(ran).toEqual(["a"]);
    expect((await hub.getInstance(self))?.createdTime).toEqual(at(10 * 86_400));
    clock.advance(2 * 86_400_000);
    await drain();
    expect(ran).toEqual(["a", "late"]);
  });
});
