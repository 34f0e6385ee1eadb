import * as df from "durable-functions";

df.app.orchestration("approval", function* (context) {
  const expiry = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 3_600_000));
  const answer = context.df.waitForExternalEvent("answer");
  const winner: df.Task = yield context.df.Task.any([answer, expiry]);
  if (!expiry.isCompleted) expiry.cancel();
  if (winner === answer) return (answer.result as { approved: boolean }).approved ? "approved" : "refused";
  return expiry.isCanceled ? "never" : "too late";
});
