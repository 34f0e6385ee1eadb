import {
  type ActivityHandle,
  createRichDataConverter,
  DFApp,
  type DurableClient,
  type DurableTask,
  defineEvent,
  type EntityContext,
  type InstanceId,
  type JsonOf,
  type OrchestrationContext,
  type OrchestrationHandle,
  type OrchestrationRun,
  type StandardSchema,
} from "durable-functions-ts";
import {
  type ActivityContext,
  type DataConverter,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  type OrchestrationContext as PortableContext,
} from "durable-functions-ts/portable";
import { expectTypeOf, it } from "vitest";

// Nothing in here runs but the registrations: the compiler is the test, see check-types.mjs.

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

interface Tree {
  readonly at: Date;
  readonly children: readonly Tree[];
  readonly parent: Tree | undefined;
}

class Money {
  #cents = 1;
  at: Date = new Date();
  cents(): number {
    return this.#cents;
  }
}

class Clock {
  at: Date = new Date();
  readonly made: Date = new Date();
  get(): Date {
    return this.at;
  }
  async set(at: Date): Promise<Date> {
    this.at = at;
    return at;
  }
}

interface Schema<Input, Output> extends StandardSchema<Output> {
  readonly "~standard": StandardSchema<Output>["~standard"] & {
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

function schema<Input, Output>(): Schema<Input, Output> {
  return { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Output }) } };
}

const plain = new DFApp();
const rich = new DFApp({ dataConverter: createRichDataConverter() });

it("JSON makes texts of dates, leaves out what is undefined, and has no maps", () => {
  expectTypeOf<JsonOf<{ at: Date; n?: number }>>().toEqualTypeOf<{ at: string; n?: number }>();
  expectTypeOf<JsonOf<{ note: string | undefined; readonly a: 1 }>>().toEqualTypeOf<{ note?: string; readonly a: 1 }>();
  expectTypeOf<JsonOf<{ at?: Date | undefined }>>().toEqualTypeOf<{ at?: string | undefined }>();
  expectTypeOf<JsonOf<Date | undefined>>().toEqualTypeOf<string | undefined>();
  expectTypeOf<JsonOf<(string | undefined)[]>>().toEqualTypeOf<(string | null)[]>();
  expectTypeOf<JsonOf<[Date, number]>>().toEqualTypeOf<[string, number]>();
  expectTypeOf<JsonOf<[string, ...Date[]]>>().toEqualTypeOf<[string, ...string[]]>();
  expectTypeOf<JsonOf<readonly Date[]>>().toEqualTypeOf<readonly string[]>();
  expectTypeOf<JsonOf<Record<string, Date>>>().toEqualTypeOf<Record<string, string>>();
  expectTypeOf<JsonOf<{ all: Map<string, 1>; r: RegExp; p: Promise<1>; id: 1n; a: 1 }>>().toEqualTypeOf<{ a: 1 }>();
  expectTypeOf<JsonOf<Map<string, number>>>().toEqualTypeOf<never>();
  expectTypeOf<JsonOf<{ where: URL; bytes: Uint8Array }>>().toEqualTypeOf<{ where: string }>();
  expectTypeOf<JsonOf<Buffer>>().toEqualTypeOf<{ type: "Buffer"; data: number[] }>();
  expectTypeOf<JsonOf<Money>>().toEqualTypeOf<{ at: string }>();
  expectTypeOf<JsonOf<RegExpMatchArray | []>>().toExtend<readonly string[]>();
  expectTypeOf<NonNullable<JsonOf<Tree>["parent"]>["children"][number]["at"]>().toEqualTypeOf<string>();
});

it("what JSON keeps is itself", () => {
  type Branded = string & { readonly brand: 1 };
  expectTypeOf<JsonOf<Json>>().toEqualTypeOf<Json>();
  expectTypeOf<JsonOf<Branded>>().toEqualTypeOf<Branded>();
  expectTypeOf<JsonOf<unknown>>().toEqualTypeOf<unknown>();
  expectTypeOf<JsonOf<{ data: unknown }>>().toEqualTypeOf<{ data: unknown }>();
  expectTypeOf<JsonOf<[a: string, b?: number]>>().toEqualTypeOf<[a: string, b?: number]>();
});

it("data that looks like an error is none", () => {
  interface Note {
    name: string;
    message: string;
    stack?: string;
  }
  expectTypeOf<JsonOf<Note>>().toEqualTypeOf<Note>();
  expectTypeOf<JsonOf<TypeError>>().toEqualTypeOf<never>();
});

it("types of JSON values go in and come out", () => {
  const echo = plain.activity("echo", (value: Json): Json => value);
  expectTypeOf(echo).toEqualTypeOf<ActivityHandle<Json, Json>>();
  plain.orchestration("echoes", function* (context, value: Json) {
    expectTypeOf(yield* context.callActivity(echo, value)).toEqualTypeOf<Json>();
    return value;
  });
});

it("inputs may be looser than what JSON brings", () => {
  plain.activity("looser", (order: { readonly at: string | Date; readonly note: string | undefined }) => order.note);
  plain.activity("anything", (value: unknown) => String(value));
  plain.orchestration("tuple", function* (_context, [name]: readonly [name: string, more?: unknown]) {
    return name;
  });
});

it("schemas take and give what is stored", () => {
  const checked = plain.activity("checked", {
    input: schema<string, Date>(),
    output: schema<Date, Date>(),
    handler: (at) => at,
  });
  expectTypeOf(checked).toEqualTypeOf<ActivityHandle<string, string>>();
  const kept = rich.activity("checked", {
    input: schema<Date, Date>(),
    output: schema<Date, Date>(),
    handler: (at) => at,
  });
  expectTypeOf(kept).toEqualTypeOf<ActivityHandle<Date, Date>>();
  const run = plain.orchestration("checked", {
    input: schema<string, Date>(),
    handler: function* (_context, at) {
      return at;
    },
  });
  expectTypeOf(run).toEqualTypeOf<OrchestrationHandle<string, string>>();
  // @ts-expect-error no Date comes out of JSON, so that the schema would refuse every input
  plain.activity("never", { input: schema<Date, Date>(), handler: (at: Date) => at });
});

const approved = defineEvent<{ readonly at: Date }>("Approved");
const clock = rich.entity("Clock", Clock);
const due = plain.activity("due", (days: number) => ({ at: new Date(days) }));

it("with plain JSON, whatever an orchestration reads is typed as JSON", () => {
  plain.orchestration("reads", function* (context, order: { readonly at: string }) {
    expectTypeOf(context.getInput()).toEqualTypeOf<{ readonly at: string }>();
    expectTypeOf(context.getInput<{ at: Date }>()).toEqualTypeOf<{ at: string }>();
    expectTypeOf(context.df.getInput<Date>()).toEqualTypeOf<string>();
    expectTypeOf(yield* context.callActivity<Date>("name")).toEqualTypeOf<string>();
    expectTypeOf(yield* context.callSubOrchestrator<{ at: Date }>("name")).toEqualTypeOf<{ at: string }>();
    expectTypeOf(yield* context.waitForExternalEvent<Date>("name")).toEqualTypeOf<string>();
    expectTypeOf(yield* context.waitForExternalEvent(approved)).toEqualTypeOf<{ readonly at: string }>();
    for (const next of context.events(approved)) expectTypeOf(yield* next).toEqualTypeOf<{ readonly at: string }>();
    expectTypeOf(yield* context.callEntity<Date>("@clock@a", "get")).toEqualTypeOf<string>();
    expectTypeOf(yield* context.entity(clock, "a").get()).toEqualTypeOf<string>();
    expectTypeOf(context.entity<Clock>("clock", "a").set(new Date(0))).toEqualTypeOf<DurableTask<string>>();
    context.sendEvent("other", approved, { at: context.currentUtcDateTime });
    context.continueAsNew({ at: "2026" });
    // @ts-expect-error the orchestration takes a text
    context.continueAsNew({ at: context.currentUtcDateTime });
    return order;
  });
  plain.orchestration("takesAnything", function* (context) {
    expectTypeOf(context.getInput()).toEqualTypeOf<unknown>();
    context.continueAsNew();
    context.continueAsNew(5, { preserveUnprocessedEvents: false });
  });
});

it("with a converter, types are kept", () => {
  rich.orchestration("reads", async (context, order: { readonly at: Date }) => {
    expectTypeOf(context.getInput()).toEqualTypeOf<{ readonly at: Date }>();
    expectTypeOf(context.df.getInput<Date>()).toEqualTypeOf<Date>();
    expectTypeOf(await context.callActivity<Date>("name")).toEqualTypeOf<Date>();
    expectTypeOf(await context.waitForExternalEvent(approved)).toEqualTypeOf<{ readonly at: Date }>();
    expectTypeOf(await context.callEntity<Date>("@clock@a", "get")).toEqualTypeOf<Date>();
    expectTypeOf(await context.entity(clock, "a").get()).toEqualTypeOf<Date>();
    context.continueAsNew({ at: new Date(0) });
    return order;
  });
  rich.activity("takesMap", (all: ReadonlyMap<string, Date>) => all);
});

it("entities that are functions read their state and input as they come back", () => {
  plain.entity("Plain", (context) => {
    expectTypeOf(context.getState<{ at: Date }>()).toEqualTypeOf<{ at: string } | undefined>();
    expectTypeOf(context.getInput<Date>()).toEqualTypeOf<string>();
    expectTypeOf(context.df.getInput<Date>()).toEqualTypeOf<string>();
  });
  rich.entity("Rich", (context: EntityContext<{ at: Date }, DataConverter>) => {
    expectTypeOf(context.getState()).toEqualTypeOf<{ at: Date } | undefined>();
    expectTypeOf(context.df.getInput<Date>()).toEqualTypeOf<Date>();
  });
});

it("clients know what an id they have given out stands for, once it has completed", () => {
  const run = plain.orchestration("run", function* (context, days: number) {
    return yield* context.callActivity(due, days);
  });
  plain.http("starts", {
    handler: async (_request, client) => {
      const id = await client.startNew(run, { input: 1 });
      expectTypeOf(id).toEqualTypeOf<InstanceId<{ at: string }>>();
      const status = await client.getStatus(id);
      expectTypeOf(status.output).toEqualTypeOf<unknown>();
      if (status.runtimeStatus === "Completed") expectTypeOf(status.output).toEqualTypeOf<{ at: string }>();
      const told = await client.waitForCompletion<void, { step: Date }, Date>(String(id));
      if (told.runtimeStatus === "Completed") expectTypeOf(told.output).toEqualTypeOf<null>();
      expectTypeOf(told.customStatus).toEqualTypeOf<{ step: string } | null>();
      expectTypeOf(told.input).toEqualTypeOf<string | null>();
      expectTypeOf((await client.getStatus("id")).output).toEqualTypeOf<unknown>();
      expectTypeOf(await client.callEntity<Date>("@clock@a", "get")).toEqualTypeOf<string>();
      expectTypeOf((await client.readEntityState<Date>("@clock@a")).entityState).toEqualTypeOf<string | undefined>();
      for (const { entityState } of (await client.listEntities<Date>()).entities) {
        expectTypeOf(entityState).toEqualTypeOf<string | undefined>();
      }
      return { status: 202 };
    },
  });
  rich.http("starts", {
    handler: async (_request, client) => {
      const status = await client.getStatus<Date, Date>("id");
      if (status.runtimeStatus === "Completed") expectTypeOf(status.output).toEqualTypeOf<Date>();
      expectTypeOf(status.customStatus).toEqualTypeOf<Date | null>();
      expectTypeOf(await client.callEntity<Date>("@clock@a", "get")).toEqualTypeOf<Date>();
      return { status: 200 };
    },
  });
});

it("runs give what their orchestration returns, as it comes back", () => {
  const run = plain.orchestration("runs", function* (context, order: { readonly at: string }) {
    return { ...(yield* context.callActivity(due, 1)), order };
  });
  type Result = { at: string; order: { readonly at: string } };
  const use = async (client: DurableClient) => {
    const started = await client.start(
      run,
      { at: "2026" },
      { instanceId: "a", startAt: new Date(0), tags: { a: "b" } },
    );
    expectTypeOf(started).toEqualTypeOf<OrchestrationRun<Result>>();
    expectTypeOf(await started.result({ timeout: "1m", pollInterval: 5 })).toEqualTypeOf<Result>();
    expectTypeOf((await started.status()).result).toEqualTypeOf<Result>();
    expectTypeOf(await started.restart()).toEqualTypeOf<OrchestrationRun<Result>>();
    expectTypeOf(started.id).toEqualTypeOf<InstanceId<Result>>();
    expectTypeOf(client.run(started.id)).toEqualTypeOf<OrchestrationRun<Result>>();
    expectTypeOf(client.run<typeof run>("a")).toEqualTypeOf<OrchestrationRun<Result>>();
    expectTypeOf(client.run("a")).toEqualTypeOf<OrchestrationRun<unknown>>();
    expectTypeOf(client.run<Date>("a")).toEqualTypeOf<OrchestrationRun<string>>();
    expectTypeOf(await client.start<{ at: Date }>("name", 5)).toEqualTypeOf<OrchestrationRun<{ at: string }>>();
    expectTypeOf(await client.startOrGet(run, { at: "" }, { instanceId: "a" })).toEqualTypeOf<
      OrchestrationRun<Result>
    >();
    await started.raiseEvent(approved, { at: new Date(0) }, { ifMissing: "ignore" });
    await client.start(due2);
    // @ts-expect-error the order is missing
    await client.start(run);
    // @ts-expect-error an order is wanted
    await client.start(run, 5);
    // @ts-expect-error the input stands beside the options
    await client.start(run, { input: { at: "" } });
    // @ts-expect-error an id is wanted
    await client.startOrGet(run, { at: "" }, {});
    // @ts-expect-error a date is wanted
    await started.raiseEvent(approved, { at: 5 });
    // @ts-expect-error an activity is no orchestration
    await client.start(due, 5);
  };
  expectTypeOf(use).returns.resolves.toEqualTypeOf<void>();
  const richUse = async (client: DurableClient<DataConverter>) => {
    expectTypeOf(await client.start<{ at: Date }>("name")).toEqualTypeOf<OrchestrationRun<{ at: Date }>>();
    expectTypeOf(client.run<Date>("a")).toEqualTypeOf<OrchestrationRun<Date>>();
  };
  expectTypeOf(richUse).returns.resolves.toEqualTypeOf<void>();
});
const due2 = plain.orchestration("due2", function* () {});

it("statuses are typed by the handle that is named", () => {
  const run = plain.orchestration("named", function* (context, order: { readonly at: string }) {
    return [order.at, yield* context.callActivity(due, 1)] as const;
  });
  const use = async (client: DurableClient) => {
    const status = await client.getStatus<typeof run, { step: Date }>("a");
    expectTypeOf(status.input).toEqualTypeOf<{ readonly at: string } | null>();
    expectTypeOf(status.customStatus).toEqualTypeOf<{ step: string } | null>();
    if (status.runtimeStatus === "Completed") {
      expectTypeOf(status.output).toEqualTypeOf<readonly [string, { at: string }]>();
    }
    const found = await client.findStatus<typeof run>("a");
    if (found?.runtimeStatus === "Completed") expectTypeOf(found.output[0]).toEqualTypeOf<string>();
    const ended = await client.waitForCompletion<typeof run>("a");
    if (ended.runtimeStatus === "Completed") expectTypeOf(ended.output[1]).toEqualTypeOf<{ at: string }>();
    const state = await client.waitForOrchestrationCompletion<typeof run>("a");
    expectTypeOf(state.result).toEqualTypeOf<readonly [string, { at: string }]>();
    for await (const each of client.getAllInstances({ name: "named", createdTimeFrom: new Date(0) })) {
      expectTypeOf(each.instanceId).toEqualTypeOf<string>();
    }
    for await (const { state: last } of client.getEntities<Date>({ name: "Clock" })) {
      expectTypeOf(last).toEqualTypeOf<string | undefined>();
    }
  };
  expectTypeOf(use).returns.resolves.toEqualTypeOf<void>();
});

it("helpers take the context of any orchestration of a plain app", () => {
  function* pause(context: OrchestrationContext): Generator<DurableTask<unknown>, void> {
    yield* context.createTimer("5s");
  }
  plain.orchestration("helped", function* (context, _order: { readonly id: string }) {
    yield* pause(context);
  });
});

it("the portable SDK types references as they come back, by the converter that the context names", () => {
  async function due(_ctx: ActivityContext, days: number): Promise<{ at: Date }> {
    return { at: new Date(days) };
  }
  function* plainly(ctx: PortableContext, days: number): Generator<DurableTask<unknown>, { at: string }> {
    const result = yield* ctx.callActivity(due, days);
    expectTypeOf(result).toEqualTypeOf<{ at: string }>();
    expectTypeOf(ctx.getInput<Date>()).toEqualTypeOf<string>();
    return result;
  }
  function* richly(ctx: PortableContext<number, DataConverter>, days: number): Generator<DurableTask<unknown>, Date> {
    const result = yield* ctx.callActivity(due, days);
    expectTypeOf(result).toEqualTypeOf<{ at: Date }>();
    expectTypeOf(yield* ctx.entity(Clock, "a").get()).toEqualTypeOf<Date>();
    ctx.continueAsNew(days + 1);
    return result.at;
  }
  const location = { storage: "memory", taskHub: "Json" } as const;
  const dataConverter = createRichDataConverter();
  const register = async () => {
    const worker = new EmbeddedTaskHubWorker(location);
    const richWorker = new EmbeddedTaskHubWorker({ ...location, dataConverter });
    worker.addOrchestration(plainly);
    worker.addActivity(due);
    richWorker.addOrchestration(richly);
    richWorker.addEntity(Clock);
    const client = new EmbeddedTaskHubClient(location);
    const richClient = new EmbeddedTaskHubClient({ ...location, dataConverter });
    const id = await client.scheduleNewOrchestration(plainly, { input: 1 });
    expectTypeOf((await client.waitForOrchestrationCompletion(id)).result).toEqualTypeOf<{ at: string }>();
    const richId = await richClient.scheduleNewOrchestration(richly, { input: 1 });
    expectTypeOf((await richClient.waitForOrchestrationCompletion(richId)).result).toEqualTypeOf<Date>();
    expectTypeOf(await client.callEntity<Date>("@clock@a", "get")).toEqualTypeOf<string>();
    expectTypeOf((await client.getEntity<Date>("@clock@a"))?.state).toEqualTypeOf<string | undefined>();
    expectTypeOf(await richClient.callEntity<Date>("@clock@a", "get")).toEqualTypeOf<Date>();
  };
  expectTypeOf(register).returns.resolves.toEqualTypeOf<void>();
});
