import { describe, expect, it } from "vitest";
import type { OrchestratorAction } from "../../../src/core/orchestrator-action.ts";
import { createRequest, formatRelease, formatRequest } from "../../../src/entities/entity-message.ts";
import { eventRaised, executionStarted, executionTerminated } from "../../../src/testing/history-builder.ts";

import { completion, crash, guid, type SetUpOptions, self, setUp } from "../../support/entity-world.ts";

describe("locks end with the execution that has asked for them", () => {
  const lockId = guid("lock");
  const lockSet = [
    { name: "counter", key: "k" },
    { name: "counter", key: "l" },
  ];
  const target = { instanceId: "holder", executionId: "e" };
  const ask: OrchestratorAction = {
    kind: "SendEvent",
    id: 0,
    instanceId: self,
    name: "op",
    input: formatRequest(createRequest({ id: lockId, lockSet, parentInstanceId: "holder", parentExecutionId: "e" })),
  };
  const giveBack = (key: string, id: number): OrchestratorAction => ({
    kind: "SendEvent",
    id,
    instanceId: `@counter@${key}`,
    name: "release",
    input: formatRelease({ parentInstanceId: "holder", id: lockId }),
  });
  const failure = { errorType: "NondeterminismError", errorMessage: "other code", isNonRetriable: true };

  async function runHolder(last: readonly OrchestratorAction[], when: "at once" | "later", more: SetUpOptions = {}) {
    let isFirst = true;
    const world = setUp({
      ...more,
      episodes: (events) => {
        if (events.some((event) => event.type === "ExecutionTerminated")) return last;
        if (isFirst) {
          isFirst = false;
          return when === "at once" ? [ask, ...last] : [ask];
        }
        return events.some((event) => event.type === "EventRaised" && event.name === "end") ? last : [];
      },
    });
    await world.hub.createInstance({ event: executionStarted("Holder", target), replaces: undefined });
    await world.drain();
    return world;
  }

  const ends: readonly (readonly [string, readonly OrchestratorAction[]])[] = [
    ["completes", [completion]],
    ["fails", [{ ...completion, status: "Failed", failureDetails: failure }]],
    ["continues as new", [{ ...completion, status: "ContinuedAsNew", result: "1" }]],
    ["gives one back itself", [giveBack("k", 1), completion]],
  ];

  it.each(ends)("that holds them and %s", async (_, last) => {
    const { drain, tell, scheduler } = await runHolder(last, "later");
    expect(await scheduler()).toMatchObject({ lockedBy: "holder", lockId });
    expect(await scheduler("@counter@l")).toMatchObject({ lockedBy: "holder", lockId });
    await tell(eventRaised("end"), "holder");
    await drain();
    for (const id of [self, "@counter@l"]) expect((await scheduler(id)).lockedBy).toBeUndefined();
  });

  it.each(ends)("before they are granted, and %s", async (_, last) => {
    const { drain, scheduler, send, ran } = await runHolder(last, "at once");
    for (const id of [self, "@counter@l"]) {
      expect((await scheduler(id)).lockedBy).toBeUndefined();
      await send({ operation: "a" }, id);
    }
    await drain();
    expect(ran).toEqual(["a", "a"]);
  });

  it("and is terminated, whatever its code still wants", async () => {
    const last: readonly OrchestratorAction[] = [
      giveBack("k", 1),
      { ...completion, status: "Terminated", result: "stop" },
    ];
    const { hub, drain, scheduler } = await runHolder(last, "later");
    await hub.sendMessage({
      message: { event: executionTerminated("stop"), target: { ...target, executionId: undefined } },
    });
    await drain();
    expect(await hub.getInstance("holder")).toMatchObject({ runtimeStatus: "Terminated" });
    for (const id of [self, "@counter@l"]) expect((await scheduler(id)).lockedBy).toBeUndefined();
  });

  it("also when the episode that ends it crashes after sending, and others wait", async () => {
    const { drain, tell, clock, scheduler, send, ran } = await runHolder([completion], "later", {
      faults: [crash("messagesSent", 5)],
    });
    await send({ operation: "waits" });
    await drain();
    expect(ran).toEqual([]);
    await tell(eventRaised("end"), "holder");
    await drain();
    clock.advance(60_000);
    await drain();
    expect(ran).toEqual(["waits"]);
    for (const id of [self, "@counter@l"]) expect((await scheduler(id)).lockedBy).toBeUndefined();
  });

  it("also one that only a lost episode has asked for, which is repeated as a termination", async () => {
    const stop: OrchestratorAction = { ...completion, status: "Terminated", result: "stop" };
    const world = setUp({
      faults: [crash("messagesSent", 1)],
      episodes: (events) => (events.some(({ type }) => type === "ExecutionTerminated") ? [ask, stop] : [ask]),
    });
    await world.hub.createInstance({ event: executionStarted("Holder", target), replaces: undefined });
    await world.drain();
    await world.hub.sendMessage({
      message: { event: executionTerminated("stop"), target: { ...target, executionId: undefined } },
    });
    world.clock.advance(60_000);
    await world.drain();
    expect(await world.hub.getInstance("holder")).toMatchObject({ runtimeStatus: "Terminated" });
    for (const id of [self, "@counter@l"]) expect((await world.scheduler(id)).lockedBy).toBeUndefined();
  });
});

describe("a lock that is granted to nobody any more", () => {
  const lockId = guid("late");
  const request = createRequest({
    id: lockId,
    lockSet: [{ name: "counter", key: "k" }],
    parentInstanceId: "holder",
    parentExecutionId: "e",
  });

  it("is given back by the execution that has ended meanwhile", async () => {
    const world = setUp({ episodes: () => [completion] });
    const target = { instanceId: "holder", executionId: "e" };
    await world.hub.createInstance({ event: executionStarted("Holder", target), replaces: undefined });
    await world.drain();
    await world.tell({ ...eventRaised("op"), input: formatRequest(request) });
    await world.drain();
    await world.send({ operation: "a" });
    await world.drain();
    expect(world.ran).toEqual(["a"]);
    expect((await world.scheduler()).lockedBy).toBeUndefined();
  });

  it("is given back at once for an execution that was terminated before its first checkpoint", async () => {
    const world = setUp();
    const target = { instanceId: "holder", executionId: "e" };
    await world.hub.createInstance({
      event: { ...executionStarted("Holder", target), scheduledStartTime: new Date(world.clock.now() + 3_600_000) },
      replaces: undefined,
    });
    await world.hub.sendMessage({ message: { event: executionTerminated("stop"), target } });
    await world.drain();
    await world.tell({ ...eventRaised("op"), input: formatRequest(request) });
    await world.drain();
    expect(await world.hub.getInstance("holder")).toMatchObject({ runtimeStatus: "Terminated" });
    expect((await world.scheduler()).lockedBy).toBeUndefined();
  });

  it("is given back in the end for an execution that never comes", async () => {
    const world = setUp();
    await world.tell({ ...eventRaised("op"), input: formatRequest(request) });
    for (let minute = 0; minute < 60; minute++) {
      await world.drain();
      world.clock.advance(60_000);
    }
    expect((await world.scheduler()).lockedBy).toBeUndefined();
  });
});

describe("the answer of an entity", () => {
  it("reaches a child whose first checkpoint was lost after it had asked", async () => {
    const request = createRequest({
      id: guid("call"),
      operation: "get",
      parentInstanceId: "child",
      parentExecutionId: "e",
    });
    const call: OrchestratorAction = {
      kind: "SendEvent",
      id: 0,
      instanceId: self,
      name: "op",
      input: formatRequest(request),
    };
    const world = setUp({
      faults: [crash("messagesSent", 1)],
      episodes: (events) => (events.some(({ type }) => type === "EventRaised") ? [completion] : [call]),
    });
    const child = { instanceId: "child", executionId: "e" };
    const parent = { instanceId: "parent", executionId: "p" };
    const event = {
      ...executionStarted("Child", child),
      parentInstance: { name: "Parent", version: undefined, orchestrationInstance: parent, taskScheduleId: 0 },
    };
    await world.hub.sendMessage({ message: { event, target: child } });
    await world.drain();
    for (let minute = 0; minute < 3; minute++) {
      world.clock.advance(60_000);
      await world.drain();
    }
    expect(world.ran).toEqual(["get"]);
    expect(await world.hub.getInstance("child")).toMatchObject({ runtimeStatus: "Completed" });
  });
});
