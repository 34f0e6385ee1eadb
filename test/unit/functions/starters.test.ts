import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { az } from "../../../src/functions/azure-functions.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import type { DurableClient } from "../../../src/functions/durable-client.ts";
import { findHostableApp, installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import {
  type ClientFunctions,
  ClientRegistrations,
  clientFunctionsOf,
} from "../../../src/functions/hosting/join-function-app.ts";
import { registerStarter } from "../../../src/functions/starter-app.ts";
import { FakeOrchestrationClient } from "../http/fake-orchestration-client.ts";

type Handler = (trigger: unknown, context: unknown) => Promise<unknown>;
type Registered = { readonly handler: Handler; readonly [option: string]: unknown };

const kinds = [
  "timer",
  "storageQueue",
  "storageBlob",
  "serviceBusQueue",
  "serviceBusTopic",
  "eventHub",
  "eventGrid",
  "cosmosDB",
  "generic",
] as const;

/** What the library was asked to register, by kind. */
let registered: Map<string, readonly [string, Registered]>;

beforeEach(() => {
  registered = new Map();
  for (const kind of kinds) {
    vi.spyOn(az.app, kind).mockImplementation((name: string, options: unknown) => {
      registered.set(kind, [name, options as Registered]);
    });
  }
});

afterEach(() => void vi.restoreAllMocks());

/** The options that each kind cannot do without. */
const required: Readonly<Record<(typeof kinds)[number], object>> = {
  timer: { schedule: "0 * * * * *" },
  storageQueue: { queueName: "inbox" },
  storageBlob: { path: "in/{name}" },
  serviceBusQueue: { queueName: "inbox", connection: "Bus" },
  serviceBusTopic: { topicName: "news", subscriptionName: "all", connection: "Bus" },
  eventHub: { eventHubName: "events", connection: "Hub" },
  eventGrid: {},
  cosmosDB: { databaseName: "shop", containerName: "orders", connection: "Cosmos" },
  generic: { trigger: az.trigger.generic({ type: "kafkaTrigger" }) },
};

const register = (app: DFApp, kind: (typeof kinds)[number], options: object) =>
  (app[kind] as (name: string, options: object) => void).call(app, "start", options);

describe.each(kinds)("app.%s", (kind) => {
  it("gives what has triggered it, a client and the context to its handler", async () => {
    const client = new FakeOrchestrationClient();
    const connection = { client, managementBaseUrl: "http://localhost/hook", connectionName: "Storage" };
    const uninstall = installEmbeddedHost({ attach() {}, connect: async () => connection });
    try {
      const app = new DFApp();
      const calls: unknown[] = [];
      const handler = (...given: unknown[]) => calls.push(given);
      register(app, kind, { ...required[kind], handler });
      const [name, options] = registered.get(kind)!;
      const context = { invocationId: "1" };
      await options.handler("what happened", context);

      expect(name).toBe("start");
      expect(options).toMatchObject(required[kind]);
      expect(calls).toEqual([["what happened", expect.objectContaining({ taskHubName: client.taskHub }), context]]);
    } finally {
      uninstall();
    }
  });

  it("adds the inputs that the hosting asks for to those of the function", () => {
    const app = new DFApp();
    const input = az.input.generic({ type: "table" });
    register(app, kind, { ...required[kind], extraInputs: [input], handler: () => {} });

    expect(registered.get(kind)![1]["extraInputs"]).toEqual([input]);
    expect(findHostableApp(app)!.clientFunctions).toEqual([
      { name: "start", triggerType: expect.stringMatching(/Trigger$/) },
    ]);
    expect(clientFunctionsOf(app)).toBeDefined();
  });

  it("needs its options, a handler and a name", () => {
    const app = new DFApp();
    const { ...options }: Record<string, unknown> = { ...required[kind], handler: () => {} };
    for (const name of Object.keys(required[kind]).filter((each) => each !== "containerName")) {
      if (kind === "cosmosDB" && name === "connection") continue;
      expect(() => register(app, kind, { ...options, [name]: undefined })).toThrow(`needs the option '${name}'`);
    }
    expect(() => register(app, kind, { ...options, handler: undefined })).toThrow("'handler' of the");
    expect(() => register(app, kind, undefined as never)).toThrow("needs an object with options");
    expect(() => (app[kind] as (name: string, given: object) => void).call(app, "a b", options)).toThrow(
      "a function name must be",
    );
  });
});

it("waits where the hosting is not chosen yet, and then has the input that it asks for", async () => {
  const registrations = new ClientRegistrations();
  registrations.hold();
  const client = { taskHubName: "Hub" } as DurableClient;
  const functions: ClientFunctions = {
    add: (added, register) => registrations.add(added, register),
    findClient: () => Promise.reject(new Error("not an HTTP function")),
    connect: async () => client,
  };
  const given: unknown[] = [];
  const kind = { triggerType: "timerTrigger", required: ["schedule"] };
  const handler = (...args: unknown[]) => given.push(args);
  const extraInputs = [az.input.generic({ type: "table" })];
  let registered: Registered | undefined;
  registerStarter(functions, "tick", kind, { schedule: "0 * * * * *", extraInputs, handler }, (options) => {
    registered = options as never;
  });
  expect(registered).toBeUndefined();
  const durableClient = az.input.generic({ type: "durableClient" });
  registrations.release([durableClient]);
  await registered!.handler("timer", "context");

  expect(registered!["extraInputs"]).toEqual([...extraInputs, durableClient]);
  expect(given).toEqual([["timer", client, "context"]]);
});

it("what is misspelt is refused, with what was meant", () => {
  const app = new DFApp();

  expect(() => app.timer("tick", { scheduel: "0 * * * * *", handler: () => {} } as never)).toThrow(
    "the timerTrigger function 'tick' has no option 'scheduel'; did you mean 'schedule'?",
  );
  expect(() => app.storageQueue("in", { queueName: "in", conection: "x", handler: () => {} } as never)).toThrow(
    "did you mean 'connection'?",
  );
});

it("functions of Azure Storage use the account of the host unless they name another", () => {
  const app = new DFApp();
  app.storageQueue("in", { queueName: "in", handler: () => {} });
  expect(registered.get("storageQueue")![1]).toMatchObject({ connection: "AzureWebJobsStorage" });
  app.storageBlob("in", { path: "in/{name}", connection: "Other", handler: () => {} });

  expect(registered.get("storageBlob")![1]).toMatchObject({ connection: "Other" });
});

it("where nothing runs orchestrations, a call fails with what to do", async () => {
  const app = new DFApp();
  app.timer("tick", { schedule: "0 * * * * *", handler: () => {} });

  await expect(registered.get("timer")![1].handler({}, {})).rejects.toThrow("start the app with 'npx durable start'");
});
