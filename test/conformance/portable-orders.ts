import {
  type ActivityContext,
  activity,
  type DurableTaskWorker,
  type OrchestrationContext,
  orchestration,
  whenAll,
  whenAny,
} from "../../src/portable/index.ts";

export interface Order {
  readonly id: string;
  readonly items: readonly string[];
}

export interface Outcome {
  readonly success: boolean;
  readonly paymentId?: string;
  readonly shipped?: readonly string[];
  readonly sold?: number;
}

const validateOrder = activity(function validateOrder(_ctx: ActivityContext, order: Order): boolean {
  return order.items.length > 0;
});

/** Fails at its first attempt. */
const processPayment = activity("processPayment", async (ctx: ActivityContext, order: Order) => {
  if (ctx.attempt === 1) throw new Error("no answer of the bank");
  return { id: `payment-${order.id}`, instance: ctx.orchestrationId };
});

/** A plain function. */
function shipItem(ctx: ActivityContext, item: string): string {
  return `${ctx.name}:${item}`;
}

export class Stock {
  sold = 0;
  take(count: number): number {
    this.sold += count;
    return this.sold;
  }
}

const retry = { firstInterval: 10, maxAttempts: 3 };

export const processOrder = orchestration(function* processOrder(ctx: OrchestrationContext, order: Order) {
  const isValid: boolean = yield* ctx.callActivity(validateOrder, { input: order });
  if (!isValid) return { success: false } satisfies Outcome as Outcome;
  const payment = yield* ctx.callActivity(processPayment, { input: order, retry });
  const shipped = yield* ctx.callSubOrchestrator(shipAll, order.items);
  const sold = yield* ctx.entity(Stock, order.id).take(order.items.length);
  return { success: true, paymentId: payment.id, shipped, sold } satisfies Outcome as Outcome;
});

/** The same as an async function. */
export const processOrderAsync = orchestration(
  "processOrderAsync",
  async (ctx: OrchestrationContext, order: Order): Promise<Outcome> => {
    if (!(await ctx.callActivity(validateOrder, order))) return { success: false };
    const payment = await ctx.callActivity(processPayment, order, { retry });
    const shipped = await ctx.callSubOrchestration(shipAll, { input: order.items });
    const stock = ctx.entity(Stock, order.id);
    await using _lock = await ctx.lockEntities(stock);
    return { success: true, paymentId: payment.id, shipped, sold: await stock.take(order.items.length) };
  },
);

/** The same as an async generator. */
export async function* processOrderStepwise(
  ctx: OrchestrationContext,
  order: Order,
): AsyncGenerator<unknown, Outcome, never> {
  const isValid: boolean = yield ctx.callActivity("validateOrder", { input: order });
  if (!isValid) return { success: false };
  const payment: { id: string } = yield ctx.callActivity(processPayment, { input: order, retryPolicy: retry });
  const shipped: string[] = yield ctx.callSubOrchestrator("shipAll", order.items);
  const sold: number = yield ctx.entity(Stock, order.id).take(order.items.length);
  return { success: true, paymentId: payment.id, shipped, sold };
}

/** In parallel; also when there is nothing. */
export function* shipAll(ctx: OrchestrationContext, items: readonly string[]): Generator<unknown, string[], never> {
  const shipped: string[] = yield* whenAll(items.map((item) => ctx.callActivity(shipItem, item)));
  yield* whenAll([]);
  return shipped;
}

export const approveOrder = orchestration(function* approveOrder(ctx: OrchestrationContext) {
  const approval = ctx.waitForExternalEvent<boolean>("approval");
  const timer = ctx.createTimer({ hours: 1 });
  ctx.setCustomStatus("waiting");
  const winner = yield* whenAny([approval, timer]);
  if (winner === timer) return "late";
  timer.cancel();
  return approval.result ? "approved" : "refused";
});

export const failing = orchestration(async function failing(ctx: OrchestrationContext) {
  await ctx.callActivity(explode);
});

function explode(): never {
  throw new RangeError("boom");
}

/** Everything of this file. */
export function addOrders(worker: DurableTaskWorker): void {
  for (const each of [processOrder, processOrderAsync, processOrderStepwise, shipAll, approveOrder, failing]) {
    worker.addOrchestration(each);
  }
  for (const each of [validateOrder, processPayment, shipItem, explode]) worker.addActivity(each);
  worker.addEntity(Stock);
}
