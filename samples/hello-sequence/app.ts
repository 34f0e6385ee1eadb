// One activity after the other, in each style an orchestrator can be written in.
//
//   curl -X POST localhost:7071/api/orchestrators/helloSequence
//   curl -X POST localhost:7071/api/orchestrators/helloAsync -d '["Paris", "Oslo"]'
//
// The answer holds links; "statusQueryGetUri" shows the outcome.

import { DFApp, isDurableError } from "durable-functions-ts";

const app = new DFApp();
const defaultCities = ["Tokyo", "Seattle", "London"];

const sayHello = app.activity("sayHello", (city: string) => `Hello ${city}!`);

/** Activities by name, as in durable-functions 3.x and in Python: results have no type. */
app.orchestration("helloSequence", function* (context, cities: string[] = defaultCities) {
  const greetings: string[] = [];
  for (const city of cities) {
    greetings.push(yield context.callActivity("sayHello", city));
  }
  return greetings;
});

/** With handles and `yield*` the compiler knows inputs and results. */
app.orchestration("helloTyped", function* (context, cities: string[] = defaultCities) {
  const greetings: string[] = [];
  for (const city of cities) {
    greetings.push(yield* context.callActivity(sayHello, city));
  }
  return greetings;
});

/** With async and await, here all cities at once. */
app.orchestration("helloAsync", async (context, cities: string[] = defaultCities) => {
  return await Promise.all(cities.map((city) => context.callActivity(sayHello, city)));
});

app.http("start", {
  route: "orchestrators/{name}",
  methods: ["POST"],
  handler: async (request, client) => {
    const body = await request.text();
    const input = body === "" ? undefined : JSON.parse(body);
    try {
      const id = await client.startNew(request.params.name, { input });
      return client.createCheckStatusResponse(request, id);
    } catch (error) {
      if (isDurableError(error, "OrchestratorNotRegistered")) return { status: 404, body: error.message };
      throw error;
    }
  },
});
