const df = require("durable-functions");
const { app } = require("@azure/functions");

df.app.activity("sendCode", { handler: (phone) => (phone.length * 1111) % 10000 });

df.app.orchestration("verifyPhone", function* (context) {
  const { phone, patienceMs } = context.df.getInput();
  const code = yield context.df.callActivity("sendCode", phone);
  context.df.setCustomStatus("waiting for the code");
  const timeout = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + patienceMs));
  let verified = false;
  for (let tries = 0; tries < 3; tries++) {
    const answer = context.df.waitForExternalEvent("codeEntered");
    const winner = yield context.df.Task.any([answer, timeout]);
    if (winner !== answer) break;
    if (answer.result === code) {
      verified = true;
      break;
    }
  }
  if (!timeout.isCompleted) timeout.cancel();
  return verified;
});

// Two events must come, in whatever order, before the time is up.
df.app.orchestration("twoSignatures", function* (context) {
  const timeout = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 60_000));
  const both = context.df.Task.all([
    context.df.waitForExternalEvent("buyer"),
    context.df.waitForExternalEvent("seller"),
  ]);
  const winner = yield context.df.Task.any([both, timeout]);
  timeout.cancel();
  return winner === both ? both.result : "nobody";
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
