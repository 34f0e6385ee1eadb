import { DFApp } from "../../../../src/functions/df-app.ts";
import { defineEvent } from "../../../../src/orchestration/external-event.ts";

/** An app as users have it: calls, retries, an approval with a time limit, an entity, children. */
export function createShop() {
  const app = new DFApp();
  /** How often code began, anew or by a replay. */
  const begun = { hello: 0 };
  const approval = defineEvent<{ approved: boolean; by: string }>("Approval");
  const sayHello = app.activity("sayHello", (city: string) => `Hello ${city}!`);
  const charge = app.activity("charge", async (order: { id: string; amount: number }) => `receipt of ${order.id}`);
  const hello = app.orchestration("hello", function* (context, cities: string[]) {
    begun.hello++;
    const greetings: string[] = [];
    for (const city of cities) greetings.push(yield* context.callActivity(sayHello, city));
    return greetings;
  });
  const patient = app.orchestration("patient", function* (context, order: { id: string; amount: number }) {
    context.log("waiting for", order.id);
    yield* context.createTimer("3d");
    const receipt = yield* context.callActivity(charge, order, {
      retry: { firstInterval: "1h", maxAttempts: 5, backoffCoefficient: 2 },
    });
    context.setCustomStatus({ step: "charged" });
    return { receipt, at: context.currentUtcDateTime.toISOString() };
  });
  const approve = app.orchestration("approve", function* (context) {
    context.setCustomStatus("waiting");
    const timer = context.createTimer("3d");
    const event = context.waitForExternalEvent(approval);
    const winner = yield* context.any([event, timer]);
    if (winner === timer) return "too late";
    timer.cancel();
    return event.result?.approved ? `approved by ${event.result.by}` : "rejected";
  });
  const parent = app.orchestration("parent", function* (context, cities: string[]) {
    return yield* context.callSubOrchestrator(hello, cities, { instanceId: "the-child" });
  });
  class Counter {
    value = 0;
    add(amount: number) {
      if (amount < 0) throw new RangeError("only up");
      this.value += amount;
      return this.value;
    }
  }
  const counter = app.entity("Counter", Counter);
  const count = app.orchestration("count", function* (context, key: string) {
    const own = context.entity(counter, key);
    own.signal.add(2);
    return yield* own.add(3);
  });
  return { app, begun, approval, sayHello, charge, hello, patient, approve, parent, counter, count };
}
