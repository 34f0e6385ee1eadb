import { expectTypeOf, it } from "vitest";
import { createEncryptingDataConverter } from "../../../src/core/payloads/encrypting-data-converter.ts";
import { createRichDataConverter } from "../../../src/core/payloads/rich-data-converter.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import type { RouteParameters } from "../../../src/functions/http-function.ts";
import type { ActivityHandle, OrchestrationHandle } from "../../../src/orchestration/handles.ts";

const app = new DFApp();
const sayHello = app.activity("sayHello", (city: string) => `Hello ${city}!`);
const lengthOf = app.activity("lengthOf", async (text: string) => text.length);
const tick = app.activity("tick", () => {});
const sized = app.activity("sized", { handler: (size: { width: number; height?: number }) => size.width });

it("activities are typed by their function, awaited", () => {
  expectTypeOf(sayHello).toEqualTypeOf<ActivityHandle<string, string>>();
  expectTypeOf(lengthOf).toEqualTypeOf<ActivityHandle<string, number>>();
  expectTypeOf(tick).toEqualTypeOf<ActivityHandle<undefined, void>>();
  expectTypeOf(sized).toEqualTypeOf<ActivityHandle<{ width: number; height?: number }, number>>();
});

it("generator orchestrations are typed by their parameter and their return value", () => {
  const greet = app.orchestration("greet", function* (context, cities: string[]) {
    const first = yield* context.callActivity(sayHello, "Tokyo");
    expectTypeOf(first).toEqualTypeOf<string>();
    const second = yield* context.callActivity(lengthOf, first);
    expectTypeOf(second).toEqualTypeOf<number>();
    yield* context.callActivity(tick);
    return [first, ...cities];
  });

  expectTypeOf(greet).toEqualTypeOf<OrchestrationHandle<string[], string[]>>();
});

it("plain yield compiles, untyped, as in durable-functions 3.x", () => {
  const untyped = app.orchestration("untyped", function* (context) {
    const first: string = yield context.df.callActivity("sayHello", "Tokyo");
    const [second] = yield context.df.Task.all([context.callActivity(sayHello, "Seattle")]);
    return `${first}${second}`;
  });

  expectTypeOf(untyped).toEqualTypeOf<OrchestrationHandle<unknown, string>>();
});

it("async, async generator and plain orchestrations are typed alike", () => {
  const all = app.orchestration("all", async (context, cities: string[]) =>
    Promise.all(cities.map((city) => context.callActivity(sayHello, city))),
  );
  const streamed = app.orchestration("streamed", async function* (context, count: number) {
    yield context.callActivity(sayHello, String(count));
    return count + 1;
  });
  const plain = app.orchestration("plain", (_context, count: number) => count * 2);
  const held = app.orchestration("held", { handler: async (_context, flag: boolean) => ({ flag }) });

  expectTypeOf(all).toEqualTypeOf<OrchestrationHandle<string[], string[]>>();
  expectTypeOf(streamed).toEqualTypeOf<OrchestrationHandle<number, number>>();
  expectTypeOf(plain).toEqualTypeOf<OrchestrationHandle<number, number>>();
  expectTypeOf(held).toEqualTypeOf<OrchestrationHandle<boolean, { flag: boolean }>>();
});

it("a default makes the input optional", async () => {
  const greet = app.orchestration("defaulted", function* (context, cities: string[] = ["Tokyo"]) {
    return yield* context.callActivity(lengthOf, cities.join());
  });

  expectTypeOf(greet).toEqualTypeOf<OrchestrationHandle<string[] | undefined, number>>();
});

it("wrong inputs are refused by the compiler", () => {
  const child = app.orchestration("child", async (_context, count: number) => count);

  app.orchestration("wrong", function* (context) {
    // @ts-expect-error a number is no city
    yield* context.callActivity(sayHello, 42);
    // @ts-expect-error the city is missing
    yield* context.callActivity(sayHello);
    // @ts-expect-error tick takes nothing
    yield* context.callActivity(tick, "something");
    // @ts-expect-error the child takes a number
    yield* context.callSubOrchestrator(child, "many");
  });
  // @ts-expect-error an activity is a function
  expectTypeOf(() => app.activity("none", 42)).toBeFunction();
});

it("starts check the input of the handle, and of a name nothing", () => {
  const child = app.orchestration("started", async (_context, count: number) => count);
  const optional = app.orchestration("optional", async (_context, count = 1) => count);

  app.http("startTyped", {
    handler: async (_request, client) => {
      await client.startNew(child, { input: 1 });
      await client.startNew(optional);
      await client.startNew("anything", { input: { at: "all" } });
      // @ts-expect-error the input is a number
      await client.startNew(child, { input: "one" });
      // @ts-expect-error the input is missing
      await client.startNew(child);
      return { status: 200 };
    },
  });
});

it("route parameters are known by name", () => {
  expectTypeOf<RouteParameters<"orchestrators/{name}">>().toEqualTypeOf<{ readonly name: string }>();
  app.http("routed", {
    route: "orders/{id:int}/{detail?}",
    handler: (request) => {
      expectTypeOf(request.params.id).toEqualTypeOf<string>();
      expectTypeOf(request.params.detail).toEqualTypeOf<string | undefined>();
      return { status: 200 };
    },
  });
});

it("results of an encrypting converter are typed as those of the converter inside", () => {
  const keys = [{ id: "k", key: Buffer.alloc(32) }];
  const plain = new DFApp({ dataConverter: createEncryptingDataConverter({ keys }) });
  const rich = new DFApp({
    dataConverter: createEncryptingDataConverter({ keys, converter: createRichDataConverter() }),
  });
  const code = (_input: string) => ({ at: new Date(0) });
  const [asText, asDate] = [plain.activity("dated", code), rich.activity("dated", code)];

  expectTypeOf(asText).toEqualTypeOf<ActivityHandle<string, { at: string }>>();
  expectTypeOf(asDate).toEqualTypeOf<ActivityHandle<string, { at: Date }>>();
});
