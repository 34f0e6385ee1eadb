import { expect, it } from "vitest";
import * as df from "../../../../src/index.ts";
import { activity, type OrchestrationContext, orchestration } from "../../../../src/portable/index.ts";
import { createTestHub } from "../../../../src/testing/test-hub/create-test-hub.ts";
import { replace } from "../../../../src/testing/test-hub/replacement.ts";
import { createShop } from "./shop-app.ts";

const shop = createShop();

interface Order {
  readonly id: string;
  readonly items: readonly string[];
}

const validate = activity(function validate(_ctx, order: Order) {
  return order.items.length > 0;
});
function pay(_ctx: unknown, order: Order) {
  return { receipt: `r-${order.id}` };
}
const processOrder = orchestration(function* processOrder(ctx: OrchestrationContext, order: Order) {
  if (!(yield* ctx.callActivity(validate, order))) return "invalid";
  yield* ctx.createTimer("1d");
  return (yield* ctx.callActivity(pay, order)).receipt;
});
const order = { id: "1", items: ["apple"] };

it.each<[string, unknown]>([
  ["an app", shop.app],
  ["a list of apps", [shop.app]],
  ["a module that exports an app", { app: shop.app, other: 5 }],
  ["a module that exports the app as default", { default: shop.app }],
])("takes %s", async (_, given) => {
  await using hub = createTestHub(given as object);

  expect(await (await hub.start(shop.hello, ["Rome"])).result()).toEqual(["Hello Rome!"]);
});

it("takes a module that exports handles alone: the apps that have them are those of the process", async () => {
  const app = new df.DFApp();
  const ownHello = app.orchestration("ownHello", () => "Hello!");
  await using hub = createTestHub({ ownHello, nothing: null });

  expect(await (await hub.start(ownHello)).result()).toBe("Hello!");
});

it.each<[string, object]>([
  ["by kind", { orchestrations: [processOrder], activities: [validate, pay] }],
  ["in a list with what was marked", [processOrder, validate, { activities: [pay] }]],
  ["as a module of what was marked, and the rest", [{ processOrder, validate, order }, { activities: [pay] }]],
])("takes functions of the portable SDK %s", async (_, given) => {
  await using hub = createTestHub(given);

  const run = await hub.start(processOrder, order);
  const receipt: string = await run.result();

  expect(receipt).toBe("r-1");
  expect(hub.calls(pay).map(({ input }) => input.id)).toEqual(["1"]);
});

it("replaces activities of the portable SDK, typed by their functions", async () => {
  await using hub = createTestHub(
    { orchestrations: [processOrder], activities: [validate, pay] },
    { activities: [replace(pay, ({ id }) => ({ receipt: `free-${id}` }))] },
  );

  expect(await (await hub.start(processOrder, order)).result()).toBe("free-1");
});

it("runs an app that was written for durable-functions 3.x", async () => {
  // Loaded with the first activity otherwise, which takes real time.
  await import("../../../../src/functions/compat/activity-invocation.ts");
  df.app.activity("oldHello", { handler: (city: string) => `Hello ${city}` });
  df.app.orchestration("oldSequence", function* (context) {
    const cities = context.df.getInput() as string[];
    const outputs = [];
    for (const city of cities) outputs.push(yield context.df.callActivity("oldHello", city));
    yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 86_400_000));
    context.df.setCustomStatus("done");
    return outputs;
  });
  df.app.entity("oldCounter", (context) => {
    const value = (context.df.getState(() => 0) as number) + (context.df.getInput() as number);
    context.df.setState(value);
    context.df.return(value);
  });
  // The app behind `df.app` is nowhere to be had: what was loaded is taken. Others of this process stand beside it here.
  await using hub = createTestHub({ any: { kind: "orchestration", name: "oldSequence" } });

  const run = await hub.start("oldSequence", ["Tokyo", "Cairo"]);

  expect(await run.result()).toEqual(["Hello Tokyo", "Hello Cairo"]);
  expect(await run.customStatus()).toBe("done");
  expect(hub.calls("oldHello").map(({ input }) => input)).toEqual(["Tokyo", "Cairo"]);
  expect(await hub.entity("oldCounter", "a")["add"]?.(5)).toBe(5);
});

it("knows the apps of the process when it is given none, and refuses names that two of them have", () => {
  createShop();

  expect(() => createTestHub()).toThrow(/more than one app of this process defines .* createTestHub\(app\)/);
});

it("the hub that was made last has the clients of an app, until it ends", async () => {
  const { app, hello } = createShop();
  await using first = createTestHub(app);
  {
    await using second = createTestHub(app);
    const id = await (await app.connect()).startNew(hello, { input: ["Oslo"] });
    expect(await second.run(id).result()).toEqual(["Hello Oslo!"]);
  }
  const id = await (await app.connect()).startNew(hello, { input: ["Rome"] });
  expect(await first.run(id).result()).toEqual(["Hello Rome!"]);
});

it("takes functions that are added later", async () => {
  const { app } = createShop();
  await using hub = createTestHub(app);
  app.orchestration("late", () => "not too late");

  expect(await (await hub.start("late")).result()).toBe("not too late");
});
