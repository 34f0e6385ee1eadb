// Many activities at once, and one result of them all.
//
//   curl -X POST localhost:7071/api/totals -d '[1, 2, 3, 4]'
//
// Answers with the total when it is there within ten seconds, with links to look for it when it is not.

import { DFApp } from "durable-functions-ts";

const app = new DFApp();

const processItem = app.activity("processItem", (item: number) => item * item);

const fanOutFanIn = app.orchestration("fanOutFanIn", function* (context, items: number[]) {
  // Fan out: all of them are scheduled together, on as many workers as there are.
  const tasks = items.map((item) => context.callActivity(processItem, item));

  // Fan in: the results come in the order of the items.
  const results = yield* context.all(tasks);
  return results.reduce((total, result) => total + result, 0);
});

app.http("total", {
  route: "totals",
  methods: ["POST"],
  handler: async (request, client) => {
    const items = (await request.json()) as number[];
    const id = await client.startNew(fanOutFanIn, { input: items });
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
      timeoutInMilliseconds: 60_000,
      retryIntervalInMilliseconds: 200,
    });
  },
});
