import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import functions from "@azure/functions";
import { DFApp } from "../../../../dist/index.js";

// One app behind both ways to a function.
if (process.env.STREAMS === "1") functions.app.setup({ enableHttpStream: true });

const app = new DFApp();

app.orchestration("waits", function* (context) {
  // A short history, whatever comes.
  for (let count = 0; count < 10; count++) yield* context.waitForExternalEvent("go");
  context.continueAsNew();
});
// What has ended is not kept in memory.
app.orchestration("ends", function* () {});
app.entity(
  "Counter",
  class {
    value = 0;
    add(amount) {
      this.value += Number(amount) || 1;
    }
  },
);

app.http("echo", {
  route: "echo/{name}/{*rest}",
  handler: async (request) => ({ jsonBody: { params: request.params, length: (await request.arrayBuffer()).byteLength } }),
});
app.http("reads", {
  route: "reads/{name?}",
  handler: async (request) => {
    try {
      return { jsonBody: { type: typeof (await request.json()) } };
    } catch {
      return { status: 400 };
    }
  },
});
app.http("begin", {
  route: "begin/{id}",
  methods: ["POST"],
  handler: async (request, client) => {
    try {
      const id = await client.startNew("ends", { instanceId: request.params.id, input: await request.text() });
      return client.createCheckStatusResponse(request, id);
    } catch (error) {
      return { status: 400, jsonBody: { code: error.code } };
    }
  },
});
app.http("state", {
  route: "state/{id}",
  methods: ["GET"],
  handler: async (request, client) => {
    try {
      return { jsonBody: (await client.getStatus(request.params.id))?.runtimeStatus ?? null };
    } catch (error) {
      return { status: 400, jsonBody: { code: error.code } };
    }
  },
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
app.http("memory", {
  methods: ["GET"],
  handler: () => {
    collectGarbage();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { jsonBody: { rss, live: heapUsed + external } };
  },
});
