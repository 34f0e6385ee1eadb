import { app } from "@azure/functions";
import * as df from "durable-functions";

interface Watch {
  readonly city: string;
  readonly expiresInMs: number;
  readonly clearAfter: number;
}

const looks = new Map<string, number>();

df.app.activity("isClear", {
  handler: ({ city, clearAfter }: Watch) => {
    const count = (looks.get(city) ?? 0) + 1;
    looks.set(city, count);
    return count >= clearAfter;
  },
});

df.app.orchestration("monitor", function* (context) {
  const watch = context.df.getInput<Watch>();
  const endsAt = new Date(context.df.currentUtcDateTime.getTime() + watch.expiresInMs);
  let rounds = 0;
  while (context.df.currentUtcDateTime < endsAt) {
    rounds++;
    const isClear: boolean = yield context.df.callActivity("isClear", watch);
    if (isClear) return { clear: true, rounds };
    const next = new Date(context.df.currentUtcDateTime.getTime() + 300);
    yield context.df.createTimer(next);
  }
  return { clear: false };
});

// Longer than one timer can be: it is a chain of them, of which an app sees nothing.
df.app.orchestration("tenDays", function* (context) {
  const timer = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 10 * 86_400_000));
  const event = context.df.waitForExternalEvent("go");
  const winner = yield context.df.Task.any([event, timer]);
  timer.cancel();
  return winner === event ? "event" : "timer";
});

app.http("start", {
  route: "orchestrators/{name}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew(request.params["name"]!, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});
