import { app } from "@azure/functions";
import * as df from "durable-functions";

const attempts = new Map<string, number>();

const flaky = df.app.activity("flaky", {
  handler: ({ key, failures }: { key: string; failures: number }) => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (attempt <= failures) throw new Error(`attempt ${attempt} of ${key} failed`);
    return attempt;
  },
});
df.app.activity("attemptsOf", { handler: (key: string) => attempts.get(key) ?? 0 });

const threeTimes = () => {
  const options = new df.RetryOptions(100, 3);
  options.backoffCoefficient = 2;
  return options;
};

df.app.orchestration("succeeds", function* (context) {
  const id = context.df.instanceId;
  const first: number = yield context.df.callActivityWithRetry("flaky", threeTimes(), { key: `${id}a`, failures: 2 });
  const [second, plain]: number[] = yield context.df.Task.all([
    flaky({ key: `${id}b`, failures: 1 }).withRetry(threeTimes()),
    flaky({ key: `${id}c`, failures: 0 }),
  ]);
  const last: number = yield context.df.callActivity("attemptsOf", `${id}b`);
  return [first, second, plain, last];
});

df.app.orchestration("givesUp", function* (context) {
  const key = `${context.df.instanceId}d`;
  try {
    yield context.df.callActivityWithRetry("flaky", threeTimes(), { key, failures: 9 });
  } catch (error) {
    const made: number = yield context.df.callActivity("attemptsOf", key);
    return { made, message: (error as Error).message.split("\n")[0] };
  }
  return "no";
});

df.app.orchestration("outOfTime", function* (context) {
  const key = `${context.df.instanceId}e`;
  const options = new df.RetryOptions(500, 5);
  options.retryTimeoutInMilliseconds = 100;
  try {
    yield context.df.callActivityWithRetry("flaky", options, { key, failures: 9 });
  } catch (error) {
    const made: number = yield context.df.callActivity("attemptsOf", key);
    return { made, message: (error as Error).message.split("\n")[0] };
  }
  return "no";
});

df.app.orchestration("unknownActivity", function* (context) {
  yield context.df.callActivity("nobody");
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
