// An order on its way: checked, paid, shipped. No step is repeated once its result is in the history.
//
//   curl -X POST localhost:7071/api/orchestrators/processOrder -d '{"id": "order-123", "items": ["item1", "item2"]}'

import { DFApp } from "durable-functions-ts";

interface Order {
  readonly id: string;
  readonly items?: readonly string[];
}

interface Payment {
  readonly id: string;
  readonly status: "completed";
}

type OrderResult =
  | { readonly success: true; readonly paymentId: string }
  | { readonly success: false; readonly reason: string };

const app = new DFApp();

const validateOrder = app.activity("validateOrder", ({ items = [] }: Order) => items.length > 0);

const processPayment = app.activity(
  "processPayment",
  ({ id }: Order): Payment => ({ id: `payment-${id}`, status: "completed" }),
);

const shipOrder = app.activity("shipOrder", ({ id }: Order, context) => context.log(`shipping order ${id}`));

app.orchestration("processOrder", function* (context, order: Order): Generator<unknown, OrderResult> {
  const isValid = yield* context.callActivity(validateOrder, order);
  if (!isValid) return { success: false, reason: "Invalid order" };

  const payment = yield* context.callActivity(processPayment, order);
  yield* context.callActivity(shipOrder, order);
  return { success: true, paymentId: payment.id };
});
