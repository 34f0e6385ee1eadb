import az from "@azure/functions";
import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { bodyBytes } from "../../src/host/app/typed-data.ts";
import * as df from "../../src/index.ts";
import { startExtensionHost } from "../support/functions-host-double/extension-host-double.ts";

// One test: `df.app` is one app for a process.
it("df.app runs behind the Durable extension, with clients from its bindings", async () => {
  const host = await startExtensionHost({
    hub: new MemoryTaskHub({ clock: systemClock }),
    register: () => {
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
          const id = await client.startNew("tour", { input: "Oslo" });
          return client.waitForCompletionOrCreateCheckStatusResponse(request, id, { retryIntervalInMilliseconds: 50 });
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
          return { jsonBody: (await client.getStatus("by-timer")).name };
        },
      });
    },
  });
  try {
    const functions = new Map(host.worker.core.functions.map((fn) => [fn.metadata.name, fn]));
    const clientInputs = [...functions.values()].map(({ metadata }) => [
      metadata.name,
      Object.values(metadata.bindings).filter(({ type }) => type === "durableClient").length,
    ]);
    const call = async (name: string): Promise<unknown> => {
      const url = `https://app.example.com/api/${name}`;
      const returned = await host.worker.call(functions.get(name)!, {
        value: { http: { method: "GET", url, nullableHeaders: {} } },
      });
      return JSON.parse(bodyBytes(returned!.http!.body).toString());
    };

    expect(Object.fromEntries(clientInputs)).toMatchObject({ start: 1, tick: 1, status: 1, tour: 0, greet: 0 });
    expect(await call("start")).toEqual(["Hello Oslo", 1]);
    await host.worker.call(functions.get("tick")!, { value: { string: "{}" } });
    expect(await call("status")).toBe("tour");
  } finally {
    await host.stop();
  }
});
