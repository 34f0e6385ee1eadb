import { describe, expect, it } from "vitest";
import type { EntityAction } from "../../../src/core/entity-batch.ts";
import { createRequest, formatRelease, formatRequest } from "../../../src/entities/entity-message.ts";
import { at, eventRaised } from "../../../src/testing/history-builder.ts";
import type { ScriptedFault } from "../../../src/testing/with-backend-faults.ts";

import { callOf, crash, fetchNow, guid, nameOf, self, setUp } from "../../support/entity-world.ts";

describe("a batch that is repeated after a crash", () => {
  const start: EntityAction = {
    kind: "StartOrchestration",
    name: "Audit",
    version: undefined,
    instanceId: "audit",
    input: "1",
    scheduledTime: undefined,
  };
  const signal: EntityAction = {
    kind: "SignalEntity",
    instanceId: "@counter@other",
    operation: "x",
    input: undefined,
    scheduledTime: undefined,
  };

  it.each([
    ["before its commit", "before", 2],
    ["after its outputs of old, of which it has none", "messagesSent", 2],
    ["between commit and sending", "historyWritten", 1],
    ["after all", "after", 1],
  ] as const)("N1: %s sends all, and leaves no trace of the crash", async (_, when, runs) => {
    const { send, drain, clock, checkpoints, ran, text, hub } = setUp({
      faults: [crash(when, 1)],
      actions: { a: [start, signal] },
    });
    await send(callOf("a"));
    await drain();
    clock.advance(60_000);
    await drain();
    expect(ran.filter((operation) => operation === "a")).toHaveLength(runs);
    expect(await text()).toBe('"a"');
    expect((await hub.getInstance("@counter@other"))?.input).toContain('"state":"\\"x\\""');
    const sent = checkpoints
      .filter(({ workItem }) => workItem.instanceId === self)
      .map(({ outgoingAfterCommit = [] }) => outgoingAfterCommit)
      .filter(({ length }) => length > 0);
    expect(sent.at(-1)!.map(nameOf)).toEqual(["audit: ExecutionStarted", "@counter@other: op", `caller: ${guid("a")}`]);
    const withoutTimes = (outgoing: (typeof sent)[number]) =>
      outgoing.map(({ message: { event, target } }) => [target, (event as { input?: string }).input]);
    for (const each of sent) expect(withoutTimes(each)).toEqual(withoutTimes(sent[0]!));
  });

  it("N1: what another message finds unsent is kept until the messages come again that have asked for it", async () => {
    const { hub, send, drain, clock, outbox, ran, restart } = setUp({ faults: [crash("historyWritten", 1)] });
    await send(callOf("a"));
    await drain();
    restart();
    await send({ operation: "b" });
    await drain();
    expect(outbox().flat()).toEqual([]);
    clock.advance(60_000);
    await drain();
    expect(outbox().at(-1)).toEqual([`caller: ${guid("a")}`]);
    expect(ran).toEqual(["a", "b"]);
    expect((await hub.getInstance(self))?.input).toContain('"state":"\\"ab\\""');
  });

  it("N1: what a checkpoint could not send is sent when its messages come again, also by who has run them", async () => {
    const { send, drain, clock, outbox, ran, text } = setUp({ unsentCheckpoint: 1 });
    await send(callOf("a"));
    await drain();
    await send({ operation: "b" });
    await drain();
    clock.advance(60_000);
    await drain();
    await send({ operation: "c" });
    await drain();
    expect(outbox()).toEqual([[`caller: ${guid("a")}`], [], [`caller: ${guid("a")}`], []]);
    expect(ran).toEqual(["a", "b", "c"]);
    expect(await text()).toBe('"abc"');
  });

  it("N1: what is unsent is sent when its messages come again, be it days later", async () => {
    const { send, drain, clock, outbox, ran, restart } = setUp({ faults: [crash("historyWritten", 1)] });
    await send(callOf("a"));
    await drain();
    clock.advance(3 * 86_400_000);
    restart();
    await drain();
    expect(outbox()).toEqual([[], [`caller: ${guid("a")}`]]);
    expect(ran).toEqual(["a"]);
  });

  it("N1: what was surely sent is in the state no more", async () => {
    const { send, drain, scheduler } = setUp();
    await send(callOf("a", 1));
    await drain();
    await send(callOf("b", 2, 1));
    await drain();
    expect((await scheduler()).outbox).toHaveLength(1);
  });

  it("N1: what was sent is not sent again by whoever loads the entity next, and is forgotten after a while", async () => {
    const { send, drain, clock, outbox, scheduler } = setUp({ maxSessions: 0 });
    await send(callOf("a", 1));
    await drain();
    await send(callOf("b", 2, 1));
    await drain();
    expect(outbox()).toEqual([[`caller: ${guid("a")}`], [`caller: ${guid("b")}`]]);
    expect((await scheduler()).outbox).toHaveLength(2);
    clock.advance(31 * 60_000);
    await send({ operation: "c" });
    await drain();
    expect((await scheduler()).outbox).toEqual([]);
  });

  it("N1: a delayed signal that comes too early is run once, however often the entity is loaded", async () => {
    const { send, drain, clock, ran } = setUp({ maxSessions: 0 });
    await send({ operation: "late", dueAt: new Date(clock.now() + 8 * 86_400_000) });
    clock.advance(6 * 86_400_000);
    await drain();
    clock.advance(2 * 86_400_000);
    await drain();
    await send({ operation: "other" });
    await drain();
    expect(ran).toEqual(["late", "other"]);
  });

  it("N2: messages that are delivered twice, at once or later, are run once", async () => {
    const faults: ScriptedFault[] = [1, 2, 3].map((call) => ({
      operation: "fetchEntityWorkItem",
      call,
      when: "repeated",
    }));
    const { send, drain, ran } = setUp({ faults: [...faults, crash("historyWritten", 1)] });
    await send({ operation: "a" });
    await drain();
    await send({ operation: "b" });
    await drain();
    expect(ran).toEqual(["a", "b"]);
  });
});

describe("whatever crashes, at any step", () => {
  const other = "@counter@other";
  const answers = ["a", "b", "c", "fail"].map(guid);

  /** Calls, signals, a lock that others wait for, a batch that is full; then the crash, and time enough for all to be tried again. */
  async function runAll(faults: readonly ScriptedFault[], maxSessions: number) {
    const signal = (operation: string): EntityAction => {
      return { kind: "SignalEntity", instanceId: other, operation, input: undefined, scheduledTime: undefined };
    };
    const world = setUp({
      faults,
      maxSessions,
      maxEntityOperations: 2,
      actions: { a: [signal("1"), signal("2")], c: [signal("3")] },
    });
    const { send, tell, clock, drain, hub, checkpoints } = world;
    const lock = createRequest({
      id: guid("lock"),
      parentInstanceId: "caller",
      parentExecutionId: "e",
      lockSet: [{ name: "counter", key: "k" }],
      timestamp: at(4).toISOString(),
      predecessor: at(3).toISOString(),
    });
    await send(callOf("a", 1000));
    await send(callOf("c", 3000, 2000));
    await send(callOf("b", 2000, 1000));
    await drain();
    await tell({ ...eventRaised("op"), input: formatRequest(lock) });
    await send({ operation: "s" });
    await send(callOf("fail", 5000, 4000));
    const answered = () =>
      checkpoints.flatMap(({ workItem, outgoingAfterCommit = [] }) =>
        outgoingAfterCommit.filter(() => workItem.instanceId === self).map(nameOf),
      );
    for (let minute = 0; minute < 3; minute++) {
      await drain();
      if (!answered().includes(`caller: ${guid("lock")}`)) clock.advance(60_000);
    }
    await tell({ ...eventRaised("release"), input: formatRelease({ parentInstanceId: "caller", id: guid("lock") }) });
    // Answers wait for the caller, who never comes, as long as they may.
    for (let minute = 0; minute < 60; minute++) {
      await drain();
      if (minute === 0) world.restart();
      clock.advance(60_000);
    }
    const stateOf = async (id: string) => (await world.scheduler(id)).state;
    return {
      // The signal of a client has no place in the order.
      states: [(await stateOf(self))?.replace("s", ""), await stateOf(other)],
      signalled: (await stateOf(self))?.split("s").length,
      locks: [(await world.scheduler()).lockedBy, (await world.scheduler()).queue],
      unanswered: [...answers, guid("lock")].filter((id) => !answered().includes(`caller: ${id}`)),
      rest: await fetchNow(hub),
      calls: checkpoints.length,
    };
  }
  const expected = {
    states: ['"abc"', '"123"'],
    signalled: 2,
    locks: [undefined, []],
    unanswered: [],
    rest: undefined,
  };

  it.each([0, 10])(
    "every operation counts once, and every call is answered (%i sessions kept)",
    async (maxSessions) => {
      const { calls } = await runAll([], maxSessions);
      expect(calls).toBeGreaterThan(8);
      expect(await runAll([], maxSessions)).toMatchObject(expected);
      for (let call = 1; call <= calls; call++) {
        for (const when of ["before", "messagesSent", "historyWritten", "after"] as const) {
          expect({ call, when, ...(await runAll([crash(when, call)], maxSessions)) }).toMatchObject(expected);
          const twice = [crash(when, call), crash("historyWritten", call + 1)];
          expect({ call, when, twice, ...(await runAll(twice, maxSessions)) }).toMatchObject(expected);
        }
      }
    },
  );
});
