const df = require("durable-functions");
const { app } = require("@azure/functions");

const runs = new Map();

df.app.activity("provision", { handler: (device) => `${device} is ready` });
const setUp = df.app.orchestration("setUpDevice", function* (context) {
  return yield context.df.callActivity("provision", context.df.getInput());
});
df.app.activity("countRun", {
  handler: (key) => {
    runs.set(key, (runs.get(key) ?? 0) + 1);
    return runs.get(key);
  },
});
df.app.orchestration("unsteady", function* (context) {
  const run = yield context.df.callActivity("countRun", context.df.getInput());
  if (run < 3) throw new Error(`run ${run} went wrong`);
  return { run, parent: context.df.parentInstanceId };
});
df.app.orchestration("hopeless", function* () {
  throw new TypeError("never works");
});

df.app.orchestration("setUpAll", function* (context) {
  const devices = context.df.getInput();
  const all = devices.map((device) => context.df.callSubOrchestrator("setUpDevice", device));
  const ready = yield context.df.Task.all(all);
  ready.push(yield setUp("the last", `${context.df.instanceId}-last`));
  return ready;
});

df.app.orchestration("withRetry", function* (context) {
  const retry = new df.RetryOptions(100, 4);
  const result = yield context.df.callSubOrchestratorWithRetry("unsteady", retry, context.df.instanceId);
  return { run: result.run, isChild: result.parent === context.df.instanceId };
});

df.app.orchestration("failsWithChild", function* (context) {
  yield context.df.callSubOrchestratorWithRetry("hopeless", new df.RetryOptions(50, 2), null);
});

app.http("start", {
  route: "orchestrators/{name}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew(request.params.name, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});
