import { DFApp, defineEvent } from "durable-functions-ts";
import { activity, type OrchestrationContext, orchestration } from "durable-functions-ts/portable";
import { createTestHub, hangs, replace } from "durable-functions-ts/testing";
import { expectTypeOf, it } from "vitest";

// Nothing in here runs: the compiler is the test, see check-types.mjs.

const app = new DFApp();
const approval = defineEvent<{ approved: boolean }>("Approval");
const charge = app.activity("charge", async (order: { id: number }) => ({ receipt: `r${order.id}`, at: new Date() }));
const ship = app.orchestration("ship", function* (context, order: { id: number }) {
  return (yield* context.callActivity(charge, order)).receipt;
});
class Counter {
  value = 0;
  add(amount: number) {
    this.value += amount;
    return this.value;
  }
}
const counter = app.entity("Counter", Counter);

const pay = activity(function pay(_ctx, amount: number) {
  return amount > 0;
});
const buy = orchestration(function* buy(ctx: OrchestrationContext, amount: number) {
  return yield* ctx.callActivity(pay, amount);
});

it("types are those of the handles: checked by the compiler alone", async () => {
  const hub = createTestHub(app, { activities: [replace(charge, ({ id }) => ({ receipt: `${id}`, at: "now" }))] });
  const run = await hub.start(ship, { id: 5 });
  expectTypeOf(await run.result()).toEqualTypeOf<string>();
  expectTypeOf((await run.status()).result).toEqualTypeOf<string>();
  expectTypeOf((await run.waits())[0]!.since).toEqualTypeOf<Date>();
  expectTypeOf(hub.calls(charge)[0]!.input).toEqualTypeOf<{ id: number }>();
  expectTypeOf(hub.calls(charge)[0]!.result?.receipt).toEqualTypeOf<string | undefined>();
  expectTypeOf(hub.calls("charge")[0]!.input).toEqualTypeOf<unknown>();
  expectTypeOf(await hub.entity(counter, "a").add(2)).toEqualTypeOf<number>();
  expectTypeOf((await hub.entityState(counter, "a"))?.value).toEqualTypeOf<number | undefined>();
  await run.raiseEvent(approval, { approved: true });
  replace(charge, hangs);

  // @ts-expect-error the input of the orchestration
  await hub.start(ship, { id: "x" });
  // @ts-expect-error an input is needed
  await hub.start(ship);
  // @ts-expect-error the payload of the event
  await run.raiseEvent(approval, { approved: 1 });
  // @ts-expect-error the result of the activity
  replace(charge, () => 5);
  // @ts-expect-error an operation that there is not
  await hub.entity(counter, "a").subtract;
  // @ts-expect-error the input of the operation
  await hub.entity(counter, "a").add("x");
});

it("types are those of functions of the portable SDK: checked by the compiler alone", async () => {
  const hub = createTestHub([buy, pay], { activities: [replace(pay, (amount) => amount > 5)] });
  expectTypeOf(await (await hub.start(buy, 5)).result()).toEqualTypeOf<boolean>();
  expectTypeOf(hub.calls(pay)[0]!.input).toEqualTypeOf<number>();
  // @ts-expect-error the input of the function
  await hub.start(buy, "5");
  // @ts-expect-error the result of the activity
  replace(pay, () => "yes");
});
