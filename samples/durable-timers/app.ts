// Waits that survive restarts. Nothing runs meanwhile, so an hour costs as little as a second.
//
//   curl -X POST localhost:7071/api/orchestrators/remind -d '{"text": "the kettle", "seconds": 5}'
//   curl -X POST localhost:7071/api/orchestrators/approvalOrTimeout -d 60

import { DFApp } from "durable-functions-ts";

interface Reminder {
  readonly text: string;
  /** @defaultValue an hour */
  readonly seconds?: number;
}

const app = new DFApp();
const hour = 3600;

app.orchestration("remind", function* (context, { text, seconds = hour }: Reminder) {
  yield* context.createTimer({ seconds });
  return `remember ${text}`;
});

/** Points in time are counted from the orchestration's own clock, never from `Date.now()`. */
app.orchestration("remindAt", function* (context, { text, seconds = hour }: Reminder) {
  const fireAt = new Date(context.currentUtcDateTime.getTime() + seconds * 1000);
  yield* context.createTimer(fireAt);
  return `remember ${text}`;
});

/** A race of an event and a timer. The event is raised as in approval-workflow. */
app.orchestration("approvalOrTimeout", function* (context, seconds: number = 24 * hour) {
  const timeout = context.createTimer({ seconds });
  const approval = context.waitForExternalEvent("ApprovalEvent");

  const winner = yield* context.any([timeout, approval]);
  if (winner === timeout) return "Timeout";

  timeout.cancel();
  return "Approved";
});

/** The same in one line, where no decision in time is a failure. */
app.orchestration("approvalInTime", function* (context, seconds: number = 24 * hour) {
  yield* context.waitForExternalEvent("ApprovalEvent", { timeout: { seconds } });
  return "Approved";
});
