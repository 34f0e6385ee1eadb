import { DFApp } from "../../../../dist/index.js";

const app = new DFApp();
let calls = 0;

app.orchestration("wait", function* (context) {
  return yield* context.waitForExternalEvent("go");
});

app.entity("counter", (context) => {
  context.df.setState(context.df.getState(() => 0) + context.df.getInput());
});

app.http("begin", {
  methods: ["POST"],
  handler: async (request, client) => client.createCheckStatusResponse(request, await client.startNew("wait")),
});

app.http("call", {
  methods: ["POST", "DELETE"],
  handler: (request) => {
    calls += 1;
    return { jsonBody: { calls, cookie: request.headers.get("cookie") } };
  },
});

app.http("calls", { methods: ["GET"], handler: () => ({ jsonBody: calls }) });

app.http("panel", {
  methods: ["GET"],
  handler: () => ({ body: "<!doctype html><title>A page of the app</title>", headers: { "content-type": "text/html" } }),
});
