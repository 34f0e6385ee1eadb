import az, { type HttpFunctionOptions, type HttpHandler } from "@azure/functions";
import { afterEach, expect, it, vi } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import { type EmbeddedApp, type EmbeddedHost, installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import { FakeOrchestrationClient } from "../http/fake-orchestration-client.ts";

const registerHttp = vi.spyOn(az.app, "http").mockImplementation(() => {});
const request = new az.HttpRequest({ method: "POST", url: "http://localhost/api/start" });
const context = new az.InvocationContext();
let uninstall = () => {};

afterEach(() => {
  uninstall();
  uninstall = () => {};
  registerHttp.mockClear();
});

function installHost(connect: EmbeddedHost["connect"]) {
  const attached: EmbeddedApp[] = [];
  uninstall = installEmbeddedHost({ attach: (app) => void attached.push(app), connect });
  return attached;
}

function connectionTo(client: FakeOrchestrationClient) {
  return { client, managementBaseUrl: "http://localhost:7071/hook", connectionName: "Storage" };
}

function registered(): { name: string; options: HttpFunctionOptions; handler: HttpHandler } {
  const [name, options] = registerHttp.mock.calls.at(-1) as [string, HttpFunctionOptions];
  return { name, options, handler: options.handler };
}

it("attaches to the host of the process and hands it the functions", () => {
  const attached = installHost(async () => connectionTo(new FakeOrchestrationClient()));
  const activity = (city: string) => city;
  const orchestrator = async () => {};

  const app = new DFApp();
  const sayHello = app.activity("sayHello", activity);
  const greet = app.orchestration("greet", { handler: orchestrator });

  expect(attached).toHaveLength(1);
  expect(attached[0]!.registry.findActivity("SAYHELLO")?.activity).toBe(activity);
  expect(attached[0]!.registry.findOrchestration("greet")?.orchestrator).toBe(orchestrator);
  expect([sayHello, greet]).toMatchObject([
    { kind: "activity", name: "sayHello" },
    { kind: "orchestration", name: "greet" },
  ]);
});

it("registers http functions with the app's auth level, route and methods", () => {
  const app = new DFApp({ httpAuthLevel: "function" });

  app.http("start", { route: "orchestrators/{name}", methods: ["POST"], handler: () => ({ status: 200 }) });
  const { name, options } = registered();
  app.http("open", { authLevel: "anonymous", handler: () => ({ status: 200 }) });

  expect(name).toBe("start");
  expect(options).toMatchObject({ authLevel: "function", route: "orchestrators/{name}", methods: ["POST"] });
  expect(registered().options).toEqual({ authLevel: "anonymous", handler: expect.any(Function) });
});

it("keeps a request waiting until the engine runs", async () => {
  const hub = new FakeOrchestrationClient();
  let start = () => {};
  const ready = new Promise<void>((resolve) => {
    start = resolve;
  });
  installHost(() => ready.then(() => connectionTo(hub)));
  const app = new DFApp();
  app.http("start", { handler: async (_request, client) => ({ body: await client.startNew("seq") }) });

  const answer = registered().handler(request, context);
  await Promise.resolve();
  const callsBefore = hub.calls.length;
  start();

  expect(await answer).toEqual({ body: "generated" });
  expect(callsBefore).toBe(0);
});

it.each([
  ["startNew", 404, "OrchestratorNotRegistered"],
  ["raiseEvent", 404, "InstanceNotFound"],
  ["terminate", 409, "InstanceNotActive"],
  ["startNew", 400, "InvalidInstanceId"],
] as const)("what %s refuses and nobody catches is answered with %s", async (_, status, code) => {
  installHost(() => Promise.resolve(connectionTo(new FakeOrchestrationClient())));
  const app = new DFApp();
  app.http("start", {
    handler: () => {
      throw new DurableError(code, "why");
    },
  });
  const warn = vi.fn<(text: string) => void>();

  expect(await registered().handler(request, { ...context, warn } as never)).toEqual({
    status,
    jsonBody: { error: { code, message: "why" } },
  });
  expect(warn).toHaveBeenCalledOnce();
});

it("any other error of a handler stays one", async () => {
  installHost(() => Promise.resolve(connectionTo(new FakeOrchestrationClient())));
  const app = new DFApp();
  app.http("start", {
    handler: () => {
      throw new DurableError("StorageUnavailable", "down");
    },
  });

  await expect(registered().handler(request, context)).rejects.toMatchObject({ code: "StorageUnavailable" });
});

it("tries to connect again after a failure", async () => {
  const hub = new FakeOrchestrationClient();
  const connect = vi.fn<EmbeddedHost["connect"]>();
  connect.mockRejectedValueOnce(new Error("not yet")).mockResolvedValue(connectionTo(hub));
  installHost(connect);
  const app = new DFApp();

  await expect(app.connect()).rejects.toThrow("not yet");

  expect((await app.connect()).taskHubName).toBe("Hub");
});

it("registers without a host, answers what needs no client, and says what to do otherwise", async () => {
  const app = new DFApp();
  app.activity("sayHello", (city: string) => city);
  app.http("health", { handler: () => ({ status: 200 }) });
  const health = registered().handler;
  app.http("start", {
    handler: async (startRequest, client) => client.createCheckStatusResponse(startRequest, await client.startNew("x")),
  });

  expect(await health(request, context)).toEqual({ status: 200 });
  const notSupported = { code: "NotSupported", message: expect.stringContaining("durable start") };
  await expect(registered().handler(request, context)).rejects.toMatchObject(notSupported);
  await expect(app.connect()).rejects.toMatchObject(notSupported);
});

it.each<[string, (app: DFApp) => void]>([
  ["an activity without function", (app) => app.activity("x", {} as never)],
  ["an orchestration of null", (app) => app.orchestration("x", null as never)],
  ["an empty name", (app) => app.activity("", () => {})],
  ["a name with a slash", (app) => app.orchestration("a/b", async () => {})],
  ["the name of the host", (app) => app.http("Host", { handler: () => ({}) })],
  ["a name that is a number", (app) => app.activity(1 as never, () => {})],
  ["http without handler", (app) => app.http("x", {} as never)],
  ["http without options", (app) => app.http("x", undefined as never)],
  ["a route with a leading slash", (app) => app.http("x", { route: "/x", handler: () => ({}) })],
  ["an unknown method", (app) => app.http("x", { methods: ["FETCH" as "GET"], handler: () => ({}) })],
  ["an unknown auth level", (app) => app.http("x", { authLevel: "secret" as "admin", handler: () => ({}) })],
  ["an unknown option", (app) => app.http("x", { method: "GET", handler: () => ({}) } as never)],
])("refuses %s", (_, register) => {
  const app = new DFApp();

  expect(() => register(app)).toThrow(expect.objectContaining({ name: "DurableError", code: "InvalidOption" }));
});

it("refuses an unknown default auth level, and a name that is taken", () => {
  const app = new DFApp();
  app.activity("x", () => {});

  expect(() => new DFApp({ httpAuthLevel: "secret" as "admin" })).toThrow("'httpAuthLevel' must be anonymous");
  expect(() => app.activity("x", () => {})).toThrow(expect.objectContaining({ code: "DuplicateRegistration" }));
});
