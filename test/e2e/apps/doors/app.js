import { DFApp } from "../../../../dist/index.js";

const app = new DFApp();

app.orchestration("wait", function* (context) {
  return yield* context.waitForExternalEvent("go");
});

app.http("begin", {
  methods: ["POST"],
  handler: async (request, client) => client.createCheckStatusResponse(request, await client.startNew("wait")),
});
