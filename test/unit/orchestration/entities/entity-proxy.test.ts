import { inspect } from "node:util";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { DurableTask } from "../../../../src/orchestration/durable-task.ts";
import type { EntityHandle } from "../../../../src/orchestration/entity-handle.ts";
import type { EntityProxy } from "../../../../src/orchestration/entity-proxy.ts";
import { answerTo, EntityUser, endOf, requestsOf } from "../../../support/entity-user.ts";

interface Counter {
  count: number;
  add(amount: number): number;
  get(): Promise<number>;
  reset(to?: number): void;
}

const counter: EntityHandle<Counter> = { kind: "entity", name: "Counter" };

describe("a proxy calls and signals in every style", () => {
  it.each([
    [
      "generator",
      new EntityUser(function* (ctx) {
        const proxy = ctx.entity(counter, "a");
        proxy.signal.add(5);
        return yield* proxy.get();
      }),
    ],
    [
      "async",
      new EntityUser(async (ctx) => {
        const proxy = ctx.entity(counter, "a");
        proxy.signal.add(5);
        return await proxy.get();
      }),
    ],
    [
      "3.x",
      new EntityUser(function* (ctx) {
        const proxy = ctx.df.entity(counter, "a");
        proxy.signal.add(5);
        const got: number = yield proxy.get();
        return got;
      }),
    ],
  ])("%s", async (_, user) => {
    const requests = requestsOf(await user.run());

    expect(requests).toMatchObject([
      { to: "@counter@a", operation: "add", input: "5", isSignal: true },
      { to: "@counter@a", operation: "get", input: undefined, isSignal: false },
    ]);
    expect(endOf(await user.run(answerTo(requests[1]!, 5)))).toBe(5);
  });
});

async function withProxy(look: (proxy: EntityProxy<Counter>) => unknown): Promise<unknown> {
  return endOf(await new EntityUser((ctx) => look(ctx.entity<Counter>("counter", "a"))).run());
}

it("is no promise", async () => {
  const user = new EntityUser(async (ctx) => {
    const proxy = await ctx.entity(counter, "a");
    return "then" in proxy || proxy instanceof Promise;
  });

  expect(endOf(await user.run())).toBe(false);
});

it("shows what it stands for, and is the id of its entity where it is a value", async () => {
  expect(await withProxy((proxy) => inspect(proxy))).toBe("EntityOperations { entity: '@counter@a' }");
  expect(await withProxy((proxy) => inspect(proxy, { showProxy: true }).includes("@counter@a"))).toBe(true);
  expect(await withProxy((proxy) => inspect(proxy.signal))).toBe("EntityOperations { entity: '@counter@a' }");
  expect(await withProxy((proxy) => ({ proxy }))).toEqual({ proxy: { name: "counter", key: "a" } });
  expect(await withProxy((proxy) => Object.prototype.toString.call(proxy))).toBe("[object Object]");
  expect(await withProxy((proxy) => (proxy as never)[Symbol.iterator] === undefined)).toBe(true);
});

it("names its entity wherever one is named", async () => {
  const user = new EntityUser((ctx) => {
    const proxy = ctx.entity(counter, "a");
    void ctx.callEntity(proxy, "add");
    ctx.signalEntity(proxy, "add");
    void ctx.lock(proxy, "@counter@b");
  });

  expect(requestsOf(await user.run()).map(({ to }) => to)).toEqual(["@counter@a", "@counter@a", "@counter@a"]);
});

it("refuses a name that is none", async () => {
  expect(endOf(await new EntityUser((ctx) => ctx.entity("", "a")).run())).toContain("must not be empty");
});

it("has the types of the operations", () => {
  expectTypeOf<EntityProxy<Counter>["add"]>().toEqualTypeOf<(input: number) => DurableTask<number>>();
  expectTypeOf<EntityProxy<Counter>["get"]>().toEqualTypeOf<() => DurableTask<number>>();
  expectTypeOf<EntityProxy<Counter>["reset"]>().toEqualTypeOf<(input?: number) => DurableTask<void>>();
  expectTypeOf<EntityProxy<Counter>["signal"]["add"]>().toEqualTypeOf<(input: number) => void>();
  expectTypeOf<EntityProxy<Counter>>().not.toHaveProperty("count");
});
