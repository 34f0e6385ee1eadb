import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import { type EmbeddedApp, installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { defineEvent } from "../../../src/orchestration/external-event.ts";
import type { ActivityHandle, OrchestrationHandle } from "../../../src/orchestration/handles.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { FakeOrchestrationClient, instance } from "../http/fake-orchestration-client.ts";
import { managementApi } from "../http/management-fixture.ts";
import { numberFromText, type Order, orderSchema, slowOrderSchema } from "./standard-schemas.ts";

let uninstall = () => {};
afterEach(() => uninstall());

function openApp(options: ConstructorParameters<typeof DFApp>[0] = {}) {
  const hub = new FakeOrchestrationClient(instance());
  const attached: EmbeddedApp[] = [];
  const connection = {
    client: hub,
    managementBaseUrl: "http://localhost/hook",
    connectionName: "Storage",
    startChecks: createStartChecks(() => attached.map(({ registry }) => registry)),
  };
  uninstall = installEmbeddedHost({ attach: (app) => void attached.push(app), connect: async () => connection });
  const app = new DFApp(options);
  return { app, hub, registry: attached[0]!.registry };
}

function runActivity(registry: EmbeddedApp["registry"], name: string, input: unknown) {
  return new InProcessExecutor({ registries: [registry], clock: new SteppedClock() }).executeActivity({
    name,
    version: undefined,
    input: JSON.stringify(input),
    instance: { instanceId: "i", executionId: "e" },
    taskId: 0,
    deliveryCount: 1,
    tags: undefined,
    signal: new AbortController().signal,
  });
}

const order: Order = { id: "1", lines: [{ quantity: 2 }] };
const faulty = { id: 1, lines: [{ quantity: 2 }, { quantity: "many" }] };
const faults = "id: must be a text; lines[1].quantity: must be a number";

it("types follow the schemas", () => {
  const { app } = openApp();

  const both = app.activity("both", {
    input: numberFromText,
    output: orderSchema,
    handler: (n) => ({ id: n.toFixed(), lines: [] }),
  });
  const input = app.activity("input", { input: numberFromText, handler: async (n) => n + 1 });
  const output = app.activity("output", { output: numberFromText, handler: (city: string) => city });
  const child = app.orchestration("child", {
    input: orderSchema,
    output: numberFromText,
    *handler(context, given) {
      expectTypeOf(given).toEqualTypeOf<Order>();
      const result = yield* context.callActivity(both, given.id);
      expectTypeOf(result).toEqualTypeOf<Order>();
      return result.id;
    },
  });
  const open = app.orchestration("open", { input: numberFromText, handler: async (_context, n) => ({ n }) });

  expectTypeOf(both).toEqualTypeOf<ActivityHandle<string, Order>>();
  expectTypeOf(input).toEqualTypeOf<ActivityHandle<string, number>>();
  expectTypeOf(output).toEqualTypeOf<ActivityHandle<string, number>>();
  expectTypeOf(child).toEqualTypeOf<OrchestrationHandle<Order, number>>();
  expectTypeOf(open).toEqualTypeOf<OrchestrationHandle<string, { n: number }>>();
  // @ts-expect-error the schema wants a text of the handler
  app.activity("wrong", { output: numberFromText, handler: () => 5 });
});

it("an activity gets what its schema gives back, and its result is checked", async () => {
  const { app, registry } = openApp();
  app.activity("double", { input: numberFromText, handler: (n) => n * 2 });
  app.activity("order", { output: orderSchema, handler: () => faulty as unknown as Order });

  expect(await runActivity(registry, "double", "21")).toEqual({ kind: "completed", result: "42" });
  expect(await runActivity(registry, "double", 21)).toMatchObject({
    kind: "failed",
    failureDetails: {
      errorType: "InvalidPayload",
      errorMessage: expect.stringContaining("input of activity 'double'"),
    },
  });
  expect(await runActivity(registry, "order", null)).toMatchObject({
    failureDetails: { errorMessage: `the result of activity 'order' is not valid: ${faults}` },
  });
});

describe("startNew", () => {
  it.each([
    ["by handle", orderSchema, true],
    ["by name", orderSchema, false],
    ["with an asynchronous schema", slowOrderSchema, false],
  ])("checks the input %s, before anything is written", async (_, input, byHandle) => {
    const { app, hub } = openApp();
    const handle = app.orchestration("seq", { input, handler: async () => {} });
    const client = await app.connect();
    const name = byHandle ? handle : "SEQ";

    const starting = client.startNew(name as string, { input: faulty });

    await expect(starting).rejects.toMatchObject({ code: "InvalidPayload", message: expect.stringContaining(faults) });
    await expect(client.startNew(name as string)).rejects.toMatchObject({ code: "InvalidPayload" });
    expect(hub.calls).toEqual([]);
    await client.startNew(name as string, { input: order });
    expect(hub.calls).toMatchObject([["startInstance", { input: JSON.stringify(order) }]]);
  });

  it("sends the input as it was given, for the orchestration to change", async () => {
    const { app, hub } = openApp();
    const handle = app.orchestration("seq", { input: numberFromText, handler: async (_context, n) => n });

    await (await app.connect()).startNew(handle, { input: "5" });

    expect(hub.calls).toMatchObject([["startInstance", { input: '"5"' }]]);
  });
});

it("raiseEvent checks what an event definition asks for", async () => {
  const { app, hub } = openApp();
  const placed = defineEvent("Placed", orderSchema);
  const ping = defineEvent<undefined>("Ping");
  const client = await app.connect();

  await expect(client.raiseEvent("abc", placed, faulty as unknown as Order)).rejects.toMatchObject({
    code: "InvalidPayload",
    message: `the data of event 'Placed' is not valid: ${faults}`,
  });
  await client.raiseEvent("abc", placed, order);
  await client.raiseEvent("abc", ping);
  await client.raiseEvent("abc", "Placed", faulty);
  // @ts-expect-error the event carries an order
  await expect(client.raiseEvent("abc", placed, "order")).rejects.toMatchObject({ code: "InvalidPayload" });

  expect(hub.calls.map((call) => call[0])).toEqual(["raiseEvent", "raiseEvent", "raiseEvent"]);
});

it("the management API answers 400 with the path of the fault, and writes nothing", async () => {
  const { app, registry } = openApp({ version: "3" });
  app.orchestration("seq", { input: orderSchema, handler: async () => {} });
  const startChecks = createStartChecks(() => [registry]);
  const { postJson, send, client } = managementApi([], { startChecks });

  const refused = await postJson("orchestrators/seq", JSON.stringify(faulty));
  const empty = await send("POST", "orchestrators/seq");
  const callsBefore = [...client.calls];
  const accepted = await postJson("orchestrators/Seq/a", JSON.stringify(order));
  const versioned = await postJson("orchestrators/seq/b?version=1", JSON.stringify(order));
  const unknown = await postJson("orchestrators/elsewhere/c", "5");

  expect(refused.status).toBe(400);
  expect(await refused.json()).toEqual({ Message: `the input of orchestration 'seq' is not valid: ${faults}` });
  expect(empty.status).toBe(400);
  expect(callsBefore).toEqual([]);
  expect([accepted.status, versioned.status, unknown.status]).toEqual([202, 202, 400]);
  expect(client.calls).toMatchObject([
    ["startInstance", { version: "3" }],
    ["startInstance", { version: "1" }],
  ]);
});

it.each([
  ["an input that is no schema", { input: { type: "string" }, handler: () => {} }],
  ["an output that is a function", { output: () => true, handler: () => {} }],
  ["no handler", { input: orderSchema }],
])("%s is refused", (_, definition) => {
  const { app } = openApp();

  expect(() => app.activity("x", definition as never)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
  expect(() => app.orchestration("y", definition as never)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
});
