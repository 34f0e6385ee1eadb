import { app, type HttpHandler, type HttpRequest, type HttpResponse, type InvocationContext } from "@azure/functions";
import type { ActivityHandler, OrchestrationContext, OrchestrationHandler } from "durable-functions";
import * as df from "durable-functions";

const greet = df.app.activity("greet", { handler: ((city: string) => `Hello ${city}`) satisfies ActivityHandler });

const greetCities: OrchestrationHandler = function* (context: OrchestrationContext) {
  const greetings: string[] = [];
  greetings.push(yield context.df.callActivity("greet", "Tokyo"));
  greetings.push(yield greet("Seattle"));
  greetings.push(yield context.df.callActivity("GREET", context.df.getInput()));
  context.df.setCustomStatus({ greeted: greetings.length });
  return greetings;
};
df.app.orchestration("greetCities", greetCities);

const start: HttpHandler = async (request: HttpRequest, context: InvocationContext): Promise<HttpResponse> => {
  const client = df.getClient(context);
  const instanceId = await client.startNew(request.params["name"]!, { input: await request.json() });
  context.log(`started ${instanceId}`);
  return client.createCheckStatusResponse(request, instanceId);
};
app.http("start", { route: "orchestrators/{name}", extraInputs: [df.input.durableClient()], handler: start });
