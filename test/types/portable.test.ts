import {
  type ActivityContext,
  activity,
  createEntityHandle,
  type DurableTask,
  type DurableTaskClient,
  type DurableTaskWorker,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  type InstanceId,
  type OrchestrationContext,
  type OrchestrationRun,
  type OrchestrationState,
  orchestration,
  type StandardSchema,
  whenAll,
  whenAny,
} from "durable-functions-ts/portable";
import { expectTypeOf, it } from "vitest";

// Nothing in here runs but the definitions: the compiler is the test, see check-types.mjs.

interface Order {
  readonly id: string;
  readonly items?: readonly string[];
}

interface Receipt {
  readonly paid: boolean;
}

/** Could be taken for the form with options. */
interface Mistakable {
  readonly input: string;
}

interface OrderFromText extends StandardSchema<Order> {
  readonly "~standard": StandardSchema<Order>["~standard"] & {
    readonly types?: { readonly input: string; readonly output: Order } | undefined;
  };
}

const orderSchema: OrderFromText = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: { id: String(value) } }) },
};

function validateOrder(_ctx: ActivityContext, order: Order): boolean {
  return order.items !== undefined;
}
const pay = activity(async function pay(_ctx: ActivityContext, _order: Order): Promise<Receipt> {
  return { paid: true };
});
const ping = activity(function ping() {});
const greet = activity("greet", (_ctx: ActivityContext, name?: string) => `Hello ${name ?? "you"}!`);
function echo(_ctx: ActivityContext, given: Mistakable): string {
  return given.input;
}
const sweep = orchestration(async function sweep(_ctx: OrchestrationContext) {
  return "swept";
});
const count = orchestration(function* count(ctx: OrchestrationContext, items: readonly string[]) {
  const first: string = yield ctx.callActivity(greet, items[0]);
  return first.length;
});
async function* stepwise(_ctx: OrchestrationContext, order: Order): AsyncGenerator<unknown, Receipt, never> {
  return { paid: order.id !== "" };
}

class Counter {
  value = 0;
  add(amount: number): number {
    this.value += amount;
    return this.value;
  }
  reset(): void {
    this.value = 0;
  }
}

const location = { storage: "memory", taskHub: "Types" } as const;
const client = new EmbeddedTaskHubClient(location);
const worker = new EmbeddedTaskHubWorker(location);

/** Looks at calls without making any. */
function look(_examine: (ctx: OrchestrationContext) => void): void {}

it("calls by reference know what their functions take and give", () => {
  look((ctx) => {
    expectTypeOf(ctx.callActivity(validateOrder, { id: "1" })).toEqualTypeOf<DurableTask<boolean>>();
    expectTypeOf(ctx.callActivity(validateOrder, { input: { id: "1" } })).toEqualTypeOf<DurableTask<boolean>>();
    expectTypeOf(
      ctx.callActivity(pay, { input: { id: "1" }, retry: { firstInterval: "5s", maxAttempts: 3 } }),
    ).toEqualTypeOf<DurableTask<Receipt>>();
    expectTypeOf(ctx.callActivity(pay, { id: "1" }, { timeout: "5s" })).toEqualTypeOf<DurableTask<Receipt>>();
    expectTypeOf(ctx.callActivity(ping)).toEqualTypeOf<DurableTask<void>>();
    expectTypeOf(ctx.callActivity(ping, undefined, { timeout: "5s" })).toEqualTypeOf<DurableTask<void>>();
    expectTypeOf(ctx.callActivity(greet)).toEqualTypeOf<DurableTask<string>>();
    expectTypeOf(ctx.callActivity(greet, "you")).toEqualTypeOf<DurableTask<string>>();
    expectTypeOf(ctx.callActivity(greet, { input: "you", timeout: 5 })).toEqualTypeOf<DurableTask<string>>();
    expectTypeOf(ctx.callActivity("greet", { input: "you" })).toEqualTypeOf<DurableTask<unknown>>();
    expectTypeOf(ctx.callActivity<string>("greet", "you")).toEqualTypeOf<DurableTask<string>>();
    expectTypeOf(ctx.callSubOrchestrator(count, ["a"])).toEqualTypeOf<DurableTask<number>>();
    expectTypeOf(ctx.callSubOrchestration(stepwise, { input: { id: "1" }, instanceId: "child" })).toEqualTypeOf<
      DurableTask<Receipt>
    >();
    expectTypeOf(ctx.callSubOrchestrator(sweep)).toEqualTypeOf<DurableTask<string>>();
    expectTypeOf(ctx.startNewOrchestration(count, ["a"], { instanceId: "x" })).toEqualTypeOf<string>();
  });
});

it("calls by reference refuse what their functions do not take", () => {
  look((ctx) => {
    // @ts-expect-error: an order is wanted
    ctx.callActivity(validateOrder, { number: 1 });
    // @ts-expect-error: an order is wanted
    ctx.callActivity(validateOrder, { input: 5 });
    // @ts-expect-error: an order is wanted
    ctx.callActivity(validateOrder);
    // @ts-expect-error: it takes nothing
    ctx.callActivity(ping, 5);
    // @ts-expect-error: there is no such option
    ctx.callActivity(validateOrder, { input: { id: "1" }, retries: 5 });
    // @ts-expect-error: options in two places
    ctx.callActivity(validateOrder, { input: { id: "1" } }, { timeout: 5 });
    // @ts-expect-error: an orchestration is no activity
    ctx.callActivity(count, ["a"]);
    // @ts-expect-error: an activity is no orchestration
    ctx.callSubOrchestrator(validateOrder, { id: "1" });
    // @ts-expect-error: texts are wanted
    ctx.callSubOrchestrator(count, [1]);
    // @ts-expect-error: texts are wanted
    ctx.startNewOrchestration(count, { input: 5 });
  });
});

it("an input that could be taken for the form with options has to be wrapped in one", () => {
  look((ctx) => {
    expectTypeOf(ctx.callActivity(echo, { input: { input: "a" } })).toEqualTypeOf<DurableTask<string>>();
    // @ts-expect-error: it would be called with the text
    ctx.callActivity(echo, { input: "a" });
  });
});

it("entities by class are typed by it", () => {
  look((ctx) => {
    const counter = ctx.entity(Counter, "a");
    expectTypeOf(counter.add(5)).toEqualTypeOf<DurableTask<number>>();
    expectTypeOf(counter.signal.reset()).toEqualTypeOf<void>();
    // @ts-expect-error: a number is wanted
    counter.add("5");
    expectTypeOf(ctx.entity(createEntityHandle<Counter>("counter"), "a").add(5)).toEqualTypeOf<DurableTask<number>>();
    ctx.lockEntities(counter);
  });
});

it("combinations keep the types of their tasks", () => {
  look((ctx) => {
    const tasks = [ctx.callActivity(greet), ctx.callActivity(pay, { id: "1" })] as const;
    expectTypeOf(whenAll(tasks)).toEqualTypeOf<DurableTask<[string, Receipt]>>();
    expectTypeOf(ctx.whenAll(["a", "b"].map((name) => ctx.callActivity(greet, name)))).toEqualTypeOf<
      DurableTask<string[]>
    >();
    whenAny(tasks);
  });
});

it("schemas give functions their types", () => {
  const checked = activity({ name: "checked", input: orderSchema }, (_ctx, order) => order.id.length);
  const checkedCount = orchestration({ name: "checkedCount", input: orderSchema }, function* (_ctx, order) {
    return order.id;
  });
  look((ctx) => {
    expectTypeOf(ctx.callActivity(checked, "1")).toEqualTypeOf<DurableTask<number>>();
    expectTypeOf(ctx.callSubOrchestrator(checkedCount, "1")).toEqualTypeOf<DurableTask<string>>();
    // @ts-expect-error: the schema takes a text
    ctx.callActivity(checked, { id: "1" });
  });
});

it("helpers give parameters their types", () => {
  activity("typed", (ctx, _input: string) => expectTypeOf(ctx).toEqualTypeOf<ActivityContext>());
  orchestration("typedGenerator", function* (ctx, _input: string) {
    expectTypeOf(ctx).toEqualTypeOf<OrchestrationContext>();
    const anything = yield ctx.callActivity(ping);
    return anything;
  });
});

it("clients know inputs, and results by the id", () => {
  const use = async () => {
    const id = await client.scheduleNewOrchestration(count, { input: ["a"] });
    expectTypeOf(id).toEqualTypeOf<InstanceId<number>>();
    const state = await client.waitForOrchestrationCompletion(id);
    expectTypeOf(state).toEqualTypeOf<OrchestrationState<number>>();
    expectTypeOf(state.result).toEqualTypeOf<number>();
    expectTypeOf((await client.getOrchestrationState(id))?.output).toEqualTypeOf<number | undefined>();
    expectTypeOf((await client.waitForOrchestrationCompletion("by name")).result).toEqualTypeOf<unknown>();
    expectTypeOf((await client.waitForOrchestrationStart<Receipt>("by name")).result).toEqualTypeOf<Receipt>();
    await client.scheduleNewOrchestration(sweep);
    await client.scheduleNewOrchestration("by name", { input: 5 });
    const text: string = id;
    // @ts-expect-error: texts are wanted
    await client.scheduleNewOrchestration(count, { input: 5 });
    // @ts-expect-error: an input is wanted
    await client.scheduleNewOrchestration(count);
    // @ts-expect-error: an activity is no orchestration
    await client.scheduleNewOrchestration(validateOrder, { input: { id: "1" } });
    return text;
  };
  expectTypeOf(use).returns.resolves.toEqualTypeOf<string>();
});

it("runs are typed by reference", () => {
  const use = async () => {
    const run = await client.start(count, ["a"], { reusePolicy: { action: "terminate" } });
    expectTypeOf(run).toEqualTypeOf<OrchestrationRun<number>>();
    expectTypeOf(await run.result()).toEqualTypeOf<number>();
    expectTypeOf(await client.start(sweep)).toEqualTypeOf<OrchestrationRun<string>>();
    expectTypeOf(await client.startOrGet(sweep, undefined, { instanceId: "a" })).toEqualTypeOf<
      OrchestrationRun<string>
    >();
    expectTypeOf(client.run<typeof count>("a")).toEqualTypeOf<OrchestrationRun<number>>();
    expectTypeOf((await client.getOrchestrationState<typeof stepwise>("a"))?.result).toEqualTypeOf<
      Receipt | undefined
    >();
    // @ts-expect-error: texts are wanted
    await client.start(count, [5]);
    // @ts-expect-error: an input is wanted
    await client.start(count);
    // @ts-expect-error: an activity is no orchestration
    await client.start(validateOrder, { id: "1" });
  };
  expectTypeOf(use).returns.resolves.toEqualTypeOf<void>();
});

it("workers take functions of their kind", () => {
  const register = () => {
    worker.addOrchestration(count);
    worker.addOrchestration("other", stepwise);
    worker.addActivity(validateOrder);
    worker.addActivity(ping);
    worker.addEntity(Counter);
    worker.addEntity("function", (context) => context.operationName);
    // @ts-expect-error: an orchestration is no activity
    worker.addActivity(count);
    // @ts-expect-error: an activity is no orchestration
    worker.addOrchestration(validateOrder);
  };
  expectTypeOf(register).returns.toEqualTypeOf<void>();
  expectTypeOf(worker).toExtend<DurableTaskWorker>();
  expectTypeOf(client).toExtend<DurableTaskClient>();
});
