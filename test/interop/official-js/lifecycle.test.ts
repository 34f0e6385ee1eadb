import { OrchestrationStatus, PurgeInstanceCriteria, terminateOptions, whenAll } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);
const done = hub.orchestrator(async function* (ctx, input) {
  return yield ctx.callActivity(echo, input);
});
const failed = hub.orchestrator(async function* (ctx) {
  yield ctx.callActivity(echo);
  throw new Error("it fails");
});
const waiting = hub.orchestrator(async function* (ctx) {
  return yield ctx.waitForExternalEvent("end");
});

/** An instance that waits for an event, and has come so far. */
async function startWaiting(options: { instanceId?: string } = {}): Promise<string> {
  const id = await hub.start(waiting, undefined, options);
  await hub.running(id);
  return id;
}

describe("continue as new", () => {
  const countdown = hub.orchestrator(async function* (ctx, { left, log }: { left: number; log: number[] }) {
    const answer = yield ctx.callActivity(echo, left);
    if (left > 0) ctx.continueAsNew({ left: left - 1, log: [...log, answer] }, false);
    return [...log, answer];
  });
  it("starts anew with another input", async () => {
    const id = await hub.start(countdown, { left: 5, log: [] });
    expect(await hub.ended(id)).toEqual(completed([5, 4, 3, 2, 1, 0]));
    const history = await hub.client.getOrchestrationHistory(id);
    expect(history.filter((event) => event.type === "TaskCompleted")).toHaveLength(1);
    expect((await hub.client.getOrchestrationState(id))?.serializedInput).toBe('{"left":0,"log":[5,4,3,2,1]}');
  });

  const values = [0, "", false, null, undefined];
  const valuesThrough = hub.orchestrator(async function* (ctx, input) {
    yield ctx.callActivity(echo);
    if (input?.start !== undefined) ctx.continueAsNew(values[input.start], false);
    return input === undefined ? "nothing" : [input];
  });
  it.each(values.map((value, i) => [value, i]))("carries %j", async (value, start) => {
    expect(await hub.run(valuesThrough, { start })).toEqual(completed(value === undefined ? "nothing" : [value]));
  });

  const eventLoop = hub.orchestrator(async function* (ctx, { sum, keep }: { sum: number; keep: boolean }) {
    const event = yield ctx.waitForExternalEvent("Add");
    if (event === "end") return sum;
    yield ctx.createTimer(0.05);
    ctx.continueAsNew({ sum: sum + event, keep }, keep);
    return "never seen";
  });
  it("keeps events that were not taken, when asked to", async () => {
    const id = await hub.start(eventLoop, { sum: 0, keep: true });
    for (const value of [1, 2, 3, 4, 5, "end"]) await hub.client.raiseOrchestrationEvent(id, "Add", value);
    expect(await hub.ended(id)).toEqual(completed(15));
  });
  it("goes on with events that come later", async () => {
    const id = await hub.start(eventLoop, { sum: 0, keep: false });
    await hub.client.raiseOrchestrationEvent(id, "Add", 7);
    await expect
      .poll(async () => (await hub.client.getOrchestrationState(id))?.serializedInput)
      .toBe('{"sum":7,"keep":false}');
    await hub.client.raiseOrchestrationEvent(id, "Add", "end");
    expect(await hub.ended(id)).toEqual(completed(7));
  });

  const keepsIdentity = hub.orchestrator(async function* (ctx, generation: number) {
    yield ctx.callActivity(echo);
    if (generation < 2) ctx.continueAsNew(generation + 1, false);
    return [ctx.instanceId, ctx.version];
  });
  it("keeps id, tags and version", async () => {
    const instanceId = newId();
    expect(await hub.run(keepsIdentity, 0, { instanceId, version: "3", tags: { a: "b" } })).toEqual(
      completed([instanceId, "3"]),
    );
    expect((await hub.client.getOrchestrationState(instanceId))?.tags).toEqual({ a: "b" });
  });

  const childThatContinues = hub.orchestrator(async function* (ctx) {
    return yield ctx.callSubOrchestrator(countdown, { left: 2, log: [] });
  });
  it("of a child still answers its parent", async () => {
    expect(await hub.run(childThatContinues)).toEqual(completed([2, 1, 0]));
  });

  const leavesAction = hub.orchestrator(async function* (ctx, target: string | undefined) {
    if (target === undefined) return "second generation";
    yield ctx.callActivity(echo);
    ctx.sendEvent(target, "end", "from the first generation");
    ctx.continueAsNew(undefined, false);
    return undefined;
  });
  it("still does what was asked for in the same turn", async () => {
    const target = await startWaiting();
    expect(await hub.run(leavesAction, target)).toEqual(completed("second generation"));
    expect(await hub.ended(target)).toEqual(completed("from the first generation"));
  });
});

describe("suspend and resume", () => {
  it("holds events back until the instance goes on", async () => {
    const id = await startWaiting();
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await hub.client.raiseOrchestrationEvent(id, "end", "x");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await hub.status(id)).toBe("SUSPENDED");
    await hub.client.resumeOrchestration(id);
    expect(await hub.ended(id)).toEqual(completed("x"));
  });

  it("shows that it runs again", async () => {
    const id = await startWaiting();
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await hub.client.resumeOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("RUNNING");
    await hub.client.raiseOrchestrationEvent(id, "end", 1);
    expect(await hub.ended(id)).toEqual(completed(1));
  });

  const sleeper = hub.orchestrator(async function* (ctx) {
    yield ctx.createTimer(0.1);
    return "awake";
  });
  it("holds a timer back", async () => {
    const id = await hub.start(sleeper);
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toMatch(/SUSPENDED|COMPLETED/);
    await hub.client.resumeOrchestration(id);
    expect(await hub.ended(id)).toEqual(completed("awake"));
  });

  it("may be ended while it is suspended", async () => {
    const id = await startWaiting();
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await hub.client.terminateOrchestration(id, "enough");
    expect(await hub.ended(id)).toMatchObject({ status: "TERMINATED", output: "enough" });
  });

  it("does nothing to an instance that has ended", async () => {
    const id = await hub.start(done, 1);
    await hub.ended(id);
    await hub.client.suspendOrchestration(id);
    await hub.client.resumeOrchestration(id);
    expect(await hub.ended(id)).toEqual(completed(1));
  });

  it("may resume what was not suspended, and suspend twice", async () => {
    const id = await startWaiting();
    await hub.client.resumeOrchestration(id);
    await hub.client.suspendOrchestration(id);
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await hub.client.resumeOrchestration(id);
    await hub.client.raiseOrchestrationEvent(id, "end", 2);
    expect(await hub.ended(id)).toEqual(completed(2));
  });
});

describe("terminate", () => {
  it.each([["text"], [{ a: 1 }], [0], [""], [false], [null]])("ends an instance with %j", async (output) => {
    const id = await startWaiting();
    await hub.client.terminateOrchestration(id, output);
    expect(await hub.ended(id)).toEqual({ status: "TERMINATED", output, customStatus: undefined, failure: undefined });
  });

  const endless = hub.orchestrator(async function* (ctx, child: string) {
    return yield ctx.callSubOrchestrator(waiting, undefined, { instanceId: child });
  });
  const startFamily = async () => {
    const child = newId("child");
    const parent = await hub.start(endless, child);
    await expect.poll(() => hub.status(child)).toBe("RUNNING");
    return { parent, child };
  };

  it("ends the children when asked to", async () => {
    const { parent, child } = await startFamily();
    await hub.client.terminateOrchestration(parent, terminateOptions({ output: "all", recursive: true }));
    expect(await hub.ended(parent)).toMatchObject({ status: "TERMINATED", output: "all" });
    expect(await hub.ended(child)).toMatchObject({ status: "TERMINATED" });
  });

  it("spares the children when asked to", async () => {
    const { parent, child } = await startFamily();
    await hub.client.terminateOrchestration(parent, terminateOptions({ output: "one", recursive: false }));
    expect(await hub.ended(parent)).toMatchObject({ status: "TERMINATED", output: "one" });
    await hub.client.raiseOrchestrationEvent(child, "end", "later");
    expect(await hub.ended(child)).toEqual(completed("later"));
  });

  it("ends a child, and its parent knows", async () => {
    const { parent, child } = await startFamily();
    await hub.client.terminateOrchestration(child, "killed");
    expect(await hub.ended(child)).toMatchObject({ status: "TERMINATED", output: "killed" });
    expect(await hub.ended(parent)).toMatchObject({ status: "FAILED" });
  });

  const wide = hub.orchestrator(async function* (ctx, children: string[]) {
    yield whenAll(children.map((instanceId) => ctx.callSubOrchestrator(waiting, undefined, { instanceId })));
  });
  it("ends and purges a whole family", async () => {
    const children = [newId(), newId(), newId()];
    const parent = await hub.start(wide, children);
    for (const child of children) await expect.poll(() => hub.status(child)).toBe("RUNNING");
    await hub.client.terminateOrchestration(parent, terminateOptions({ recursive: true }));
    for (const id of [parent, ...children]) expect((await hub.ended(id)).status).toBe("TERMINATED");
    const result = await hub.client.purgeOrchestration(parent, { recursive: true });
    expect(result?.deletedInstanceCount).toBe(4);
    for (const id of [parent, ...children]) expect(await hub.client.getOrchestrationState(id)).toBeUndefined();
  });

  it("does nothing to an instance that has ended", async () => {
    const id = await hub.start(done, 1);
    await hub.ended(id);
    await hub.client.terminateOrchestration(id, "late");
    expect(await hub.ended(id)).toEqual(completed(1));
  });

  it("ends an instance that waits for its time", async () => {
    const id = await hub.start(done, 1, { startAt: new Date(Date.now() + 3_600_000) });
    await hub.client.terminateOrchestration(id, "never");
    expect(await hub.ended(id)).toMatchObject({ status: "TERMINATED", output: "never" });
  });
});

describe("purge", () => {
  it("deletes an instance that has ended", async () => {
    const id = await hub.start(done, 1);
    await hub.ended(id);
    expect((await hub.client.purgeOrchestration(id))?.deletedInstanceCount).toBe(1);
    expect(await hub.client.getOrchestrationState(id)).toBeUndefined();
    expect(await hub.client.getOrchestrationHistory(id)).toEqual([]);
  });

  it("finds nothing of an unknown id", async () => {
    expect((await hub.client.purgeOrchestration(newId()))?.deletedInstanceCount).toBe(0);
  });

  it("leaves an instance that runs", async () => {
    const id = await startWaiting();
    const result = await hub.client.purgeOrchestration(id).catch(() => undefined);
    expect(result?.deletedInstanceCount ?? 0).toBe(0);
    await hub.client.raiseOrchestrationEvent(id, "end", 3);
    expect(await hub.ended(id)).toEqual(completed(3));
  });

  const family = hub.orchestrator(async function* (ctx, child: string) {
    return yield ctx.callSubOrchestrator(done, 1, { instanceId: child });
  });
  it.each([true, false])("takes the children with it: %j", async (recursive) => {
    const child = newId("child");
    const parent = await hub.start(family, child);
    await hub.ended(parent);
    const result = await hub.client.purgeOrchestration(parent, { recursive });
    expect(result?.deletedInstanceCount).toBe(recursive ? 2 : 1);
    expect(await hub.status(child)).toBe(recursive ? "MISSING" : "COMPLETED");
  });

  it("deletes what a filter finds, and only that", async () => {
    const before = await hub.start(done, 1);
    await hub.ended(before);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const from = new Date();
    const good = [await hub.start(done, 1), await hub.start(done, 2)];
    const bad = await hub.start(failed);
    const live = await startWaiting();
    for (const id of [...good, bad]) await hub.ended(id);
    const criteria = new PurgeInstanceCriteria();
    criteria.setCreatedTimeFrom(from);
    criteria.setCreatedTimeTo(new Date(Date.now() + 60_000));
    criteria.setRuntimeStatusList([OrchestrationStatus.COMPLETED]);
    expect((await hub.client.purgeOrchestration(criteria))?.deletedInstanceCount).toBe(2);
    expect(await Promise.all([before, ...good, bad, live].map((id) => hub.status(id)))).toEqual([
      "COMPLETED",
      "MISSING",
      "MISSING",
      "FAILED",
      "RUNNING",
    ]);
    criteria.setRuntimeStatusList([]);
    expect((await hub.client.purgeOrchestration(criteria))?.deletedInstanceCount).toBe(1);
    expect(await Promise.all([before, bad, live].map((id) => hub.status(id)))).toEqual([
      "COMPLETED",
      "MISSING",
      "RUNNING",
    ]);
    await hub.client.terminateOrchestration(live);
  });
});

describe("a delayed start", () => {
  it("waits for its time", async () => {
    const startAt = new Date(Date.now() + 400);
    const id = await hub.client.scheduleNewOrchestration(done, "later", newId("delayed"), startAt);
    expect(await hub.status(id)).toBe("PENDING");
    expect(await hub.ended(id)).toEqual(completed("later"));
    const history = await hub.client.getOrchestrationHistory(id);
    const scheduled = history.find((event) => event.type === "TaskScheduled");
    expect(scheduled!.timestamp.getTime()).toBeGreaterThanOrEqual(startAt.getTime());
  });

  it("starts at once when its time has passed", async () => {
    expect(await hub.run(done, "now", { startAt: new Date(Date.now() - 60_000) })).toEqual(completed("now"));
  });

  it("keeps events that come before it", async () => {
    const id = await hub.start(waiting, undefined, { startAt: new Date(Date.now() + 300) });
    await hub.client.raiseOrchestrationEvent(id, "end", "early");
    expect(await hub.ended(id)).toEqual(completed("early"));
  });
});

describe("waiting", () => {
  it("ends at the timeout of the client", async () => {
    const id = await startWaiting();
    await expect(hub.client.waitForOrchestrationCompletion(id, true, 0.1)).rejects.toThrow(/[Tt]imed out/);
    await hub.client.raiseOrchestrationEvent(id, "end", 1);
    expect(await hub.ended(id)).toEqual(completed(1));
  });

  it("for the start shows a running instance, and the end of one that was fast", async () => {
    const id = await hub.start(waiting);
    const started = await hub.client.waitForOrchestrationStart(id, true, 60);
    expect(started?.runtimeStatus).toBe(OrchestrationStatus.RUNNING);
    await hub.client.terminateOrchestration(id);
    await hub.ended(id);
    expect((await hub.client.waitForOrchestrationStart(id, true, 60))?.runtimeStatus).toBe(
      OrchestrationStatus.TERMINATED,
    );
  });

  it("serves many clients of one instance", async () => {
    const id = await startWaiting();
    const all = Array.from({ length: 20 }, () => hub.ended(id));
    await hub.client.raiseOrchestrationEvent(id, "end", "all");
    expect(await Promise.all(all)).toEqual(Array(20).fill(completed("all")));
  });

  it("finds no state of an unknown instance", async () => {
    expect(await hub.client.getOrchestrationState(newId())).toBeUndefined();
  });
});
