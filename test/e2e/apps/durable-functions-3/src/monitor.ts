import * as df from "durable-functions";

let looks = 0;
df.app.activity("look", { handler: () => ++looks });

df.app.orchestration("monitor", function* (context: df.OrchestrationContext) {
  const end = new Date(context.df.currentUtcDateTime.getTime() + 60_000);
  while (context.df.currentUtcDateTime < end) {
    const seen: number = yield context.df.callActivity("look");
    if (!context.df.isReplaying) context.info(`looked ${seen} times`);
    if (seen >= 3) return { seen, id: context.df.instanceId, guid: context.df.newGuid(context.df.instanceId) };
    const next: df.TimerTask = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 200));
    yield next;
  }
  throw new Error("nothing was seen in time");
});
