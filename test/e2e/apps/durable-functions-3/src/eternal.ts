import * as df from "durable-functions";

df.app.orchestration("eternal", function* (context) {
  const round = context.df.getInput<number>();
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 50));
  if (round < 3) {
    context.df.continueAsNew(round + 1);
    return;
  }
  return `round ${round}`;
});
