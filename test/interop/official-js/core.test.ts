import {
  EntityInstanceId,
  type LockHandle,
  RetryPolicy,
  TaskEntity,
  terminateOptions,
  whenAll,
  whenAny,
} from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { collect, completed, newId, useHub } from "./official-hub.ts";

class Counter extends TaskEntity<{ value: number }> {
  protected override initializeState() {
    return { value: 0 };
  }
  add(amount: number) {
    this.state.value += amount;
    return this.state.value;
  }
  fail() {
    this.state.value = -1;
    throw new RangeError("taken back");
  }
}

// What each backend does in a way of its own is run on both.
describe.each(["memory", "azurite"] as const)("a hub on %s", (store) => {
  const hub = useHub(store);
  const echo = hub.activity((_ctx, input) => input);
  const counter = hub.entity(() => new Counter());
  const calls = new Map<string, number>();
  const flaky = hub.activity((_ctx, { key, failures }: { key: string; failures: number }) => {
    const count = (calls.get(key) ?? 0) + 1;
    calls.set(key, count);
    if (count <= failures) throw new Error(`failure ${count}`);
    return count;
  });
  const waiting = hub.orchestrator(async function* (ctx) {
    return yield ctx.waitForExternalEvent("end");
  });

  const fanOut = hub.orchestrator(async function* (ctx, count: number) {
    const results: number[] = yield whenAll(Array.from({ length: count }, (_, i) => ctx.callActivity(echo, i)));
    return results.reduce((sum, result) => sum + result, 0);
  });
  const withChildren = hub.orchestrator(async function* (ctx) {
    return yield whenAll([5, 10].map((count) => ctx.callSubOrchestrator(fanOut, count)));
  });
  it("runs activities and children", async () => {
    expect(await hub.run(withChildren)).toEqual(completed([10, 45]));
  });

  it.each([0, "", false, null, { a: [null] }, "é😀"])("carries %j", async (value) => {
    expect(await hub.run(carry, value)).toEqual(completed(value));
  });
  const carry = hub.orchestrator(async function* (ctx, input) {
    return yield ctx.callActivity(echo, input);
  });

  it("carries large texts", async () => {
    const text = "x".repeat(500_000);
    expect(await hub.run(carry, text)).toEqual(completed(text));
  });

  const race = hub.orchestrator(async function* (ctx, seconds: number) {
    const event = ctx.waitForExternalEvent("Go");
    const winner = yield whenAny([event, ctx.createTimer(seconds)]);
    return winner === event ? event.getResult() : "timed out";
  });
  it("runs timers and events", async () => {
    expect(await hub.run(race, 0.1)).toEqual(completed("timed out"));
    const id = await hub.start(race, 3600);
    await hub.client.raiseOrchestrationEvent(id, "go", "now");
    expect(await hub.ended(id)).toEqual(completed("now"));
  });

  const retrying = hub.orchestrator(async function* (ctx, input) {
    const retry = new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 20 });
    return yield ctx.callActivity(flaky, input, { retry });
  });
  it("retries", async () => {
    expect(await hub.run(retrying, { key: newId(), failures: 2 })).toEqual(completed(3));
    expect((await hub.run(retrying, { key: newId(), failures: 3 })).status).toBe("FAILED");
  });

  const loop = hub.orchestrator(async function* (ctx, sum: number) {
    const value = yield ctx.waitForExternalEvent("Add");
    if (value === "end") return sum;
    yield ctx.callActivity(echo);
    ctx.continueAsNew(sum + value, true);
    return undefined;
  });
  it("continues as new with the events that are left", async () => {
    const id = await hub.start(loop, 0);
    for (const value of [1, 2, 3, "end"]) await hub.client.raiseOrchestrationEvent(id, "Add", value);
    expect(await hub.ended(id)).toEqual(completed(6));
  });

  it("suspends, resumes and restarts", async () => {
    const id = await hub.start(waiting);
    await hub.running(id);
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await hub.client.raiseOrchestrationEvent(id, "end", 1);
    await hub.client.resumeOrchestration(id);
    expect(await hub.ended(id)).toEqual(completed(1));
    expect(await hub.client.restartOrchestration(id)).toBe(id);
    await hub.client.raiseOrchestrationEvent(id, "end", 2);
    await expect.poll(async () => (await hub.ended(id)).output).toBe(2);
  });

  const parent = hub.orchestrator(async function* (ctx, instanceId: string) {
    return yield ctx.callSubOrchestrator(waiting, undefined, { instanceId });
  });
  it("ends and purges families", async () => {
    const child = newId("child");
    const id = await hub.start(parent, child);
    await expect.poll(() => hub.status(child)).toBe("RUNNING");
    await hub.client.terminateOrchestration(id, terminateOptions({ output: "all", recursive: true }));
    expect(await hub.ended(id)).toMatchObject({ status: "TERMINATED", output: "all" });
    expect(await hub.ended(child)).toMatchObject({ status: "TERMINATED" });
    expect((await hub.client.purgeOrchestration(id, { recursive: true }))?.deletedInstanceCount).toBe(2);
    expect([await hub.status(id), await hub.status(child)]).toEqual(["MISSING", "MISSING"]);
  });

  const fragileParent = hub.orchestrator(async function* (ctx, input) {
    return ["parent", yield ctx.callSubOrchestrator(fragile, input)];
  });
  const fragile = hub.orchestrator(async function* (ctx, input) {
    return [yield ctx.callActivity(echo, "first"), yield ctx.callActivity(flaky, input)];
  });
  it("rewinds through children", async () => {
    const id = await hub.start(fragileParent, { key: newId(), failures: 1 });
    expect((await hub.ended(id)).status).toBe("FAILED");
    await hub.client.rewindInstance(id, "mended");
    expect(await hub.ended(id)).toEqual(completed(["parent", ["first", 2]]));
  });

  it("finds instances, their ids and their histories", async () => {
    const prefix = newId("query");
    const from = new Date();
    const ids = [1, 2, 3].map((n) => `${prefix}-${n}`);
    for (const instanceId of ids) await hub.run(carry, 1, { instanceId, tags: { n: instanceId.at(-1)! } });
    const found = await collect(hub.client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 2 }));
    expect(found.map(({ instanceId, tags }) => [instanceId, tags]).toSorted()).toEqual(
      ids.map((id) => [id, { n: id.at(-1) }]),
    );
    expect((await hub.client.listInstanceIds({ completedTimeFrom: from })).values).toEqual(ids);
    expect((await hub.client.getOrchestrationHistory(ids[0]!)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(["ExecutionStarted", "TaskScheduled", "TaskCompleted", "ExecutionCompleted"]),
    );
  });

  it("refuses an id that is taken", async () => {
    const instanceId = await hub.start(waiting);
    await expect(hub.start(waiting, undefined, { instanceId })).rejects.toMatchObject({ code: 6 });
    await hub.client.terminateOrchestration(instanceId);
  });

  const useEntity = hub.orchestrator(async function* (ctx, key: string) {
    const id = new EntityInstanceId(counter, key);
    ctx.entities.signalEntity(id, "add", 1);
    const seen = [yield ctx.entities.callEntity(id, "add", 2)];
    try {
      yield ctx.entities.callEntity(id, "fail");
    } catch (error) {
      seen.push((error as { failureDetails: { errorType: string } }).failureDetails.errorType);
    }
    const lock: LockHandle = yield ctx.entities.lockEntities(id, new EntityInstanceId(counter, `${key}-2`));
    seen.push(yield ctx.entities.callEntity(id, "add", 4));
    lock.release();
    return seen;
  });
  it("runs entities and locks", async () => {
    const key = newId();
    expect(await hub.run(useEntity, key)).toEqual(completed([3, "RangeError", 7]));
    const id = new EntityInstanceId(counter, key);
    await hub.client.signalEntity(id, "add", 10);
    await expect.poll(async () => (await hub.client.getEntity(id))?.state).toEqual({ value: 17 });
    await expect.poll(async () => (await hub.client.getEntity(id))?.lockedBy).toBeUndefined();
    const found = await collect(hub.client.getEntities({ instanceIdStartsWith: `@${counter}@${key}` }));
    expect(found.map((entity) => entity.id.key)).toEqual([key]);
  });

  it("goes on after the sidecar was started again", async () => {
    const id = await hub.start(waiting);
    await hub.running(id);
    await hub.sidecar.stop();
    await hub.sidecar.start();
    const client = hub.newClient();
    await client.raiseOrchestrationEvent(id, "end", "after");
    expect(await client.waitForOrchestrationCompletion(id, true, 60)).toMatchObject({ serializedOutput: '"after"' });
    await client.stop();
  });
});
