const df = require("durable-functions");
const { app } = require("@azure/functions");

df.app.activity("cleanUp", { handler: (round) => round });

df.app.orchestration("janitor", function* (context) {
  const { round, last } = context.df.getInput();
  yield context.df.callActivity("cleanUp", round);
  context.df.setCustomStatus({ round });
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 50));
  if (round >= last) return `cleaned ${round} times`;
  context.df.continueAsNew({ round: round + 1, last });
  return undefined;
});

// Runs until somebody says so.
df.app.orchestration("untilTold", function* (context) {
  const count = context.df.getInput();
  const command = yield context.df.waitForExternalEvent("command");
  if (command === "stop") return count;
  context.df.continueAsNew(count + 1);
  return undefined;
});

df.app.activity("slowly", { handler: (n) => new Promise((done) => setTimeout(() => done(n), 200)) });

df.app.orchestration("manySteps", function* (context) {
  const done = [];
  for (let n = 0; n < 8; n++) done.push(yield context.df.callActivity("slowly", n));
  return done;
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
