import { app } from "@azure/functions";
import type { EntityHandler } from "durable-functions";
import * as df from "durable-functions";

const counter: EntityHandler<number> = (context) => {
  const value = context.df.getState(() => 0) ?? 0;
  switch (context.df.operationName) {
    case "add":
      context.df.setState(value + (context.df.getInput<number>() ?? 0));
      break;
    case "get":
      context.df.return(value);
      break;
    case "who":
      context.df.return(`${context.df.entityName}/${context.df.entityKey}`);
      break;
    case "tellOther":
      context.df.signalEntity(new df.EntityId("Counter", "other"), "add", value);
      break;
    case "setAndFail":
      context.df.setState(99);
      throw "too much";
    case "forget":
      context.df.destructOnExit();
      break;
  }
};
df.app.entity("Counter", counter);

df.app.orchestration("count", function* (context) {
  const id = new df.EntityId("Counter", context.df.getInput<string>());
  context.df.signalEntity(id, "add", 5);
  yield context.df.callEntity(id, "add", 3);
  const value: number = yield context.df.callEntity(id, "get");
  const who: string = yield context.df.callEntity(id, "who");
  let failure = "";
  try {
    yield context.df.callEntity(id, "setAndFail");
  } catch (error) {
    failure = (error as Error).message;
  }
  // The library takes nothing back.
  const after: number = yield context.df.callEntity(id, "get");
  context.df.signalEntity(id, "tellOther");
  return { value, who, failure, after };
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

df.app.client.http("counterApi", {
  route: "counter/{key}/{operation?}",
  handler: async (request, client) => {
    const { key, operation } = request.params;
    const id = new df.EntityId("Counter", key!);
    if (operation !== undefined) {
      await client.signalEntity(id, operation, await request.json());
      return { status: 202 };
    }
    const state = await client.readEntityState<number>(id);
    return { jsonBody: { exists: state.entityExists, value: state.entityState ?? null } };
  },
});
