import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import { type EmbeddedApp, installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import type { EntityContext } from "../../../src/functions/function-contexts.ts";
import type { DurableTask } from "../../../src/orchestration/durable-task.ts";
import {
  createEntityHandle,
  type EntityHandle,
  type EntityOperationCalls,
  type EntityOperationSignals,
  type OperationNames,
  type OperationsOf,
  type UntypedOperations,
} from "../../../src/orchestration/entity-handle.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { type Call, resultsOf, toOperations } from "../worker/entities/run-batch.ts";
import { numberFromText, type Order, orderSchema, slowOrderSchema } from "./standard-schemas.ts";

let uninstall = () => {};
afterEach(() => uninstall());

function openApp() {
  const attached: EmbeddedApp[] = [];
  uninstall = installEmbeddedHost({ attach: (app) => void attached.push(app), connect: () => Promise.reject() });
  const app = new DFApp();
  const { registry } = attached[0]!;
  const run = (name: string, calls: readonly Call[], state?: string) =>
    new InProcessExecutor({ registries: [registry], clock: new SteppedClock() }).executeEntityBatch({
      instanceId: `@${name.toLowerCase()}@k`,
      entity: { name: name.toLowerCase(), key: "k" },
      state,
      operations: toOperations(calls),
      signal: new AbortController().signal,
    });
  return { app, registry, run };
}

class Counter {
  value = 0;
  protected readonly unit: string = "";

  add(amount: number): number {
    this.value += amount;
    return this.value;
  }

  async addAll(amounts: readonly number[] = [], context?: EntityContext): Promise<number> {
    for (const amount of amounts) this.add(amount);
    context?.log(amounts);
    return this.value;
  }

  reset(): void {
    this.value = 0;
  }

  get(_input: undefined, _context: EntityContext): number {
    return this.value;
  }

  any(input: unknown): unknown {
    return input;
  }

  toString(): string {
    return `${this.value}${this.unit}`;
  }

  protected inner(): void {}
}

describe("types", () => {
  it("operations are the public methods, with one input at most and the result awaited", () => {
    expectTypeOf<OperationNames<Counter>>().toEqualTypeOf<"add" | "addAll" | "reset" | "get" | "any">();
    expectTypeOf<OperationsOf<Counter>>().toEqualTypeOf<{
      readonly add: (input: number) => number;
      readonly addAll: (input?: readonly number[]) => number;
      readonly reset: () => void;
      readonly get: (input?: undefined) => number;
      readonly any: (input?: unknown) => unknown;
    }>();
    expectTypeOf<EntityOperationCalls<Counter>["addAll"]>().toEqualTypeOf<
      (input?: readonly number[]) => DurableTask<number>
    >();
    expectTypeOf<EntityOperationSignals<Counter>["add"]>().toEqualTypeOf<(input: number) => void>();
    // What has been taken for a class before is one again.
    expectTypeOf<OperationsOf<OperationsOf<Counter>>>().toEqualTypeOf<OperationsOf<Counter>>();
  });

  it("an entity whose operations are not known takes any", () => {
    expectTypeOf<EntityOperationCalls<UntypedOperations>["whatever"]>().toEqualTypeOf<
      (input?: unknown) => DurableTask<unknown>
    >();
    expectTypeOf(createEntityHandle("Other")).toEqualTypeOf<EntityHandle<UntypedOperations>>();
    expectTypeOf(createEntityHandle<Counter>("Other")).toEqualTypeOf<EntityHandle<Counter>>();
  });

  it("handles know the class", () => {
    const { app } = openApp();

    expectTypeOf(app.entity("a", Counter)).toEqualTypeOf<EntityHandle<Counter>>();
    expectTypeOf(app.entity("b", { handler: Counter })).toEqualTypeOf<EntityHandle<Counter>>();
    expectTypeOf(app.entity("c", { handler: Counter, state: orderSchema })).toEqualTypeOf<EntityHandle<Counter>>();
    expectTypeOf(app.entity("d", () => {})).toEqualTypeOf<EntityHandle<UntypedOperations>>();
    class Needy {
      readonly start: number;
      constructor(start: number) {
        this.start = start;
      }
    }
    // @ts-expect-error the constructor is called without arguments
    app.entity("e", Needy);
  });

  it("functions know their state, by annotation or by schema", () => {
    const { app } = openApp();

    app.entity("annotated", async (context: EntityContext<number>) => {
      expectTypeOf(context.getState()).toEqualTypeOf<number | undefined>();
      expectTypeOf(context.df.getState(() => 0)).toEqualTypeOf<number>();
      expectTypeOf(context.df.getInput<string>()).toEqualTypeOf<string>();
      // @ts-expect-error the state is a number
      context.setState("text");
    });
    app.entity("open", (context) => {
      expectTypeOf(context).toEqualTypeOf<EntityContext>();
      expectTypeOf(context.getState()).toEqualTypeOf<unknown>();
      expectTypeOf(context.getState<string>()).toEqualTypeOf<string | undefined>();
      expectTypeOf(context.df.getState(() => 0)).toEqualTypeOf<number>();
      context.setState("anything");
    });
    app.entity("checked", {
      state: orderSchema,
      handler: async (context) => {
        expectTypeOf(context.getState()).toEqualTypeOf<Order | undefined>();
        context.setState({ id: "1", lines: [] });
        // @ts-expect-error the schema wants an order
        context.setState(5);
      },
    });
  });

  it("schemas decide what callers give and get", () => {
    const { app } = openApp();

    const checked = app.entity("checked", {
      handler: Counter,
      operations: { add: { input: numberFromText, output: numberFromText }, any: { input: orderSchema } },
    });
    expectTypeOf<Parameters<EntityOperationCalls<Calls<typeof checked>>["add"]>>().toEqualTypeOf<[input: string]>();
    expectTypeOf<EntityOperationCalls<Calls<typeof checked>>["add"]>().returns.toEqualTypeOf<DurableTask<number>>();
    expectTypeOf<EntityOperationCalls<Calls<typeof checked>>["any"]>().parameters.toEqualTypeOf<[input: Order]>();
    expectTypeOf<EntityOperationCalls<Calls<typeof checked>>["reset"]>().returns.toEqualTypeOf<DurableTask<void>>();

    // @ts-expect-error the method takes a number, and the schema gives an order
    app.entity("wrong", { handler: Counter, operations: { add: { input: orderSchema } } });

    const functions = app.entity("functions", {
      operations: { add: { input: numberFromText }, read: { output: orderSchema } },
      handler: (context) => context.getInput(),
    });
    expectTypeOf<EntityOperationCalls<Calls<typeof functions>>["add"]>().toEqualTypeOf<
      (input: string) => DurableTask<unknown>
    >();
    expectTypeOf<EntityOperationCalls<Calls<typeof functions>>["read"]>().toEqualTypeOf<
      (input?: unknown) => DurableTask<Order>
    >();
  });

  it("signals by handle are checked", () => {
    const { app } = openApp();
    const counter = app.entity("Counter", Counter);

    app.entity("Signaller", (context) => {
      context.signalEntity(counter, "k", "add", 5, { scheduledTime: new Date() });
      context.signalEntity(counter, "k", "reset", undefined, { scheduledTime: new Date() });
      context.signalEntity(counter, "k", "addAll");
      context.signalEntity(createEntityHandle("Other"), "k", "anything", { at: "all" });
      // @ts-expect-error the input is a number
      context.signalEntity(counter, "k", "add", "5");
      // @ts-expect-error there is no such operation
      context.signalEntity(counter, "k", "subtract", 5);
    });
  });
});

/** The operations that a handle stands for. */
type Calls<Handle> = Handle extends EntityHandle<infer T> ? T : never;

it("a class, a function and an object with either are registered, and a handle comes back", async () => {
  const { app, registry, run } = openApp();

  const handle = app.entity("Counter", Counter);
  app.entity("held", { handler: Counter });
  app.entity("Fn", (context) => context.getInput<number>() + 1);
  app.entity("heldFn", { handler: (context) => context.getInput<number>() + 2 });

  expect(handle).toEqual({ kind: "entity", name: "Counter", inputSchemas: undefined });
  expect(registry.entityNames).toEqual(["Counter", "held", "Fn", "heldFn"]);
  expect(resultsOf(await run("counter", [["add", 5]]))).toEqual([5]);
  expect(resultsOf(await run("HELD", [["add", 5]]))).toEqual([5]);
  expect(resultsOf(await run("fn", [["add", 5]]))).toEqual([6]);
  expect(resultsOf(await run("heldfn", [["add", 5]]))).toEqual([7]);
});

describe("schemas", () => {
  it("give operations their input and check their result", async () => {
    const { app, run } = openApp();
    const handle = app.entity("Counter", {
      handler: Counter,
      operations: { add: { input: numberFromText }, ANY: { output: slowOrderSchema } } as never,
    });
    app.entity("Fn", {
      operations: { add: { input: numberFromText, output: orderSchema } },
      handler: (context) => context.getInput(),
    });

    const batch = await run("counter", [["ADD", "5"], ["add", "x"], ["any", 1], "get"]);

    expect(resultsOf(batch)).toEqual([
      5,
      "InvalidPayload: the input of operation 'add' of entity '@counter@k' is not valid: must be a number in a text",
      "InvalidPayload: the result of operation 'any' of entity '@counter@k' is not valid: id: must be a text",
      5,
    ]);
    expect(handle.inputSchemas).toEqual({ add: numberFromText });
    expect(resultsOf(await run("fn", [["add", "5"]]))).toEqual([
      "InvalidPayload: the result of operation 'add' of entity '@fn@k' is not valid: id: must be a text",
    ]);
  });

  class Basket implements Order {
    id = "new";
    lines: { quantity: number }[] = [];
    put(quantity: number) {
      this.lines.push({ quantity });
    }
    total() {
      return this.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    }
  }

  it("check the state of a class when it is stored and when it is loaded", async () => {
    const { app, run } = openApp();
    app.entity("Basket", { state: orderSchema, handler: Basket });
    const faulty = '{"id":1,"lines":[]}';

    const stored = await run("basket", [["put", 1], ["put", "many"], ["put", 2], "total"]);
    const loaded = await run("basket", ["total", ["put", 1]], faulty);

    const invalid = "InvalidPayload: the state of entity '@basket@k' is not valid:";
    const wrongLine = `${invalid} lines[1].quantity: must be a number`;
    expect(resultsOf(stored)).toEqual([undefined, wrongLine, undefined, 3]);
    expect(JSON.parse(stored.state!)).toEqual({ id: "new", lines: [{ quantity: 1 }, { quantity: 2 }] });
    expect(resultsOf(loaded)).toEqual([`${invalid} id: must be a text`, `${invalid} id: must be a text`]);
    expect(loaded.state).toBe(faulty);
  });

  it("check the state of a function where it is set and where it is read, and may change what is read", async () => {
    const { app, run } = openApp();
    app.entity("Number", {
      state: numberFromText,
      handler: (context) => {
        if (context.operationName === "set") context.setState(context.getInput());
        return context.getState();
      },
    });

    expect(resultsOf(await run("number", [["set", "5"], "get", ["set", "x"], "get"]))).toEqual([
      5,
      5,
      "InvalidPayload: the state of entity '@number@k' is not valid: must be a number in a text",
      5,
    ]);
    expect(await run("number", ["get"], "5")).toMatchObject({ outcomes: [{ kind: "failed" }], state: "5" });
  });
});

it("an asynchronous schema of a state fails the operations", async () => {
  const { app, run } = openApp();
  app.entity("Slow", { state: slowOrderSchema, handler: (context) => context.setState({ id: "1", lines: [] }) });

  expect(resultsOf(await run("slow", ["any"]))).toEqual([
    expect.stringMatching(/^OrchestrationMisuse: the schema of the state of entity '@slow@k' is asynchronous/),
  ]);
});

it.each<[string, unknown]>([
  ["nothing", undefined],
  ["null", null],
  ["a text", "Counter"],
  ["an instance", new Counter()],
  ["an object without handler", {}],
  ["a handler that is none", { handler: 5 }],
  ["an unknown option", { handler: Counter, states: orderSchema }],
  ["a state that is no schema", { handler: Counter, state: Counter }],
  ["operations that are none", { handler: Counter, operations: 5 }],
  ["schemas of an operation that are none", { handler: Counter, operations: { add: 5 } }],
  ["an input that is no schema", { handler: Counter, operations: { add: { input: 5 } } }],
  ["an output that is no schema", { handler: Counter, operations: { add: { output: 5 } } }],
  ["schemas of a method that is not there", { handler: Counter, operations: { ad: { input: orderSchema } } }],
  ["a generator function", function* () {}],
  ["an async generator function", async function* () {}],
])("%s is no entity", (_, definition) => {
  const { app } = openApp();

  expect(() => app.entity("x", definition as never)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
});

it("names follow the rule of the Functions host, and are taken once, whatever their case", () => {
  const { app } = openApp();
  app.entity("Counter", Counter);
  app.activity("counter", () => {});

  expect(() => app.entity("a@b", Counter)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
  expect(() => app.entity("counter", Counter)).toThrow(expect.objectContaining({ code: "DuplicateRegistration" }));
});
