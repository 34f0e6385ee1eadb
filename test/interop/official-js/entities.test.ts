import { EntityInstanceId, TaskEntity, whenAll } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { collect, completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);

class Counter extends TaskEntity<{ value: number }> {
  protected override initializeState() {
    return { value: 0 };
  }
  add(amount: number) {
    this.state.value += amount;
    return this.state.value;
  }
  get() {
    return this.state.value;
  }
  async addSlowly(amount: number) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return this.add(amount);
  }
  failAfterAdding(amount: number) {
    this.state.value += amount;
    throw new RangeError("not so much");
  }
  failAfterMessages(target: string) {
    this.context!.signalEntity(EntityInstanceId.fromString(target), "add", 1);
    this.context!.scheduleNewOrchestration(echoes, "x", { instanceId: `from-${this.context!.id.key}` });
    throw new Error("take it back");
  }
  unserializable() {
    (this.state as { value: unknown }).value = 1n;
  }
  echo(input?: unknown) {
    return input;
  }
  forward({ target, amount, after = 0 }: { target: string; amount: number; after?: number }) {
    const to = EntityInstanceId.fromString(target);
    if (after === 0) this.context!.signalEntity(to, "add", amount);
    else this.context!.signalEntity(to, "add", amount, { signalTime: new Date(Date.now() + after) });
  }
  startOrchestration({ instanceId, input, after = 0 }: { instanceId: string; input: unknown; after?: number }) {
    const startAt = new Date(Date.now() + after);
    return this.context!.scheduleNewOrchestration(echoes, input, { instanceId, ...(after !== 0 && { startAt }) });
  }
}
const counter = hub.entity(() => new Counter(), "counter");
const other = hub.entity(() => new Counter(), "othercounter");
class Log extends TaskEntity<string[]> {
  protected override initializeState() {
    return [];
  }
  append(line: string) {
    this.state.push(line);
  }
}
const log = hub.entity(() => new Log(), "log");

const echoes = hub.orchestrator(async function* (ctx, input) {
  return yield ctx.callActivity(echo, input);
});
const call = hub.orchestrator(async function* (ctx, calls: [id: string, operation: string, input?: unknown][]) {
  const answers = [];
  for (const [id, operation, input] of calls) {
    answers.push((yield ctx.entities.callEntity(EntityInstanceId.fromString(id), operation, input)) ?? "nothing");
  }
  return answers;
});

const newEntity = (name = counter, key: string = newId("key")) => new EntityInstanceId(name, key);
const stateOf = async (id: EntityInstanceId) => (await hub.client.getEntity<{ value: number }>(id))?.state;

describe("signals from a client", () => {
  it("change the state", async () => {
    const id = newEntity();
    await hub.client.signalEntity(id, "add", 5);
    await hub.client.signalEntity(id, "ADD", 2);
    await expect.poll(() => stateOf(id)).toEqual({ value: 7 });
    const entity = (await hub.client.getEntity(id))!;
    expect(entity.id.equals(id)).toBe(true);
    expect(entity.includesState).toBe(true);
    expect(entity.lockedBy).toBeUndefined();
    expect(Date.now() - entity.lastModifiedTime.getTime()).toBeLessThan(3_600_000);
  });

  it("are run in the order of sending", async () => {
    const id = newEntity(log);
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    for (const line of lines) await hub.client.signalEntity(id, "append", line);
    await expect.poll(async () => (await hub.client.getEntity<string[]>(id))?.state).toEqual(lines);
  });

  it("are all run when sent at once", async () => {
    const id = newEntity();
    await Promise.all(Array.from({ length: 50 }, () => hub.client.signalEntity(id, "addSlowly", 1)));
    await expect.poll(() => stateOf(id)).toEqual({ value: 50 });
  });

  it("keep entities of one key and two names apart, and of one name and two keys", async () => {
    const key = newId("key");
    const ids = [newEntity(counter, key), newEntity(other, key), newEntity(counter, key.toUpperCase())];
    for (const [i, id] of ids.entries()) await hub.client.signalEntity(id, "add", i + 1);
    for (const [i, id] of ids.entries()) await expect.poll(() => stateOf(id)).toEqual({ value: i + 1 });
  });

  it.each(["a b", "a@b", "ключ-😀", "a/b?c=d", "x".repeat(60), 'it\'s "quoted"'])("take the key %j", async (text) => {
    const id = newEntity(counter, `${text}${newId("")}`.slice(0, 90));
    await hub.client.signalEntity(id, "add", 1);
    await expect.poll(() => stateOf(id)).toEqual({ value: 1 });
  });

  it("wait for their time", async () => {
    const id = newEntity(log);
    await hub.client.signalEntity(id, "append", "late", { signalTime: new Date(Date.now() + 300) });
    await hub.client.signalEntity(id, "append", "soon");
    await expect
      .poll(async () => (await hub.client.getEntity<string[]>(id))?.state)
      .toEqual(expect.arrayContaining(["soon"]));
    await expect.poll(async () => (await hub.client.getEntity<string[]>(id))?.state).toEqual(["soon", "late"]);
  });

  it("change nothing when the operation fails", async () => {
    const id = newEntity();
    await hub.client.signalEntity(id, "add", 1);
    await hub.client.signalEntity(id, "failAfterAdding", 10);
    await hub.client.signalEntity(id, "noSuchOperation");
    await hub.client.signalEntity(id, "add", 1);
    await expect.poll(() => stateOf(id)).toEqual({ value: 2 });
  });

  it("go nowhere for an unknown name, and do no harm", async () => {
    await hub.client.signalEntity(new EntityInstanceId("nosuchentity", newId("key")), "add", 1);
    const id = newEntity();
    await hub.client.signalEntity(id, "add", 1);
    await expect.poll(() => stateOf(id)).toEqual({ value: 1 });
  });
});

describe("reading", () => {
  it("finds no entity that was never used", async () => {
    expect(await hub.client.getEntity(newEntity())).toBeUndefined();
  });

  it("leaves the state out when asked to", async () => {
    const id = newEntity();
    await hub.client.signalEntity(id, "add", 5);
    await expect.poll(() => stateOf(id)).toEqual({ value: 5 });
    const entity = await hub.client.getEntity(id, false);
    expect(entity?.includesState).toBe(false);
  });

  it("finds entities by prefix, with and without state, in pages", async () => {
    const prefix = newId("query");
    const ids = Array.from({ length: 5 }, (_, i) => newEntity(counter, `${prefix}-${i}`));
    const stranger = newEntity(other, `${prefix}-0`);
    for (const id of [...ids, stranger]) await hub.client.signalEntity(id, "add", 1);
    for (const id of [...ids, stranger]) await expect.poll(() => stateOf(id)).toEqual({ value: 1 });
    const instanceIdStartsWith = `@Counter@${prefix}`;
    for (const pageSize of [2, 100]) {
      const found = await collect(hub.client.getEntities<{ value: number }>({ instanceIdStartsWith, pageSize }));
      expect(found.map(({ id }) => id.toString()).toSorted()).toEqual(ids.map((id) => id.toString()));
      expect(found.map(({ state }) => state)).toEqual(Array(5).fill({ value: 1 }));
    }
    const bare = await collect(hub.client.getEntities({ instanceIdStartsWith, includeState: false }));
    expect(bare.map(({ includesState }) => includesState)).toEqual(Array(5).fill(false));
    expect(await collect(hub.client.getEntities({ instanceIdStartsWith: `counter@${newId("none")}` }))).toEqual([]);
  });

  it("finds entities by the time of their last change", async () => {
    const prefix = newId("time");
    const [first, second] = [newEntity(counter, `${prefix}-1`), newEntity(counter, `${prefix}-2`)];
    await hub.client.signalEntity(first, "add", 1);
    await expect.poll(() => stateOf(first)).toEqual({ value: 1 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const between = new Date();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await hub.client.signalEntity(second, "add", 1);
    await expect.poll(() => stateOf(second)).toEqual({ value: 1 });
    const keys = async (query: { lastModifiedFrom?: Date; lastModifiedTo?: Date }) => {
      const found = await collect(hub.client.getEntities({ instanceIdStartsWith: `@counter@${prefix}`, ...query }));
      return found.map(({ id }) => id.key);
    };
    expect(await keys({ lastModifiedFrom: between })).toEqual([second.key]);
    expect(await keys({ lastModifiedTo: between })).toEqual([first.key]);
  });

  it("lists no entity among orchestrations", async () => {
    const id = newEntity();
    await hub.client.signalEntity(id, "add", 1);
    await expect.poll(() => stateOf(id)).toEqual({ value: 1 });
    const found = await collect(hub.client.getAllInstances());
    expect(found.filter(({ instanceId }) => instanceId.startsWith("@"))).toEqual([]);
  });
});

describe("calls from an orchestration", () => {
  it("give the result", async () => {
    const id = newEntity().toString();
    expect(
      await hub.run(call, [
        [id, "add", 5],
        [id, "add", 3],
        [id, "get"],
        [id, "addSlowly", 1],
      ]),
    ).toEqual(completed([5, 8, 8, 9]));
  });

  it.each([0, "", false, true, "text", [1], { a: null }])("carry %j", async (value) => {
    expect(await hub.run(call, [[newEntity().toString(), "echo", value]])).toEqual(completed([value]));
  });

  it("give nothing for no result", async () => {
    expect(await hub.run(call, [[newEntity().toString(), "echo"]])).toEqual(completed(["nothing"]));
  });

  it("fail with the error of the operation, whose changes are taken back", async () => {
    const id = newEntity();
    await hub.run(call, [[id.toString(), "add", 1]]);
    const outcome = await hub.run(call, [[id.toString(), "failAfterAdding", 10]]);
    expect(outcome.status).toBe("FAILED");
    expect(outcome.failure?.message).toContain("not so much");
    expect(await hub.run(call, [[id.toString(), "get"]])).toEqual(completed([1]));
  });

  it("take back what a failed operation sent", async () => {
    const [id, target] = [newEntity(), newEntity()];
    const outcome = await hub.run(call, [[id.toString(), "failAfterMessages", target.toString()]]);
    expect(outcome.failure?.message).toContain("take it back");
    expect(await hub.run(call, [[target.toString(), "get"]])).toEqual(completed([0]));
    expect(await hub.status(`from-${id.key}`)).toBe("MISSING");
  });

  it("fail when the state cannot be kept", async () => {
    const id = newEntity();
    await hub.run(call, [[id.toString(), "add", 1]]);
    expect((await hub.run(call, [[id.toString(), "unserializable"]])).status).toBe("FAILED");
    expect(await hub.run(call, [[id.toString(), "get"]])).toEqual(completed([1]));
  });

  const caught = hub.orchestrator(async function* (ctx, [id, operation]: [string, string]) {
    try {
      yield ctx.entities.callEntity(EntityInstanceId.fromString(id), operation, 1);
    } catch (error) {
      const { failureDetails, message } = error as Error & { failureDetails: { errorType: string } };
      return [failureDetails.errorType, message];
    }
    return "no error";
  });
  it.each([
    [counter, "failAfterAdding", "RangeError"],
    [counter, "noSuchOperation", "Error"],
    ["nosuchentity", "add", "EntityTaskNotFound"],
  ])("tell the type of an error: %s %s", async (name, operation, errorType) => {
    const { output } = await hub.run(caught, [newEntity(name).toString(), operation]);
    expect(output).toEqual([errorType, expect.any(String)]);
  });

  const parallel = hub.orchestrator(async function* (ctx, ids: string[]) {
    const calls = ids.map((id, i) => ctx.entities.callEntity(EntityInstanceId.fromString(id), "add", i + 1));
    return yield whenAll(calls);
  });
  it("run side by side on many entities", async () => {
    const ids = Array.from({ length: 10 }, () => newEntity().toString());
    expect(await hub.run(parallel, ids)).toEqual(completed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  });
  it("run in order on one entity", async () => {
    const id = newEntity().toString();
    expect(await hub.run(parallel, [id, id, id, id])).toEqual(completed([1, 3, 6, 10]));
  });

  const signal = hub.orchestrator(async function* (ctx, [id, after]: [string, number]) {
    const entity = EntityInstanceId.fromString(id);
    const signalTime = new Date(ctx.currentUtcDateTime.getTime() + after);
    ctx.entities.signalEntity(entity, "add", 100, ...(after === 0 ? [] : [{ signalTime }]));
    return yield ctx.entities.callEntity(entity, "get");
  });
  it("see the signals that were sent before", async () => {
    expect(await hub.run(signal, [newEntity().toString(), 0])).toEqual(completed(100));
  });
  it("do not wait for signals that are to come later", async () => {
    const id = newEntity();
    expect(await hub.run(signal, [id.toString(), 300])).toEqual(completed(0));
    await expect.poll(() => stateOf(id)).toEqual({ value: 100 });
  });

  it("keep all of many orchestrations", async () => {
    const id = newEntity().toString();
    await Promise.all(
      Array.from({ length: 10 }, () =>
        hub.run(call, [
          [id, "add", 1],
          [id, "addSlowly", 1],
        ]),
      ),
    );
    expect(await hub.run(call, [[id, "get"]])).toEqual(completed([20]));
  });

  const eternal = hub.orchestrator(async function* (ctx, { id, left }: { id: string; left: number }) {
    const entity = EntityInstanceId.fromString(id);
    const value = yield ctx.entities.callEntity(entity, "add", 1);
    ctx.entities.signalEntity(entity, "add", 10);
    if (left > 1) ctx.continueAsNew({ id, left: left - 1 }, false);
    return value;
  });
  it("go on over generations", async () => {
    expect(await hub.run(eternal, { id: newEntity().toString(), left: 3 })).toEqual(completed(23));
  });
});

describe("what an entity does to others", () => {
  it("signals another, and itself", async () => {
    const [id, target] = [newEntity(), newEntity()];
    await hub.client.signalEntity(id, "forward", { target: target.toString(), amount: 4 });
    await hub.client.signalEntity(id, "forward", { target: id.toString(), amount: 3 });
    await expect.poll(() => stateOf(target)).toEqual({ value: 4 });
    await expect.poll(() => stateOf(id)).toEqual({ value: 3 });
  });

  it("signals another later", async () => {
    const [id, target] = [newEntity(), newEntity()];
    expect(
      await hub.run(call, [[id.toString(), "forward", { target: target.toString(), amount: 4, after: 200 }]]),
    ).toEqual(completed(["nothing"]));
    expect(await hub.run(call, [[target.toString(), "get"]])).toEqual(completed([0]));
    await expect.poll(() => stateOf(target)).toEqual({ value: 4 });
  });

  it.each([0, 200])("starts an orchestration after %d ms", async (after) => {
    const [id, instanceId] = [newEntity(), newId()];
    expect(await hub.run(call, [[id.toString(), "startOrchestration", { instanceId, input: [1], after }]])).toEqual(
      completed([instanceId]),
    );
    await expect.poll(() => hub.status(instanceId)).toBe("COMPLETED");
    expect(await hub.ended(instanceId)).toEqual(completed([1]));
  });
});

describe("the end of an entity", () => {
  it("comes with delete, after which it starts anew", async () => {
    const id = newEntity();
    expect(await hub.run(call, [[id.toString(), "add", 7]])).toEqual(completed([7]));
    await hub.client.signalEntity(id, "delete");
    await expect.poll(() => stateOf(id)).toBeUndefined();
    const found = await collect(hub.client.getEntities({ instanceIdStartsWith: id.toString() }));
    expect(found).toEqual([]);
    expect(await hub.run(call, [[id.toString(), "add", 1]])).toEqual(completed([1]));
  });

  it("is not undone by a cleaning, which leaves others alone", async () => {
    const ids = [newEntity(), newEntity(), newEntity()];
    for (const id of ids) await hub.run(call, [[id.toString(), "add", 1]]);
    for (const id of ids.slice(1)) await hub.run(call, [[id.toString(), "delete"]]);
    // What was empty for a short time only may stay.
    expect(await hub.client.cleanEntityStorage()).toMatchObject({
      emptyEntitiesRemoved: expect.any(Number),
      orphanedLocksReleased: 0,
      continuationToken: undefined,
    });
    expect(await hub.client.cleanEntityStorage({ removeEmptyEntities: false, releaseOrphanedLocks: false })).toEqual({
      emptyEntitiesRemoved: 0,
      orphanedLocksReleased: 0,
      continuationToken: undefined,
    });
    for (const id of ids.slice(1)) expect(await hub.client.getEntity(id, false)).toBeUndefined();
    expect(await stateOf(ids[0]!)).toEqual({ value: 1 });
    expect(await hub.run(call, [[ids[1]!.toString(), "add", 1]])).toEqual(completed([1]));
  });

  it("comes with a purge of its id", async () => {
    const id = newEntity();
    await hub.run(call, [[id.toString(), "add", 1]]);
    expect((await hub.client.purgeOrchestration(id.toString()))?.deletedInstanceCount).toBe(1);
    expect(await hub.client.getEntity(id)).toBeUndefined();
  });
});
