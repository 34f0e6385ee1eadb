import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import az from "@azure/functions";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bodyBytes } from "../../src/host/app/typed-data.ts";
import * as df from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { FunctionsWorkerDouble } from "../support/functions-host-double/functions-worker.ts";

let azurite: Azurite;
let folder: string;

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "functions-app-"));
  // With the bundle, as a host without it refuses each function that has the input `durableClient`.
  const extensionBundle = { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.36.0, 5.0.0)" };
  await writeFile(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensionBundle }));
  process.env["DURABLE_HOSTING"] = "ownEngine";
  process.env["AzureWebJobsScriptRoot"] = folder;
  process.env["AzureWebJobsStorage"] = azurite.connectionString;
});

afterAll(async () => {
  delete process.env["DURABLE_HOSTING"];
  delete process.env["AzureWebJobsScriptRoot"];
  delete process.env["AzureWebJobsStorage"];
  await azurite.stop();
  await rm(folder, { recursive: true, force: true });
});

// One test: `df.app` is one app for a process.
it("df.app runs on the engine of this package in a Functions host, with clients of it also for inputs of the extension", async () => {
  const worker = await FunctionsWorkerDouble.load(() => {
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
  });
  try {
    const functions = new Map(worker.core.functions.map((fn) => [fn.metadata.name, fn]));
    const call = async (name: string): Promise<unknown> => {
      const url = `https://app.example.com/api/${name}`;
      const returned = await worker.call(functions.get(name)!, {
        value: { http: { method: "GET", url, nullableHeaders: {} } },
      });
      return JSON.parse(bodyBytes(returned!.http!.body).toString());
    };
    const typesOf = (name: string) => Object.values(functions.get(name)!.metadata.bindings).map(({ type }) => type);
    expect(worker.lines.join("\n")).toContain("because the app setting DURABLE_HOSTING is 'ownEngine'");
    expect(["start", "tick", "status"].map((name) => typesOf(name).includes("durableClient"))).toEqual([
      false,
      false,
      true,
    ]);
    expect(await call("start")).toEqual(["Hello Oslo", 1]);
    await worker.call(functions.get("tick")!, { value: { string: "{}" } });
    expect(await call("status")).toEqual(["tour", "tour"]);
  } finally {
    await worker.terminate();
  }
});
