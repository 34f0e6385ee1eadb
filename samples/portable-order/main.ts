// The portable SDK: a worker and a client in any Node process, without Azure Functions.
//
//   npm run build && node dist/samples/portable-order/main.js
//
// It runs on a task hub in memory. With a connection string in DURABLE_TASK_SCHEDULER_CONNECTION_STRING, for example
// "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None", it runs on that Durable Task Scheduler.

import {
  type ActivityContext,
  activity,
  DurableTaskSchedulerClient,
  DurableTaskSchedulerWorker,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  type OrchestrationContext,
  orchestration,
} from "durable-functions-ts/portable";

interface Order {
  readonly id: string;
  readonly items: readonly string[];
}

const processOrder = orchestration(function* processOrder(ctx: OrchestrationContext, order: Order) {
  // Validate order
  const isValid = yield* ctx.callActivity(validateOrder, { input: order });
  if (!isValid) return { success: false, reason: "Invalid order" };

  // Process payment
  const paymentResult = yield* ctx.callActivity(processPayment, { input: order });

  // Ship order
  yield* ctx.callActivity(shipOrder, { input: order });

  return { success: true, paymentId: paymentResult.id };
});

const validateOrder = activity(function validateOrder(_ctx: ActivityContext, order: Order): boolean {
  return order.items.length > 0;
});

const processPayment = activity(function processPayment(_ctx: ActivityContext, order: Order) {
  return { id: `payment-${order.id}`, status: "completed" };
});

const shipOrder = activity(function shipOrder(_ctx: ActivityContext, order: Order) {
  console.log(`Shipping order ${order.id}`);
});

const connectionString = process.env["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"];
const embedded = { storage: "memory", taskHub: "Orders" } as const;

// Create worker
await using worker = connectionString
  ? new DurableTaskSchedulerWorker(connectionString)
  : new EmbeddedTaskHubWorker(embedded);

// Register tasks
worker.addOrchestration(processOrder);
worker.addActivity(validateOrder);
worker.addActivity(processPayment);
worker.addActivity(shipOrder);

// Start worker
await worker.start();

// Create client
await using client = connectionString
  ? new DurableTaskSchedulerClient(connectionString)
  : new EmbeddedTaskHubClient(embedded);

// Start orchestration
const instanceId = await client.scheduleNewOrchestration(processOrder, {
  input: { id: "order-123", items: ["item1", "item2"] },
});

// Wait for completion
const result = await client.waitForOrchestrationCompletion(instanceId);
console.log("Result:", result.result);
