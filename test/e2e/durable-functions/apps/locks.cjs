const df = require("durable-functions");
const { app } = require("@azure/functions");

df.app.entity("Account", (context) => {
  const balance = context.df.getState(() => 100);
  if (context.df.operationName === "add") context.df.setState(balance + context.df.getInput());
  context.df.return(context.df.operationName === "add" ? balance + context.df.getInput() : balance);
});
df.app.activity("pause", { handler: async (ms) => new Promise((done) => setTimeout(() => done(ms), ms)) });

df.app.orchestration("transfer", function* (context) {
  const { from, to, amount } = context.df.getInput();
  const source = new df.EntityId("Account", from);
  const target = new df.EntityId("Account", to);
  const lock = yield context.df.lock(target, source);
  const inside = context.df.isLocked().isLocked;
  try {
    const before = yield context.df.callEntity(source, "get");
    yield context.df.callActivity("pause", 200);
    if (before < amount) return "refused";
    yield context.df.Task.all([
      context.df.callEntity(source, "add", -amount),
      context.df.callEntity(target, "add", amount),
    ]);
  } finally {
    lock.release();
  }
  const paused = yield context.df.callActivity("pause", 1);
  return { inside, after: context.df.isLocked().isLocked, paused, left: yield context.df.callEntity(source, "get") };
});

df.app.orchestration("nested", function* (context) {
  yield context.df.lock(new df.EntityId("Account", "n"));
  yield context.df.lock(new df.EntityId("Account", "m"));
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
