const df = require("durable-functions");
const { app } = require("@azure/functions");
const { pathToFileURL } = require("node:url");

df.app.activity("classicActivity", { handler: (text) => `classic ${text}` });
df.app.orchestration("classicChild", function* (context) {
  return yield context.df.callActivity("classicActivity", context.df.getInput());
});
df.app.orchestration("classicParent", function* (context) {
  const ours = yield context.df.callActivity("ourActivity", "a");
  const child = yield context.df.callSubOrchestrator("ourChild", "b");
  const id = new df.EntityId("OurCounter", context.df.instanceId);
  yield context.df.callEntity(id, "add", 2);
  let failure = "";
  try {
    yield context.df.callActivity("ourFailure");
  } catch (error) {
    failure = error.message.split("\n")[0];
  }
  return [ours, child, yield context.df.callEntity(id, "get"), failure];
});
df.app.entity("ClassicCounter", (context) => {
  const value = context.df.getState(() => 0);
  if (context.df.operationName === "add") context.df.setState(value + context.df.getInput());
  else context.df.return(value);
});

app.hook.appStart(async () => {
  const { DFApp } = await import(pathToFileURL(process.env.OUR_PACKAGE).href);
  const ours = new DFApp();
  ours.activity("ourActivity", (text) => `ours ${text}`);
  ours.activity("ourFailure", () => {
    throw new RangeError("out of range");
  });
  ours.entity("OurCounter", (context) => {
    const value = context.getState(() => 0);
    if (context.operationName === "add") context.setState(value + context.getInput());
    else context.return(value);
  });
  ours.orchestration("ourChild", function* (context, input) {
    return yield context.callActivity("classicActivity", input);
  });
  ours.orchestration("ourParent", function* (context) {
    const classic = yield context.callActivity("classicActivity", "a");
    const child = yield context.callSubOrchestrator("classicChild", "b");
    const id = { name: "ClassicCounter", key: context.instanceId };
    yield context.callEntity(id, "add", 3);
    return [classic, child, yield context.callEntity(id, "get")];
  });
  if (process.env.DUPLICATE) ours.activity("CLASSICActivity", () => "twice");
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
