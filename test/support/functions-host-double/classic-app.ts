import az from "@azure/functions";
import { bodyBytes } from "../../../src/host/app/typed-data.ts";
import * as df from "../../../src/index.ts";
import type { FunctionsWorkerDouble } from "./functions-worker.ts";

/** An app in the words of `durable-functions` 3.x. `df.app` is one app for a process: once in a file of tests. */
export function registerClassicApp(): void {
  const greet = df.app.activity("greet", { handler: (city: string) => `Hello ${city}` });
  df.app.entity<number>("Counter", (context) => {
    if (context.df.operationName === "add") context.df.setState((context.df.getState(() => 0) ?? 0) + 1);
    else context.df.return(context.df.getState(() => 0) ?? 0);
  });
  df.app.orchestration("tour", function* (context) {
    const counter = new df.EntityId("Counter", "k");
    yield context.df.callEntity(counter, "add");
    const greeting: string = yield greet(context.df.getInput<string>());
    return [greeting, yield context.df.callEntity(counter, "get")];
  });
  df.app.client.http("start", {
    handler: async (request, client) => {
      const id = await client.startNew("tour", { instanceId: "by-http", input: "Oslo" });
      return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
        timeoutInMilliseconds: 40_000,
        retryIntervalInMilliseconds: 50,
      });
    },
  });
  df.app.client.timer("tick", {
    schedule: "0 0 3 * * *",
    handler: async (_timer, client) => {
      await client.startNew("tour", { instanceId: "by-timer", input: "Lima" });
    },
  });
  az.app.http("status", {
    extraInputs: [df.input.durableClient()],
    handler: async (_request, context) => {
      const client = df.getClient(context);
      const found = await Promise.all(["by-http", "by-timer"].map((id) => client.getStatus(id)));
      return { jsonBody: found.map(({ name }) => name) };
    },
  });
}

/** Calls its functions as the host does. */
export function callsOfClassicApp(worker: FunctionsWorkerDouble): {
  /** How many inputs of the type `durableClient` a function has. */
  readonly clientInputsOf: (name: string) => number;
  /** What an HTTP function answers. */
  readonly get: (name: string) => Promise<unknown>;
  readonly tick: () => Promise<void>;
} {
  const functions = new Map(worker.core.functions.map((fn) => [fn.metadata.name, fn]));
  return {
    clientInputsOf: (name) => {
      const bindings = Object.values(functions.get(name)!.metadata.bindings);
      return bindings.filter(({ type }) => type === "durableClient").length;
    },
    get: async (name) => {
      const url = `https://app.example.com/api/${name}`;
      const request = { value: { http: { method: "GET", url, nullableHeaders: {} } } };
      const returned = await worker.call(functions.get(name)!, request);
      return JSON.parse(bodyBytes(returned!.http!.body).toString());
    },
    tick: async () => {
      await worker.call(functions.get("tick")!, { value: { string: "{}" } });
    },
  };
}
