import { EntityInstanceId, type LockHandle, TaskEntity } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();

class Account extends TaskEntity<{ balance: number }> {
  protected override initializeState() {
    return { balance: 100 };
  }
  get() {
    return this.state.balance;
  }
  set(balance: number) {
    this.state.balance = balance;
  }
  add(amount: number) {
    this.state.balance += amount;
  }
}
const account = hub.entity(() => new Account(), "account");
const echo = hub.activity(async (_ctx, input) => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return input;
});

const newAccount = () => new EntityInstanceId(account, newId("key")).toString();
const entityOf = (id: string) => EntityInstanceId.fromString(id);
const lockedBy = async (id: string) => (await hub.client.getEntity(entityOf(id)))?.lockedBy;
const balance = async (id: string) => (await hub.client.getEntity<{ balance: number }>(entityOf(id)))?.state?.balance;

/** Reads, thinks, and writes: what only a lock makes safe. */
const increment = hub.orchestrator(async function* (ctx, id: string) {
  const lock: LockHandle = yield ctx.entities.lockEntities(entityOf(id));
  const before: number = yield ctx.entities.callEntity(entityOf(id), "get");
  yield ctx.callActivity(echo);
  yield ctx.entities.callEntity(entityOf(id), "set", before + 1);
  lock.release();
  return before;
});

const transfer = hub.orchestrator(async function* (ctx, [from, to, amount]: [string, string, number]) {
  const lock: LockHandle = yield ctx.entities.lockEntities(entityOf(from), entityOf(to));
  const source: number = yield ctx.entities.callEntity(entityOf(from), "get");
  if (source >= amount) {
    const target: number = yield ctx.entities.callEntity(entityOf(to), "get");
    yield ctx.entities.callEntity(entityOf(from), "set", source - amount);
    yield ctx.entities.callEntity(entityOf(to), "set", target + amount);
  }
  lock.release();
  return source >= amount;
});

const hold = hub.orchestrator(async function* (ctx, { ids, release }: { ids: string[]; release: boolean }) {
  const lock: LockHandle = yield ctx.entities.lockEntities(...ids.map(entityOf));
  // An entity without a state does not exist for clients.
  for (const id of new Set(ids)) yield ctx.entities.callEntity(entityOf(id), "get");
  ctx.setCustomStatus("locked");
  yield ctx.waitForExternalEvent("go");
  if (release) lock.release();
  return ctx.entities.isInCriticalSection().inSection;
});
const startHolding = async (ids: string[], release = true) => {
  const holder = await hub.start(hold, { ids, release });
  await expect
    .poll(async () => (await hub.client.getOrchestrationState(holder))?.serializedCustomStatus)
    .toBe('"locked"');
  return holder;
};

describe("a lock on one entity", () => {
  it("is held and given back", async () => {
    const id = newAccount();
    expect(await hub.run(increment, id)).toEqual(completed(100));
    await expect.poll(() => lockedBy(id)).toBeUndefined();
    expect(await balance(id)).toBe(101);
  });

  it("names its holder while it is held, and no one after that", async () => {
    const id = newAccount();
    const holder = await startHolding([id]);
    expect(await lockedBy(id)).toBe(holder);
    await hub.client.raiseOrchestrationEvent(holder, "go");
    expect(await hub.ended(holder)).toEqual(completed(false, "locked"));
    await expect.poll(() => lockedBy(id)).toBeUndefined();
  });

  it("makes one of many at a time", async () => {
    const id = newAccount();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => hub.run(increment, id)));
    expect(outcomes.map(({ output }) => output as number).toSorted((a, b) => a - b)).toEqual([
      100, 101, 102, 103, 104, 105, 106, 107,
    ]);
    expect(await balance(id)).toBe(108);
  });

  it("holds back signals until it is given back", async () => {
    const id = newAccount();
    const holder = await startHolding([id]);
    await hub.client.signalEntity(entityOf(id), "add", 5);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await balance(id)) ?? 100).toBe(100);
    await hub.client.raiseOrchestrationEvent(holder, "go");
    await hub.ended(holder);
    await expect.poll(() => balance(id)).toBe(105);
  });

  const releaseTwice = hub.orchestrator(async function* (ctx, id: string) {
    const lock: LockHandle = yield ctx.entities.lockEntities(entityOf(id));
    lock.release();
    lock.release();
    const next: LockHandle = yield ctx.entities.lockEntities(entityOf(id));
    lock.release();
    const inside = ctx.entities.isInCriticalSection().inSection;
    next.release();
    return inside;
  });
  it("is given back once, however often it is asked for", async () => {
    const id = newAccount();
    expect(await hub.run(releaseTwice, id)).toEqual(completed(true));
    await expect.poll(() => lockedBy(id)).toBeUndefined();
  });
});

describe("a lock on many entities", () => {
  it("moves money safely", async () => {
    const ids = [newAccount(), newAccount(), newAccount()];
    const transfers = Array.from({ length: 9 }, (_, i) => [ids[i % 3]!, ids[(i + 1 + (i % 2)) % 3]!, 10 + i]);
    await Promise.all(transfers.map((input) => hub.run(transfer, input)));
    let sum = 0;
    for (const id of ids) sum += (await balance(id)) ?? 100;
    expect(sum).toBe(300);
    for (const id of ids) await expect.poll(() => lockedBy(id)).toBeUndefined();
  });

  it("takes each once, in one order for all", async () => {
    const [a, b] = [newAccount(), newAccount()].toSorted() as [string, string];
    const holder = await startHolding([b, a, b, a]);
    expect(await Promise.all([a, b].map(lockedBy))).toEqual([holder, holder]);
    const history = await hub.client.getOrchestrationHistory(holder);
    expect(history.find((event) => event.type === "EntityLockRequested")).toMatchObject({ lockSet: [a, b] });
    await hub.client.raiseOrchestrationEvent(holder, "go");
    await hub.ended(holder);
    for (const id of [a, b]) await expect.poll(() => lockedBy(id)).toBeUndefined();
  });

  it("waits for all of them", async () => {
    const [a, b] = [newAccount(), newAccount()];
    const holder = await startHolding([b]);
    const waiter = await hub.start(transfer, [a, b, 1]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await hub.status(waiter)).toBe("RUNNING");
    await hub.client.raiseOrchestrationEvent(holder, "go");
    expect(await hub.ended(waiter)).toEqual(completed(true));
    expect([await balance(a), await balance(b)]).toEqual([99, 101]);
  });
});

describe("inside a critical section", () => {
  const attempts = hub.orchestrator(async function* (ctx, [locked, free]: [string, string]) {
    const lock: LockHandle = yield ctx.entities.lockEntities(entityOf(locked));
    const errors: string[] = [];
    const attempt = (action: () => unknown) => {
      try {
        action();
      } catch (error) {
        errors.push((error as Error).message);
      }
    };
    attempt(() => ctx.entities.signalEntity(entityOf(locked), "add", 1));
    attempt(() => ctx.entities.callEntity(entityOf(free), "get"));
    attempt(() => ctx.entities.lockEntities(entityOf(free)));
    ctx.entities.signalEntity(entityOf(free), "add", 1);
    const value: number = yield ctx.entities.callEntity(entityOf(locked), "get");
    lock.release();
    return [value, errors.length];
  });
  it("signals to locked entities and calls of others are refused", async () => {
    const [locked, free] = [newAccount(), newAccount()];
    expect(await hub.run(attempts, [locked, free])).toEqual(completed([100, 3]));
    await expect.poll(() => balance(free)).toBe(101);
    await expect.poll(() => lockedBy(locked)).toBeUndefined();
  });

  const failInside = hub.orchestrator(async function* (ctx, id: string) {
    yield ctx.entities.lockEntities(entityOf(id));
    yield ctx.entities.callEntity(entityOf(id), "add", 1);
    throw new Error("inside");
  });
  it("a failure does not keep the lock from others", async () => {
    const id = newAccount();
    expect((await hub.run(failInside, id)).status).toBe("FAILED");
    await hub.client.cleanEntityStorage();
    expect(await hub.run(increment, id)).toEqual(completed(101));
  });

  it("a termination does not keep the lock from others", async () => {
    const id = newAccount();
    const holder = await startHolding([id]);
    await hub.client.terminateOrchestration(holder, "enough");
    expect((await hub.ended(holder)).status).toBe("TERMINATED");
    await hub.client.cleanEntityStorage();
    expect(await hub.run(increment, id)).toEqual(completed(100));
  });

  it("an end without release does not keep the lock from others", async () => {
    const id = newAccount();
    const holder = await startHolding([id], false);
    await hub.client.raiseOrchestrationEvent(holder, "go");
    expect(await hub.ended(holder)).toEqual(completed(true, "locked"));
    await hub.client.cleanEntityStorage();
    expect(await hub.run(increment, id)).toEqual(completed(100));
  });
});
