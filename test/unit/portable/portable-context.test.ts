import { expect, it } from "vitest";
import { createActivityHandle } from "../../../src/orchestration/handles.ts";
import {
  type ActivityContext,
  activity,
  defineEvent,
  EntityId,
  entity,
  isTaskFailedError,
  type OrchestrationContext,
  orchestration,
  whenAll,
  whenAny,
} from "../../../src/portable/index.ts";
import { addActivity, addEntity, addOrchestration } from "../../../src/portable/registrations.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { orderSchema } from "../functions/standard-schemas.ts";

const double = activity("double", (_ctx: ActivityContext, value: number) => value * 2);
const describe = activity("describe", (ctx: ActivityContext) => [ctx.orchestrationId, ctx.name, ctx.attempt]);
const child = orchestration(
  "child",
  async (ctx: OrchestrationContext, name: string) => `${name} of ${ctx.parentInstanceId}`,
);

class Counter {
  value = 0;
  add(amount: number): number {
    this.value += amount;
    return this.value;
  }
}

/** Runs one orchestration to its end, in time that is not real. */
async function run(code: (ctx: OrchestrationContext, input: never) => unknown, input?: unknown) {
  const registry = new Registry();
  const name = addOrchestration(registry, "underTest", (ctx: OrchestrationContext, given: never) => code(ctx, given));
  addOrchestration(registry, child, undefined);
  for (const each of [double, describe]) addActivity(registry, each, undefined);
  addEntity(registry, entity("TheCounter", Counter), undefined);
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });
  const text = input === undefined ? undefined : JSON.stringify(input);
  const id = await hub.client.startInstance({ name, instanceId: "it", input: text, version: "1.2", tags: { a: "b" } });
  const { runtimeStatus, output, customStatus } = await hub.runUntilEnded(id);
  const result: unknown = runtimeStatus === "Failed" ? output : output && JSON.parse(output);
  return { runtimeStatus, result, customStatus };
}

it("shows what the context beneath knows", async () => {
  const { result } = await run((ctx) => {
    ctx.setCustomStatus({ at: 1 });
    ctx.log("a line");
    return [
      ctx.instanceId,
      ctx.parentInstanceId ?? null,
      ctx.name,
      ctx.version,
      ctx.tags,
      ctx.isReplaying,
      ctx.customStatus,
      ctx.getInput<string>(),
      ctx.currentUtcDateTime instanceof Date,
      ctx.newUuid() !== ctx.newGuid(),
      ctx.isLocked().isLocked,
      ctx.patched("first"),
    ];
  }, "input");

  expect(result).toEqual([
    "it",
    null,
    "underTest",
    "1.2",
    { a: "b" },
    false,
    { at: 1 },
    "input",
    true,
    true,
    false,
    true,
  ]);
});

it("calls by reference, by handle and by name, with and without options", async () => {
  const retry = { firstInterval: "1s", maxAttempts: 2 } as const;
  const { result } = await run(function* (ctx) {
    return [
      yield* ctx.callActivity(double, 1),
      yield* ctx.callActivity(double, { input: 2, retry }),
      yield* ctx.callActivity(double, 3, { timeout: "1m" }),
      yield* ctx.callActivity(createActivityHandle<number, number>("double"), { input: 4 }),
      yield* ctx.callActivity<number>("double", { input: 5 }),
      yield* ctx.callActivity(describe),
      yield* ctx.callSubOrchestrator(child, { input: "first", instanceId: "c1" }),
      yield* ctx.callSubOrchestration(child, "second"),
      ctx.startNewOrchestration(child, { input: "third", instanceId: "c3" }),
    ];
  });

  expect(result).toEqual([2, 4, 6, 8, 10, ["it", "describe", 1], "first of it", "second of it", "c3"]);
});

it("waits for timers, events and combinations", async () => {
  const done = defineEvent<number>("done");
  const { result } = await run(async (ctx) => {
    const timer = ctx.createTimer("1h");
    const first = await whenAny([timer, ctx.callActivity(double, 1)]);
    timer.cancel();
    ctx.sendEvent(ctx.instanceId, done, 7);
    const event = await ctx.waitForExternalEvent(done);
    const late = await ctx.waitForExternalEvent("never", { timeout: "1d" }).then(
      () => "came",
      () => "late",
    );
    ctx.sendEvent(ctx.instanceId, "item", "from the stream");
    const items = ctx.events<string>("item");
    const streamed = [];
    for await (const item of items) {
      streamed.push(item);
      break;
    }
    return [
      first === timer,
      event,
      late,
      streamed,
      await whenAll([ctx.callActivity(double, 2), ctx.callActivity(double, 3)]),
      await whenAll([]),
      await ctx.whenAll([]),
      await ctx.race([ctx.createTimer("2h"), ctx.callActivity(double, 4)]),
      (await ctx.allSettled([ctx.callActivity(double, 5)]))[0].status,
      await ctx.map([1, 2, 3], (value) => ctx.callActivity(double, value), { concurrency: 1 }),
      await ctx.Task.all([ctx.callActivity(double, 6)]),
      (await ctx.whenAny([ctx.callActivity(double, 7)])).result,
    ];
  });

  expect(result).toEqual([false, 7, "late", ["from the stream"], [4, 6], [], [], 8, "fulfilled", [2, 4, 6], [12], 14]);
});

it("all of nothing may be yielded, too", async () => {
  const { result } = await run(function* (ctx): Generator<unknown, unknown, never> {
    return [yield whenAll([]), yield ctx.whenAll([]), yield* ctx.all([whenAll([])])];
  });
  expect(result).toEqual([[], [], [[]]]);
});

it("combinations refuse what they cannot wait for", async () => {
  const refused = (what: () => unknown) => {
    try {
      what();
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refused(() => whenAny([]))).toMatch(/whenAny\(\) takes an array of durable tasks of one orchestration/);
  expect(refused(() => whenAll([Promise.resolve()] as never))).toMatch(/whenAll\(\) takes an array of durable tasks/);
  expect(refused(() => whenAll(5 as never))).toMatch(/takes an array/);
});

it("uses entities by their class, and locks them", async () => {
  const { result } = await run(async (ctx) => {
    const counter = ctx.entity(Counter, "a");
    counter.signal.add(1);
    ctx.signalEntity(new EntityId("TheCounter", "a"), "add", 2);
    const lock = await ctx.lockEntities(counter);
    const locked = ctx.isLocked().ownedLocks.map(String);
    const sum = await counter.add(3);
    lock.release();
    return [
      locked,
      sum,
      await ctx.callEntity<number>("@thecounter@a", "add", 4),
      await ctx.entity("TheCounter", "b")["add"]!(5),
    ];
  });

  expect(result).toEqual([["@thecounter@a"], 6, 10, 5]);
});

it("schemas of what is called check the input before it is sent", async () => {
  const checked = activity({ name: "checkedOnly", input: orderSchema }, (_ctx, order) => order.id);
  const { runtimeStatus, result } = await run((ctx) => ctx.callActivity(checked, {} as never));

  expect(runtimeStatus).toBe("Failed");
  expect(result).toMatch(/input of activity 'checkedOnly'/);
});

it("continues as new", async () => {
  const { result } = await run((ctx, round: number) => {
    if (round < 3) ctx.continueAsNew(round + 1);
    return round;
  }, 1);
  expect(result).toBe(3);
});

it("failures come as they do elsewhere", async () => {
  const { result } = await run(async (ctx) => {
    try {
      await ctx.callActivity("nowhere", { input: 1 });
    } catch (error) {
      return isTaskFailedError(error, "ActivityNotRegistered");
    }
    return undefined;
  });
  expect(result).toBe(true);
});
