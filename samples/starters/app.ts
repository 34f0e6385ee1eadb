// Orchestrations that no request starts: a timer and a queue do. The local host runs both as Azure does.
//
//   npm start
//   curl -X POST localhost:7071/api/reports/orders -H content-type:application/json -d '{ "id": "order-1", "cents": 500 }'
//   curl localhost:7071/api/reports/orders/order-1
//
// The request only puts a message into the queue "report-orders"; the function "orderQueued" starts an orchestration for
// it, whose id is that of the order, so that a message that comes twice starts one. An order without cents fails five
// times, and ends in the queue "report-orders-poison". The timer starts a report on every day at half past two; to have
// one now:
//
//   curl -X POST localhost:7071/admin/functions/nightlyReport -H content-type:application/json -d '{}'

import { app as functions, output } from "@azure/functions";
import { DFApp } from "durable-functions-ts";

interface Order {
  readonly id: string;
  readonly cents: number;
}

const app = new DFApp();

class Ledger {
  orders = 0;
  cents = 0;

  add(cents: number) {
    this.orders++;
    this.cents += cents;
  }

  read() {
    return { orders: this.orders, cents: this.cents };
  }
}
const ledger = app.entity("ReportLedger", Ledger);

const bookOrder = app.orchestration("bookOrder", async (context, order: Order) => {
  await context.entity(ledger, "all").add(order.cents);
  return order.cents;
});

const reportOrders = app.orchestration("reportOrders", async (context, dueAt: string) => {
  const booked = await context.entity(ledger, "all").read();
  return { dueAt, ...booked };
});

app.storageQueue<Order>("orderQueued", {
  queueName: "report-orders",
  handler: async (order, client) => {
    // What is thrown here lets the message come again.
    if (!Number.isSafeInteger(order.cents)) throw new TypeError(`order ${order.id} has no cents`);
    if ((await client.findStatus(order.id)) !== undefined) return;
    await client.startNew(bookOrder, { input: order, instanceId: order.id });
  },
});

app.timer("nightlyReport", {
  schedule: "0 30 2 * * *",
  handler: async (timer, client, context) => {
    const id = await client.startNew(reportOrders, { input: timer.scheduleStatus.next });
    context.log(`started report ${id}${timer.isPastDue ? ", late" : ""}`);
  },
});

/** A function of `@azure/functions` itself: what it gives to its output is sent to the queue. */
const reportQueue = output.storageQueue({ queueName: "report-orders", connection: "AzureWebJobsStorage" });
functions.http("queueOrder", {
  route: "reports/orders",
  methods: ["POST"],
  extraOutputs: [reportQueue],
  handler: async (request, context) => {
    context.extraOutputs.set(reportQueue, await request.json());
    return { status: 202 };
  },
});

app.http("bookedOrder", {
  route: "reports/orders/{id}",
  methods: ["GET"],
  handler: async (request, client) => {
    const status = await client.findStatus(request.params.id);
    return status === undefined
      ? { status: 404 }
      : { jsonBody: { status: status.runtimeStatus, cents: status.output } };
  },
});
