import { HttpRequest, HttpResponse, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";

const greet = df.app.activity("greet", {
  handler: (city: string, context: InvocationContext): string => {
    context.log(`greeting ${city} as ${context.functionName}`);
    return `Hello, ${city}!`;
  },
});

const tour: df.OrchestrationHandler = function* (context: df.OrchestrationContext) {
  context.log(`tour of ${context.functionName}`);
  const greetings: string[] = [];
  greetings.push(yield greet("Tokyo"));
  greetings.push(yield context.df.callActivity("greet", "Seattle"));
  const cairo: df.Task = greet("Cairo");
  const lima = context.df.callActivity("greet", "Lima");
  const winner = yield context.df.Task.any([cairo]);
  greetings.push(winner === cairo ? (cairo.result as string) : "somebody else");
  greetings.push(...(yield context.df.Task.all([lima, greet("Oslo")])));
  return greetings;
};
df.app.orchestration("tour", tour);

df.app.client.http("start", {
  route: "orchestrators/{orchestratorName}",
  authLevel: "anonymous",
  methods: ["POST"],
  handler: async (request: HttpRequest, client: df.DurableClient, context: InvocationContext): Promise<HttpResponse> => {
    const body: unknown = await request.json();
    const instanceId: string = await client.startNew(request.params.orchestratorName ?? "", { input: body });
    context.log(`started ${instanceId}`);
    return client.createCheckStatusResponse(request, instanceId);
  },
});

df.app.client.http("startAndWait", {
  route: "wait/{orchestratorName}",
  handler: async (request, client) => {
    const instanceId = await client.startNew(request.params.orchestratorName ?? "", { input: await request.json() });
    return client.waitForCompletionOrCreateCheckStatusResponse(request, instanceId, {
      timeoutInMilliseconds: 20000,
      retryIntervalInMilliseconds: 100,
    });
  },
});
