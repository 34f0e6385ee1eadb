import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import az from "@azure/functions";
import { afterEach, expect, it, vi } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { type AnyApp, DFApp } from "../../src/functions/df-app.ts";
import type { DFAppOptions } from "../../src/functions/df-app-options.ts";
import type { DurableClient } from "../../src/functions/durable-client.ts";
import { bodyBytes } from "../../src/host/app/typed-data.ts";
import {
  type RunningExtensionHost,
  startExtensionHost,
} from "../support/functions-host-double/extension-host-double.ts";
import type { FunctionsWorkerDouble } from "../support/functions-host-double/functions-worker.ts";

let host: RunningExtensionHost | undefined;

afterEach(async () => {
  await host?.stop();
  host = undefined;
  delete process.env["DURABLE_HOSTING"];
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the function has answered.
  readonly body: any;
}

async function request(worker: FunctionsWorkerDouble, name: string, path = name): Promise<Answer> {
  const fn = worker.core.functions.find(({ metadata }) => metadata.name === name)!;
  const url = `https://app.example.com/api/${path}`;
  const returned = await worker.call(fn, { value: { http: { method: "GET", url, nullableHeaders: {} } } });
  const { statusCode, headers = {}, body } = returned!.http!;
  const text = bodyBytes(body).toString();
  return { status: Number(statusCode ?? 200), headers, body: text === "" ? undefined : JSON.parse(text) };
}

async function load(
  register: (app: AnyApp) => void,
  { options, hostJson }: { readonly options?: DFAppOptions; readonly hostJson?: object } = {},
): Promise<{ readonly app: AnyApp; readonly worker: FunctionsWorkerDouble }> {
  let app!: AnyApp;
  host = await startExtensionHost({
    hub: new MemoryTaskHub({ clock: systemClock }),
    ...(hostJson !== undefined && { hostJson }),
    register: () => {
      app = new DFApp(options);
      register(app);
    },
  });
  return { app, worker: host.worker };
}

/** An app with one HTTP function that does something with its client. */
async function withClient<T>(register: (app: AnyApp) => void, use: (client: DurableClient) => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined;
  const { worker } = await load((app) => {
    register(app);
    app.http("use", {
      handler: async (_request, client) => {
        result = use(client);
        await result.catch(() => {});
        return {};
      },
    });
  });
  await request(worker, "use");
  return result!;
}

function bindingsOf(worker: FunctionsWorkerDouble) {
  return Object.fromEntries(
    worker.core.functions.map(({ metadata }) => [
      metadata.name,
      Object.values(metadata.bindings).map(({ type, durableRequiresGrpc }) => `${type} ${durableRequiresGrpc ?? ""}`),
    ]),
  );
}

it("registers everything with the bindings of the protobuf protocol, and says once why", async () => {
  const { worker } = await load((app) => {
    app.activity("say", (city: string) => city);
    app.orchestration("hello", function* (context) {
      yield context.callActivity("say", "x");
    });
    app.entity("Counter", () => {});
    app.http("start", { handler: () => ({}) });
    new DFApp().activity("other", () => {});
  });

  expect(bindingsOf(worker)).toEqual({
    hello: ["orchestrationTrigger true"],
    say: ["activityTrigger true"],
    Counter: ["entityTrigger true"],
    other: ["activityTrigger true"],
    BuiltIn__HttpPollOrchestrator: ["orchestrationTrigger true"],
    BuiltIn__CallEntity: ["orchestrationTrigger true"],
    BuiltIn__HttpActivity: ["activityTrigger true"],
    start: ["httpTrigger ", "durableClient true", "http "],
  });
  expect(worker.lines.filter((line) => line.includes("HostingChosen"))).toEqual([
    expect.stringContaining("because host.json names an extensionBundle"),
  ]);
});

it("takes the apps of another copy of the package for its own", async () => {
  // Everything is loaded anew, with all its state.
  vi.resetModules();
  const { DFApp: OtherDFApp } = await import("../../src/functions/df-app.ts");
  let other!: DFApp;
  const { worker } = await load((app) => {
    app.http("first", { handler: async (_request, client) => ({ jsonBody: client.taskHubName }) });
    other = new OtherDFApp();
    other.orchestration("elsewhere", () => "done");
    other.http("second", {
      handler: async (_request, client) => {
        const id = await client.startNew("elsewhere");
        return { jsonBody: (await client.waitForCompletion(id, { timeout: "30s" })).output };
      },
    });
  });

  expect(OtherDFApp).not.toBe(DFApp);
  expect((await request(worker, "first")).body).toBe("MemoryHub");
  expect((await request(worker, "second")).body).toBe("done");
  expect(worker.lines.filter((line) => line.includes("HostingChosen"))).toHaveLength(1);
});

it("starts, follows and links to an instance through the client of a call", async () => {
  const { worker, app } = await load((app) => {
    const say = app.activity("say", (city: string) => `Hello ${city}!`);
    const hello = app.orchestration("hello", async (context, cities: string[]) => {
      return Promise.all(cities.map((city) => context.callActivity(say, city)));
    });
    app.http("start", {
      handler: async (request, client) => {
        const id = await client.startNew(hello, { instanceId: "a b", input: ["Tokyo", "Lima"] });
        return client.createCheckStatusResponse(request, id);
      },
    });
    app.http("wait", { handler: async (_request, client) => ({ jsonBody: await client.waitForCompletion("a b") }) });
  });
  await expect(app.connect()).rejects.toMatchObject({
    code: "NotSupported",
    message: expect.stringContaining("app.http"),
  });

  const started = await request(worker, "start");
  const ended = await request(worker, "wait");

  expect(started.status).toBe(202);
  expect(started.body.statusQueryGetUri).toBe(
    "https://app.example.com/runtime/webhooks/durabletask/instances/a%20b?taskHub=MemoryHub&connection=Storage&code=SYSTEMKEY",
  );
  expect(started.headers["location"]).toBe(started.body.statusQueryGetUri);
  expect(ended.body).toMatchObject({ runtimeStatus: "Completed", output: ["Hello Tokyo!", "Hello Lima!"] });
  // For code that is no HTTP function.
  const client = await app.connect();
  expect((await client.getStatus("a b")).name).toBe("hello");
  expect(client.createHttpManagementPayload("x").purgeHistoryDeleteUri).toMatch(/^http:\/\/localhost:7071\/.*code=/);
});

it("refuses to start what nobody runs, and checks what is started", async () => {
  const refused = withClient(
    (app) => app.orchestration("hello", () => {}),
    (client) => client.startNew("helo"),
  );

  await expect(refused).rejects.toMatchObject({ code: "OrchestratorNotRegistered" });
});

it("calls, signals and reads entities for a client", async () => {
  const seen = await withClient(
    (app) => {
      app.entity(
        "Counter",
        class {
          value = 0;
          add(amount: number) {
            this.value += amount;
            return this.value;
          }
          fail() {
            throw new RangeError("too much");
          }
        },
      );
    },
    async (client) => {
      const id = { name: "Counter", key: "k" };
      const sum = await client.callEntity(id, "add", 5, { timeout: "30s" });
      const failure = await client.callEntity(id, "fail", undefined, { timeout: "30s" }).then(
        () => "none",
        (error: unknown) => (error as Error).message,
      );
      return { sum, failure, state: await client.readEntityState(id) };
    },
  );

  expect(seen).toMatchObject({ sum: 5, state: { entityExists: true, entityState: { value: 5 } } });
  expect(seen.failure).toContain("too much");
});

it("makes durable HTTP calls in the app, and polls", async () => {
  let calls = 0;
  const server = createServer((_request, response) => {
    const isDone = ++calls > 1;
    response.writeHead(isDone ? 200 : 202, isDone ? {} : { location: "/status", "retry-after": "0" });
    response.end(isDone ? "done" : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const status = await withClient(
    (app) =>
      app.orchestration("fetches", function* (context) {
        const response = yield* context.callHttp({ method: "GET", url });
        return [response.statusCode, response.content];
      }),
    async (client) => client.waitForCompletion(await client.startNew("fetches"), { timeout: "30s" }),
  );
  server.close();

  expect(status).toMatchObject({ runtimeStatus: "Completed", output: [200, "done"] });
});

it("fails an orchestration that asks for a patch, and says why", async () => {
  const status = await withClient(
    (app) =>
      app.orchestration("changed", (context) => {
        return context.patched("new way");
      }),
    async (client) => client.waitForCompletion(await client.startNew("changed"), { timeout: "30s" }),
  );

  expect(status.runtimeStatus).toBe("Failed");
  expect(status.output).toMatch(/NotSupported: the change 'new way' cannot be recorded/);
});

it.each([
  [
    "a bundle that is too old",
    { extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[3.*, 4.0.0)" } },
    undefined,
    "4.36.0 or later is needed",
  ],
  ["the extension where there is none", {}, "extension", "add an extensionBundle to host.json"],
  ["a setting that is nonsense", {}, "azure", "DURABLE_HOSTING must be"],
  ["its own engine without a storage account", {}, undefined, "AzureWebJobsStorage"],
])("answers 500, logs and says why with %s", async (_, hostJson, setting, text) => {
  if (setting !== undefined) process.env["DURABLE_HOSTING"] = setting;
  const { worker, app } = await load((app) => app.http("start", { handler: () => ({ status: 200 }) }), {
    hostJson: { version: "2.0", ...hostJson },
  });

  const answer = await request(worker, "start");

  expect(answer).toMatchObject({ status: 500, body: { error: { code: "HostStartFailed" } } });
  expect(answer.body.error.message).toContain(text);
  expect(worker.lines.filter((line) => line.includes("HostingFailed"))).toEqual([expect.stringContaining(text)]);
  await expect(app.connect()).rejects.toMatchObject({ code: "HostStartFailed" });
});

it("takes a function of the host for what it is: a timer uses the client that it is handed", async () => {
  let app!: DFApp;
  const { worker } = await load((made) => {
    app = made;
    made.orchestration("tick", () => "ticked");
    az.app.generic("everyMinute", {
      trigger: az.trigger.generic({ type: "timerTrigger" }),
      extraInputs: [az.input.generic({ type: "durableClient", durableRequiresGrpc: true })],
      handler: async (_timer, context) => (await app.connect(context)).startNew("tick", { instanceId: "t" }),
    });
  });
  const fn = worker.core.functions.find(({ metadata }) => metadata.name === "everyMinute")!;

  await worker.call(fn, { value: { string: "{}" } });

  const client = await app.connect();
  await expect.poll(async () => (await client.getStatus("t")).output).toBe("ticked");
});
