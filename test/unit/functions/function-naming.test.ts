import az, { type HttpFunctionOptions } from "@azure/functions";
import { afterEach, beforeEach, expect, expectTypeOf, it, type MockInstance, vi } from "vitest";
import { describeVersionProblem } from "../../../src/functions/azure-functions.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import { installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import { createFunctionDecorators } from "../../../src/functions/function-decorators.ts";
import type { EntityHandle, UntypedOperations } from "../../../src/orchestration/entity-handle.ts";
import type { ActivityHandle, OrchestrationHandle } from "../../../src/orchestration/handles.ts";
import type { Registry } from "../../../src/worker/registry.ts";

let registerHttp: MockInstance;

beforeEach(() => {
  registerHttp = vi.spyOn(az.app, "http").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

function createApp(): { readonly app: DFApp; readonly registry: Registry } {
  let registry: Registry | undefined;
  const uninstall = installEmbeddedHost({
    attach: (attached) => {
      registry = attached.registry;
    },
    connect: () => new Promise(() => {}),
  });
  const app = new DFApp();
  uninstall();
  return { app, registry: registry! };
}

const routes = () => registerHttp.mock.calls.map(([name, options]) => [name, (options as HttpFunctionOptions).route]);

it("functions and classes are registered under their own names", () => {
  const { app, registry } = createApp();
  const shout = (text: string) => text.toUpperCase();

  const sayHello = app.activity(async function sayHello(city: string) {
    return `Hello ${city}`;
  });
  const shouted = app.activity(shout);
  const sequence = app.orchestration(function* helloSequence(_context, cities: string[]) {
    const result: unknown = yield;
    return [cities, result].length;
  });
  const sweep = app.orchestration(async function sweep() {
    return "swept";
  });
  const counter = app.entity(
    class Counter {
      value = 0;
      add(amount: number): number {
        return amount;
      }
    },
  );
  const toggle = app.entity(function toggle(context) {
    context.setState(true);
  });

  expect(registry.activityNames).toEqual(["sayHello", "shout"]);
  expect(registry.orchestrationNames).toEqual(["helloSequence", "sweep"]);
  expect(registry.entityNames).toEqual(["Counter", "toggle"]);
  expect([sayHello, shouted, sequence, sweep, counter, toggle].map(({ name }) => name)).toEqual([
    "sayHello",
    "shout",
    "helloSequence",
    "sweep",
    "Counter",
    "toggle",
  ]);
  expectTypeOf(sayHello).toEqualTypeOf<ActivityHandle<string, string>>();
  expectTypeOf(sequence).toEqualTypeOf<OrchestrationHandle<string[], number>>();
  expectTypeOf(sweep).toEqualTypeOf<OrchestrationHandle<unknown, string>>();
  expectTypeOf(counter).toExtend<EntityHandle<{ add(amount: number): number }>>();
  expectTypeOf(toggle).toEqualTypeOf<EntityHandle<UntypedOperations>>();
});

it("a function without a name is refused, with a word of what to do", () => {
  const { app } = createApp();
  const refusal = expect.objectContaining({ code: "InvalidOption", message: expect.stringContaining("has no name") });

  expect(() => app.activity((n: number) => n)).toThrow(refusal);
  expect(() => app.orchestration(async () => {})).toThrow(refusal);
  expect(() => app.entity(class {})).toThrow(refusal);
});

it("routes name their functions by the handler, else by methods and route", () => {
  const { app } = createApp();

  app.route("orders/{id}", async function readOrder(request, client) {
    expectTypeOf(request.params).toExtend<{ readonly id: string }>();
    return { jsonBody: await client.getStatus(request.params.id) };
  });
  app.route("orders/{id:int}/items", () => ({}));
  app.route("orders/{id?}", { methods: ["DELETE", "PUT"], handler: () => ({}) });
  app.route("orders", { name: "listOrders", authLevel: "function", handler: () => ({}) });
  app.route("{*rest}", () => ({}));
  app.route("2fa/codes", () => ({}));

  expect(routes()).toEqual([
    ["readOrder", "orders/{id}"],
    ["orders-id-int-items", "orders/{id:int}/items"],
    ["delete-put-orders-id", "orders/{id?}"],
    ["listOrders", "orders"],
    ["rest", "{*rest}"],
    ["route-2fa-codes", "2fa/codes"],
  ]);
});

it("a route is checked as an http function is", () => {
  const { app } = createApp();

  for (const register of [
    () => app.route("/orders", () => ({})),
    () => app.route("orders", {} as never),
    () => app.route("orders", { name: "a/b", handler: () => ({}) }),
    () => app.route("orders", { method: "GET", handler: () => ({}) } as never),
  ]) {
    expect(register).toThrow(expect.objectContaining({ code: "InvalidOption" }));
  }
});

/** What a compiler makes of decorators: their initializers run when the class, or an instance, is made. */
function decorate(kind: "method" | "class", name: string, target: object) {
  const initializers: ((this: unknown) => void)[] = [];
  const access = { get: (self: object) => Reflect.get(self, name) as unknown };
  const context = { kind, name, access, addInitializer: (run: () => void) => void initializers.push(run) };
  return { context: context as never, define: () => initializers.forEach((run) => void run.call(target)) };
}

it("decorators register methods, bound to what they belong to, and classes", async () => {
  const { app, registry } = createApp();
  const durable = createFunctionDecorators(app);
  class Counter {}
  const greetings = {
    greeting: "Hi",
    greet(city: string) {
      return `${this.greeting} ${city}`;
    },
    async sweep() {},
  };
  const { greet, sweep } = greetings;
  const method = decorate("method", "greet", greetings);
  const named = decorate("method", "sweep", greetings);
  const entity = decorate("class", "Counter", Counter);
  const namedEntity = decorate("class", "Counter", Counter);

  durable.activity(greet, method.context);
  durable.orchestration("sweepAll")(sweep as never, named.context);
  durable.entity(Counter, entity.context);
  durable.entity("Switch")(Counter, namedEntity.context);
  const before = [registry.activityNames, registry.orchestrationNames, registry.entityNames].flat();
  for (const { define } of [method, named, entity, namedEntity]) define();

  expect(before).toEqual([]);
  expect(registry.activityNames).toEqual(["greet"]);
  expect(registry.orchestrationNames).toEqual(["sweepAll"]);
  expect(registry.entityNames).toEqual(["Counter", "Switch"]);
  expect(await registry.findActivity("greet")!.activity("Oslo", {} as never)).toBe("Hi Oslo");
});

it("decorators say what they are for, also to those of before the standard", () => {
  const durable = createFunctionDecorators(createApp().app) as unknown as Record<string, (...args: unknown[]) => void>;
  const refusal = expect.objectContaining({ message: expect.stringContaining("experimentalDecorators") });

  expect(() => durable["activity"]!({}, "method", {})).toThrow(refusal);
  expect(() => durable["orchestration"]!(() => {}, { kind: "field" })).toThrow(refusal);
  expect(() => durable["entity"]!(class {}, undefined)).toThrow(refusal);
});

it.each([
  ["20.18.3", "4.16.5", "needs Node.js 20.19.0"],
  ["18.20.0", undefined, "needs Node.js 20.19.0"],
  ["22.0.0", "4.4.0", "needs @azure/functions 4.5.0"],
  ["22.0.0", "3.5.1", "needs @azure/functions 4.5.0"],
  ["20.19.0", "4.5.0", undefined],
  ["24.1.0-nightly", "5.0.0", undefined],
  ["22.12.0", undefined, undefined],
])("Node.js %s with @azure/functions %s: %s", (node, library, problem) => {
  const seen = describeVersionProblem(node, library);

  if (problem === undefined) expect(seen).toBeUndefined();
  else expect(seen).toContain(problem);
});
