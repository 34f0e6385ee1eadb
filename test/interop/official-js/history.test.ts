import { EntityInstanceId, type HistoryEvent, HistoryEventType, TaskEntity } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);
const fail = hub.activity(() => {
  throw new RangeError("broken");
});
const done = hub.orchestrator(async function* (ctx, input) {
  return yield ctx.callActivity(echo, input);
});

async function historyOf(name: string, input?: unknown): Promise<HistoryEvent[]> {
  const id = await hub.start(name, input);
  await hub.ended(id);
  return await hub.client.getOrchestrationHistory(id);
}

const find = (history: HistoryEvent[], type: string) => history.find((event) => event.type === type);

describe("the history", () => {
  const sequence = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(echo, 1);
    yield ctx.createTimer(0.05);
    return yield ctx.callSubOrchestrator(done, "child");
  });
  it("has the sequence of events of a run", async () => {
    const types = (await historyOf(sequence)).map(({ type }) => type);
    expect(types.filter((type) => type !== HistoryEventType.OrchestratorCompleted)).toEqual([
      "OrchestratorStarted",
      "ExecutionStarted",
      "TaskScheduled",
      "OrchestratorStarted",
      "TaskCompleted",
      "TimerCreated",
      "OrchestratorStarted",
      "TimerFired",
      "SubOrchestrationInstanceCreated",
      "OrchestratorStarted",
      "SubOrchestrationInstanceCompleted",
      "ExecutionCompleted",
    ]);
  });

  it("tells of start and end", async () => {
    const instanceId = newId();
    await hub.run(done, { a: 1 }, { instanceId, tags: { t: "x" }, version: "1.0" });
    const history = await hub.client.getOrchestrationHistory(instanceId);
    expect(find(history, "ExecutionStarted")).toMatchObject({
      name: done,
      version: "1.0",
      input: '{"a":1}',
      tags: { t: "x" },
      orchestrationInstance: { instanceId, executionId: expect.stringMatching(/./) },
    });
    expect(find(history, "ExecutionCompleted")).toMatchObject({
      orchestrationStatus: "ORCHESTRATION_STATUS_COMPLETED",
      result: '{"a":1}',
    });
    for (const { timestamp } of history) expect(timestamp.getTime()).toBeGreaterThan(Date.UTC(2000, 0));
  });

  const failing = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(fail, 1);
  });
  it("tells of failures", async () => {
    const history = await historyOf(failing);
    expect(find(history, "TaskFailed")).toMatchObject({
      taskScheduledId: 1,
      failureDetails: { message: "broken", errorType: "RangeError" },
    });
    expect(find(history, "ExecutionCompleted")).toMatchObject({
      orchestrationStatus: "ORCHESTRATION_STATUS_FAILED",
      failureDetails: { errorType: "TaskFailedError" },
    });
  });

  const activities = hub.orchestrator(async function* (ctx) {
    for (const input of ["a", "b", "c"]) yield ctx.callActivity(echo, input);
  });
  it("numbers what was scheduled, and names it again in the answers", async () => {
    const history = await historyOf(activities);
    const scheduled = history.filter(({ type }) => type === "TaskScheduled");
    expect(scheduled).toMatchObject([
      { eventId: 1, name: echo, input: '"a"' },
      { eventId: 2, name: echo, input: '"b"' },
      { eventId: 3, name: echo, input: '"c"' },
    ]);
    expect(history.filter(({ type }) => type === "TaskCompleted")).toMatchObject([
      { eventId: -1, taskScheduledId: 1, result: '"a"' },
      { eventId: -1, taskScheduledId: 2, result: '"b"' },
      { eventId: -1, taskScheduledId: 3, result: '"c"' },
    ]);
  });

  const timer = hub.orchestrator(async function* (ctx) {
    yield ctx.createTimer(0.05);
  });
  it("tells of timers", async () => {
    const history = await historyOf(timer);
    const created = find(history, "TimerCreated") as { fireAt: Date; eventId: number };
    const fired = find(history, "TimerFired") as { fireAt: Date; timerId: number };
    expect(created.eventId).toBe(1);
    expect(fired).toMatchObject({ timerId: 1, fireAt: created.fireAt });
  });

  const parent = hub.orchestrator(async function* (ctx, instanceId: string) {
    return yield ctx.callSubOrchestrator(done, "in", { instanceId, tags: { of: "child" } });
  });
  it("tells of children, and theirs of their parent", async () => {
    const [instanceId, child] = [newId(), newId("child")];
    await hub.run(parent, child, { instanceId });
    const history = await hub.client.getOrchestrationHistory(instanceId);
    expect(find(history, "SubOrchestrationInstanceCreated")).toMatchObject({
      eventId: 1,
      name: done,
      instanceId: child,
      input: '"in"',
    });
    expect(find(history, "SubOrchestrationInstanceCompleted")).toMatchObject({ taskScheduledId: 1, result: '"in"' });
    expect(find(await hub.client.getOrchestrationHistory(child), "ExecutionStarted")).toMatchObject({
      parentInstance: { name: parent, taskScheduledId: 1, orchestrationInstance: { instanceId } },
      tags: { of: "child" },
    });
  });

  const events = hub.orchestrator(async function* (ctx, target: string) {
    ctx.sendEvent(target, "Ping", { n: 1 });
    return yield ctx.waitForExternalEvent("Pong");
  });
  it("tells of events, suspension and resumption", async () => {
    const target = newId("nobody");
    const id = await hub.start(events, target);
    await hub.running(id);
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await hub.client.resumeOrchestration(id);
    await hub.client.raiseOrchestrationEvent(id, "Pong", "data");
    await hub.ended(id);
    const history = await hub.client.getOrchestrationHistory(id);
    expect(find(history, "EventSent")).toMatchObject({ name: "Ping", instanceId: target, input: '{"n":1}' });
    expect(find(history, "EventRaised")).toMatchObject({ name: "Pong", input: '"data"' });
    expect(find(history, "ExecutionSuspended")).toBeDefined();
    expect(find(history, "ExecutionResumed")).toBeDefined();
  });

  it("tells of a termination", async () => {
    const id = await hub.start(events, newId("nobody"));
    await hub.running(id);
    await hub.client.terminateOrchestration(id, "enough");
    await hub.ended(id);
    const history = await hub.client.getOrchestrationHistory(id);
    expect(find(history, "ExecutionTerminated")).toMatchObject({ input: '"enough"' });
    expect(find(history, "ExecutionCompleted")).toMatchObject({
      orchestrationStatus: "ORCHESTRATION_STATUS_TERMINATED",
    });
  });

  class Counter extends TaskEntity<{ value: number }> {
    protected override initializeState() {
      return { value: 0 };
    }
    add(amount: number) {
      this.state.value += amount;
      return this.state.value;
    }
    fail() {
      throw new RangeError("entity broken");
    }
  }
  const counter = hub.entity(() => new Counter());
  const usesEntity = hub.orchestrator(async function* (ctx, key: string) {
    const id = new EntityInstanceId(counter, key);
    ctx.entities.signalEntity(id, "add", 1);
    yield ctx.entities.callEntity(id, "add", 2);
    try {
      yield ctx.entities.callEntity(id, "fail");
    } catch {
      // It is in the history.
    }
    const lock = yield ctx.entities.lockEntities(id);
    lock.release();
    yield ctx.callActivity(echo);
  });
  it("tells of entities and locks", async () => {
    const key = newId("key");
    const history = await historyOf(usesEntity, key);
    const targetInstanceId = `@${counter}@${key}`;
    expect(find(history, "EntityOperationSignaled")).toMatchObject({ operation: "add", input: "1", targetInstanceId });
    expect(find(history, "EntityOperationCalled")).toMatchObject({ operation: "add", input: "2", targetInstanceId });
    expect(find(history, "EntityOperationCompleted")).toMatchObject({ output: "3" });
    expect(find(history, "EntityOperationFailed")).toMatchObject({
      failureDetails: { message: "entity broken", errorType: "RangeError" },
    });
    expect(find(history, "EntityLockRequested")).toMatchObject({ lockSet: [targetInstanceId] });
    const { criticalSectionId } = find(history, "EntityLockRequested") as { criticalSectionId: string };
    expect(find(history, "EntityLockGranted")).toMatchObject({ criticalSectionId });
    expect(find(history, "EntityUnlockSent")).toMatchObject({ criticalSectionId, targetInstanceId });
  });

  const many = hub.orchestrator(async function* (ctx, text: string) {
    for (let i = 0; i < 40; i++) yield ctx.callActivity(echo, text);
  });
  it("comes whole when it is larger than a message may be", async () => {
    const history = await historyOf(many, "x".repeat(100_000));
    expect(history.filter(({ type }) => type === "TaskCompleted")).toHaveLength(40);
  });

  it("is that of the last generation", async () => {
    const history = await historyOf(again, 2);
    expect(history.filter(({ type }) => type === "ExecutionStarted")).toMatchObject([{ input: "0" }]);
  });
  const again = hub.orchestrator(async function* (ctx, left: number) {
    yield ctx.callActivity(echo);
    if (left > 0) ctx.continueAsNew(left - 1, false);
  });

  it("is empty for an unknown instance", async () => {
    expect(await hub.client.getOrchestrationHistory(newId())).toEqual([]);
  });
});
