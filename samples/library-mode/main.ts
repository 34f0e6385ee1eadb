// A web server that runs its own orchestrations, without a Functions host: a worker and a client in one process.
//
//   npm run build && node dist/samples/library-mode/main.js
//   curl -X POST localhost:8080/orders -d '{"id":"order-1","items":["tea"]}'
//   curl localhost:8080/orders/order-1
//   curl localhost:8080/health/ready
//
// STORAGE is a connection string of Azure Storage, "embedded" (Azurite, in this folder) or "memory".

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { DFApp, isDurableError, startWorker } from "durable-functions-ts";

interface Order {
  readonly id: string;
  readonly items: readonly string[];
}

const app = new DFApp();

const packItem = app.activity("packItem", (item: string) => `packed ${item}`);

const fulfilOrder = app.orchestration("fulfilOrder", function* (context, order: Order) {
  const packed = yield* context.all(order.items.map((item) => context.callActivity(packItem, item)));
  yield* context.createTimer({ seconds: 1 });
  return { id: order.id, packed };
});

const host = await startWorker({
  apps: [app],
  storage: process.env["STORAGE"] ?? "memory",
  taskHub: process.env["TASK_HUB"] ?? "Orders",
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (request.method === "POST" && pathname === "/orders") {
    const order = JSON.parse(await text(request)) as Order;
    await host.client.startNew(fulfilOrder, { instanceId: order.id, input: order });
    return send(response, 202, { id: order.id });
  }
  if (request.method === "GET" && pathname.startsWith("/orders/")) {
    const status = await host.client.findStatus(decodeURIComponent(pathname.slice("/orders/".length)));
    return status === undefined ? send(response, 404, {}) : send(response, 200, status);
  }
  // Answers /health/live and /health/ready.
  host.healthHandler(request, response);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    const status = isDurableError(error, "InstanceAlreadyExists") ? 409 : error instanceof SyntaxError ? 400 : 500;
    send(response, status, { error: error instanceof Error ? error.message : String(error) });
  });
});
server.listen(Number(process.env["PORT"] ?? 8080), () => {
  const address = server.address();
  console.log(`Listening on port ${typeof address === "object" ? address?.port : address}`);
});

// Readiness fails from the first signal on; once the worker has stopped, nothing but the server holds the process. A
// process without a server needs no more than `stopOnSignals: true`.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void host.stop());
const failure = await host.stopped;
server.close();
console.log(failure ?? "Stopped");
process.exitCode = failure === undefined ? 0 : 1;
