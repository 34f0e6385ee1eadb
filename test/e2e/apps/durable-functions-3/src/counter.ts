import { app, HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import * as df from "durable-functions";

const counter: df.EntityHandler<number> = async (context: df.EntityContext<number>) => {
  const value = context.df.getState(() => 0) ?? 0;
  switch (context.df.operationName) {
    case "add":
      context.df.setState(value + (context.df.getInput<number>() ?? 1));
      break;
    case "reset":
      context.df.setState(0);
      break;
    case "get":
      context.df.return(value);
      break;
    case "tellOther":
      context.df.signalEntity(new df.EntityId("Counter", "other"), "add", value);
      break;
    case "end":
      context.df.destructOnExit();
  }
};
df.app.entity("Counter", counter);

df.app.orchestration("count", function* (context) {
  const id = new df.EntityId("Counter", context.df.getInput<string>());
  context.df.signalEntity(id, "add", 2);
  yield context.df.callEntity(id, "add", 3);
  const value: number = yield context.df.callEntity(id, "get");
  yield context.df.callEntity(id, "tellOther");
  return value;
});

const clientInput = df.input.durableClient();
app.http("counter", {
  route: "counter/{id}",
  methods: ["GET", "POST"],
  extraInputs: [clientInput],
  handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
    const client = df.getClient(context);
    const id = new df.EntityId("Counter", request.params.id ?? "");
    if (request.method === "POST") {
      await client.signalEntity(id, request.query.get("op") ?? undefined, Number(request.query.get("amount")));
      return { status: 202 };
    }
    const response: df.EntityStateResponse<number> = await client.readEntityState<number>(id);
    return { status: response.entityExists ? 200 : 404, jsonBody: response.entityState };
  },
});

app.http("noClient", {
  handler: (_request, context) => {
    try {
      df.getClient(context);
      return { status: 200 };
    } catch (error) {
      return { status: 500, body: (error as Error).message };
    }
  },
});
