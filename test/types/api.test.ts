import {
  type ActivityHandle,
  createEntityHandle,
  createRichDataConverter,
  DFApp,
  type DurableLock,
  type DurableTask,
  defineEvent,
  type EntityContext,
  type EntityHandle,
  EntityId,
  type EntityOperationCalls,
  type EntityOperationSignals,
  type EntityProxy,
  type InstanceId,
  type LockState,
  type OrchestrationContext,
  type OrchestrationHandle,
  RetryOptions,
  type TimerTask,
  type UntypedOperations,
} from "durable-functions-ts";
import { expectTypeOf, it } from "vitest";

// Nothing in here runs but the registrations: the compiler is the test, see check-types.mjs.

interface Order {
  readonly id: string;
  readonly items?: readonly string[];
}

interface Receipt {
  readonly paid: boolean;
}

const app = new DFApp();
const price = app.activity("price", (article: string) => article.length);
const pay = app.activity("pay", async (_order: Order): Promise<Receipt> => ({ paid: true }));
const ping = app.activity("ping", () => {});
const greet = app.activity("greet", (name: string | undefined) => `Hello ${name ?? "you"}!`);
const count = app.orchestration("count", async (_context, items: readonly string[]) => items.length);
const sweep = app.orchestration("sweep", async () => "swept");

interface Counter {
  count: number;
  add(amount: number): number;
  get(): Promise<number>;
  reset(to?: number): void;
}

const counter: EntityHandle<Counter> = { kind: "entity", name: "counter" };

/** Looks at calls without making any. */
function look(name: string, examine: (context: OrchestrationContext) => void): void {
  app.orchestration(name, examine);
}

it("handles know what their functions take and give", () => {
  expectTypeOf(price).toEqualTypeOf<ActivityHandle<string, number>>();
  expectTypeOf(pay).toEqualTypeOf<ActivityHandle<Order, Receipt>>();
  expectTypeOf(ping).toEqualTypeOf<ActivityHandle<undefined, void>>();
  expectTypeOf(greet).toEqualTypeOf<ActivityHandle<string | undefined, string>>();
  expectTypeOf(count).toEqualTypeOf<OrchestrationHandle<readonly string[], number>>();
  expectTypeOf(sweep).toEqualTypeOf<OrchestrationHandle<unknown, string>>();
});

interface Folder {
  readonly name: string;
  readonly changed: Date;
  readonly below: readonly Folder[];
  open?(): void;
}

interface StoredFolder {
  readonly name: string;
  readonly changed: string;
  readonly below: readonly StoredFolder[];
}

it("results are typed as JSON brings them back, or as the app's converter does", () => {
  const due = app.activity("due", (days: number) => ({ at: new Date(days), note: "x" as "x" | undefined }));
  const list = app.activity("list", async (): Promise<Folder> => ({ name: "/", changed: new Date(), below: [] }));
  const pair = app.orchestration("pair", async () => [new Date(), 1] as [Date, number]);
  const lost = app.activity("lost", () => ({ all: new Map<string, number>(), id: 1n, total: 1 }));
  const anything = app.activity("anything", (): unknown => 1);
  const rich = new DFApp({ dataConverter: createRichDataConverter() });
  const kept = rich.activity("kept", () => ({ at: new Date(), all: new Set([1]) }));

  expectTypeOf(due).toEqualTypeOf<ActivityHandle<number, { at: string; note?: "x" }>>();
  expectTypeOf(list).toExtend<ActivityHandle<undefined, StoredFolder>>();
  expectTypeOf(pair).toEqualTypeOf<OrchestrationHandle<unknown, [string, number]>>();
  expectTypeOf(lost).toEqualTypeOf<ActivityHandle<undefined, { total: number }>>();
  expectTypeOf(anything).toEqualTypeOf<ActivityHandle<undefined, unknown>>();
  expectTypeOf(kept).toEqualTypeOf<ActivityHandle<undefined, { at: Date; all: Set<number> }>>();
  app.orchestration("dates", function* (context) {
    const { at } = yield* context.callActivity(due, 1);
    // @ts-expect-error JSON brings a Date back as text
    at.getTime();
  });
});

it("yield* gives the result of an activity, of a child, of a timer", () => {
  app.orchestration("yields", function* (context) {
    expectTypeOf(yield* context.callActivity(price, "apple")).toEqualTypeOf<number>();
    expectTypeOf(yield* context.callActivity(pay, { id: "1" })).toEqualTypeOf<Receipt>();
    expectTypeOf(yield* context.callActivity(ping)).toEqualTypeOf<void>();
    expectTypeOf(yield* context.callActivity(greet)).toEqualTypeOf<string>();
    expectTypeOf(yield* context.callSubOrchestrator(count, ["a"])).toEqualTypeOf<number>();
    expectTypeOf(yield* context.createTimer({ hours: 1 })).toEqualTypeOf<void>();
  });
});

it("await gives the same, with Promise.all and Promise.race too", () => {
  app.orchestration("awaits", async (context) => {
    expectTypeOf(await context.callActivity(price, "apple")).toEqualTypeOf<number>();
    expectTypeOf(await context.callSubOrchestrator(sweep)).toEqualTypeOf<string>();
    const both = await Promise.all([context.callActivity(price, "apple"), context.callActivity(pay, { id: "1" })]);
    expectTypeOf(both).toEqualTypeOf<[number, Receipt]>();
    const first = await Promise.race([context.callActivity(price, "apple"), context.callActivity(pay, { id: "1" })]);
    expectTypeOf(first).toEqualTypeOf<number | Receipt>();
  });
});

it("functions by name give what the caller says, or unknown", () => {
  look("named", (context) => {
    expectTypeOf(context.callActivity("price", "apple")).toEqualTypeOf<DurableTask<unknown>>();
    expectTypeOf(context.callActivity<number>("price", "apple")).toEqualTypeOf<DurableTask<number>>();
    expectTypeOf(context.callSubOrchestrator<string>("sweep")).toEqualTypeOf<DurableTask<string>>();
  });
});

it("plain yield is untyped, so that code for durable-functions 3.x compiles", () => {
  app.orchestration("plainYield", function* (context) {
    const length: number = yield context.df.callActivity("price", "apple");
    const lengths: number[] = yield context.df.Task.all([context.df.callActivity("price", "apple")]);
    return length + lengths.length;
  });
});

it("all keeps the order of a tuple, and the element type of an array", () => {
  app.orchestration("alls", function* (context) {
    const mixed = yield* context.all([context.callActivity(price, "apple"), context.callActivity(pay, { id: "1" })]);
    expectTypeOf(mixed).toEqualTypeOf<[number, Receipt]>();
    const mapped = yield* context.all(["apple", "pear"].map((article) => context.callActivity(price, article)));
    expectTypeOf(mapped).toEqualTypeOf<number[]>();
  });
});

it("allSettled gives outcomes", () => {
  app.orchestration("settles", function* (context) {
    const [first, second] = yield* context.allSettled([
      context.callActivity(price, "apple"),
      context.callActivity(pay, { id: "1" }),
    ]);
    expectTypeOf(first).toEqualTypeOf<PromiseSettledResult<number>>();
    expectTypeOf(second).toEqualTypeOf<PromiseSettledResult<Receipt>>();
  });
});

it("any gives the winning task, which can be compared and read", () => {
  app.orchestration("races", function* (context) {
    const timeout = context.createTimer("PT30S");
    const approval = context.waitForExternalEvent<{ approved: boolean }>("Approval");

    const winner = yield* context.any([timeout, approval]);

    expectTypeOf(timeout).toEqualTypeOf<TimerTask>();
    expectTypeOf(winner.result).toEqualTypeOf<typeof timeout.result | typeof approval.result>();
    expectTypeOf(winner === timeout).toEqualTypeOf<boolean>();
    expectTypeOf(approval.result).toEqualTypeOf<{ approved: boolean }>();
  });
});

it("race gives the result of one of them", () => {
  app.orchestration("raceResults", function* (context) {
    const first = yield* context.race([context.callActivity(price, "apple"), context.callActivity(pay, { id: "1" })]);
    expectTypeOf(first).toEqualTypeOf<number | Receipt>();
  });
});

it("map gives an array of what is started for each item", () => {
  app.orchestration("maps", async (context, articles: string[]) => {
    const prices = await context.map(articles, (article) => context.callActivity(price, article), { concurrency: 5 });
    expectTypeOf(prices).toEqualTypeOf<number[]>();
    const texts = await context.map(articles, async (article, index) => `${article} ${index}`);
    expectTypeOf(texts).toEqualTypeOf<string[]>();
  });
});

it("an entity is called and signalled by the types of its operations", () => {
  app.orchestration("entities", function* (context) {
    const proxy = context.entity(counter, "a");
    expectTypeOf(proxy).toEqualTypeOf<EntityProxy<Counter>>();
    expectTypeOf(yield* proxy.add(5)).toEqualTypeOf<number>();
    expectTypeOf(yield* proxy.get()).toEqualTypeOf<number>();
    expectTypeOf(proxy.signal.reset()).toEqualTypeOf<void>();
    // @ts-expect-error: a number is needed
    proxy.add("5");
    // @ts-expect-error: what is no operation
    proxy.count;
    expectTypeOf(yield* context.callEntity<number>(proxy, "get")).toEqualTypeOf<number>();
    expectTypeOf(context.callEntity("@counter@a", "get")).toEqualTypeOf<DurableTask<unknown>>();
    context.signalEntity(new EntityId("counter", "a"), "add", 5, { scheduledTime: { hours: 1 } });
    context.entity("counter", "a")["anything"]?.(1);
    // @ts-expect-error: no entity is named
    context.callEntity({ id: "counter" }, "get");
    // @ts-expect-error: no entity is named
    context.callEntity(context.createTimer(1), "get");
  });
});

it("a lock is released by using", () => {
  app.orchestration("locks", async (context) => {
    await using lock = await context.lock(context.entity(counter, "a"), "@counter@b", { name: "counter", key: "c" });
    expectTypeOf(lock).toEqualTypeOf<DurableLock>();
    expectTypeOf(context.isLocked()).toEqualTypeOf<LockState>();
  });
  app.orchestration("locksInGenerator", function* (context) {
    using lock = yield* context.lock([new EntityId("counter", "a")]);
    expectTypeOf(lock.ownedLocks).toEqualTypeOf<readonly EntityId[]>();
  });
});

it("events carry the type that they are waited for with", () => {
  app.orchestration("events", function* (context) {
    expectTypeOf(yield* context.waitForExternalEvent<Order>("Order")).toEqualTypeOf<Order>();
    expectTypeOf(yield* context.waitForExternalEvent("Anything")).toEqualTypeOf<unknown>();
    for (const next of context.events<Order>("Order")) expectTypeOf(yield* next).toEqualTypeOf<Order>();
  });
  app.orchestration("eventStream", async (context) => {
    for await (const order of context.events<Order>("Order")) expectTypeOf(order).toEqualTypeOf<Order>();
  });
});

it("an event that is defined once is typed for those who wait and for those who raise", () => {
  const ordered = defineEvent<Order>("Ordered");
  app.orchestration("definedEvents", function* (context) {
    expectTypeOf(yield* context.waitForExternalEvent(ordered)).toEqualTypeOf<Order>();
    context.sendEvent("other", ordered, { id: "1" });
    // @ts-expect-error an order has an id
    context.sendEvent("other", ordered, {});
  });
  app.http("raises", {
    handler: async (_request, client) => {
      await client.raiseEvent("id", ordered, { id: "1" });
      // @ts-expect-error an order is no number
      await client.raiseEvent("id", ordered, 1);
      return { status: 202 };
    },
  });
});

it("retries change how a function is called, not what it takes and gives", () => {
  const retry = new RetryOptions(5000, 3);
  retry.backoffCoefficient = 2;
  const patient = pay.withRetry({ firstInterval: "5s", maxAttempts: 3, backoffCoefficient: 2, maxInterval: "1m" });
  const child = count.withRetry(retry);

  expectTypeOf(patient).toEqualTypeOf<typeof pay>();
  expectTypeOf(child).toEqualTypeOf<typeof count>();
  look("retries", (context) => {
    const options = { retry: { firstInterval: { seconds: 1 }, maxAttempts: 2, retryIf: () => true } };
    expectTypeOf(context.callActivity(pay, { id: "1" }, options)).toEqualTypeOf<DurableTask<Receipt>>();
    expectTypeOf(context.callActivityWithRetry(pay, retry, { id: "1" })).toEqualTypeOf<DurableTask<Receipt>>();
    // @ts-expect-error the first two options say what a retry is, so both are needed
    context.callActivity(pay, { id: "1" }, { retry: { maxAttempts: 2 } });
    // @ts-expect-error an order is no number
    context.callActivityWithRetry(pay, retry, 1);
    const counted = context.callSubOrchestratorWithRetry(count, retry, ["a"], "id", "1.0");
    expectTypeOf(counted).toEqualTypeOf<DurableTask<number>>();
    expectTypeOf(context.callSubOrchestratorWithRetry<string>("sweep", retry)).toEqualTypeOf<DurableTask<string>>();
    // @ts-expect-error items are a list
    context.callSubOrchestratorWithRetry(count, retry, "three");
  });
});

it("wrong inputs are refused", () => {
  look("refusals", (context) => {
    // @ts-expect-error an article is a text
    context.callActivity(price, 1);
    // @ts-expect-error an order has an id
    context.callActivity(pay, { items: [] });
    // @ts-expect-error the order is missing
    context.callActivity(pay);
    // @ts-expect-error ping takes nothing
    context.callActivity(ping, "something");
    // @ts-expect-error the items are texts
    context.callSubOrchestrator(count, [1, 2]);
    // @ts-expect-error an orchestration is no activity
    context.callActivity(count, ["a"]);
    // @ts-expect-error an activity is no orchestration
    context.callSubOrchestrator(price, "apple");
    // @ts-expect-error a promise is no durable task
    context.all([Promise.resolve(1)]);
    // @ts-expect-error weeks are no part of a time span
    context.createTimer({ weeks: 1 });
  });
});

it("a client checks the input of what it starts by handle", () => {
  app.http("starts", {
    route: "orders/{id}/{detail?}",
    handler: async (request, client) => {
      expectTypeOf(request.params.id).toEqualTypeOf<string>();
      expectTypeOf(request.params.detail).toEqualTypeOf<string | undefined>();
      expectTypeOf(await client.startNew(count, { input: ["a"] })).toEqualTypeOf<InstanceId<number>>();
      await client.startNew(sweep);
      await client.startNew("anything", { input: 1 });
      // @ts-expect-error the items are missing
      await client.startNew(count);
      // @ts-expect-error the items are texts
      await client.startNew(count, { input: [1] });
      const { runtimeStatus, output } = await client.getStatus("id");
      expectTypeOf(output).toEqualTypeOf<unknown>();
      expectTypeOf(runtimeStatus).toExtend<string>();
      return { status: 200 };
    },
  });
});

it("a plain yield compiles in strict code, and what it gives back is any", () => {
  const byName = app.orchestration("plainYield", function* (context) {
    const result = yield context.callActivity("price", "apple");
    expectTypeOf(result).toBeAny();
    return String(result);
  });
  const asyncByName = app.orchestration("plainAsyncYield", async function* (context, article: string) {
    const result = yield context.callActivity("price", article);
    expectTypeOf(result).toBeAny();
    return { article };
  });

  expectTypeOf(byName).toEqualTypeOf<OrchestrationHandle<unknown, string>>();
  expectTypeOf(asyncByName).toEqualTypeOf<OrchestrationHandle<string, { article: string }>>();
});

class Basket {
  items: string[] = [];

  put(item: string): number {
    return this.items.push(item);
  }

  async take(item?: string, context?: EntityContext): Promise<string | undefined> {
    context?.info(item);
    return this.items.pop();
  }

  clear(_input: undefined, context: EntityContext): void {
    context.destructOnExit();
  }

  toString(): string {
    return this.items.join();
  }

  protected sort(): void {}
}

it("an entity that is a class gives its operations a type", () => {
  const basket = app.entity("Basket", Basket);
  type Calls = EntityOperationCalls<Basket>;

  expectTypeOf(basket).toEqualTypeOf<EntityHandle<Basket>>();
  expectTypeOf(createEntityHandle<Basket>("Elsewhere")).toEqualTypeOf<EntityHandle<Basket>>();
  expectTypeOf<keyof Calls>().toEqualTypeOf<"put" | "take" | "clear">();
  expectTypeOf<Calls["put"]>().toEqualTypeOf<(input: string) => DurableTask<number>>();
  expectTypeOf<Calls["take"]>().toEqualTypeOf<(input?: string) => DurableTask<string | undefined>>();
  expectTypeOf<Calls["clear"]>().toEqualTypeOf<(input?: undefined) => DurableTask<void>>();
  expectTypeOf<EntityOperationSignals<Basket>["put"]>().toEqualTypeOf<(input: string) => void>();
});

it("an entity that is a function knows its state, when that is said, and takes any operation", () => {
  const open = app.entity("Open", (context) => {
    const count: number = context.df.getState(() => 0);
    context.df.setState(count + context.df.getInput<number>());
    context.df.return(context.df.operationName);
    if (context.df.isNewlyConstructed) context.df.signalEntity(context.df.entityId, "grow", 1);
  });
  const typed = app.entity("Typed", async (context: EntityContext<number>) => {
    expectTypeOf(context.df.getState()).toEqualTypeOf<number | undefined>();
    // @ts-expect-error the state is a number
    context.df.setState("text");
  });

  expectTypeOf(open).toEqualTypeOf<EntityHandle<UntypedOperations>>();
  expectTypeOf(typed).toEqualTypeOf<EntityHandle<UntypedOperations>>();
  expectTypeOf<EntityOperationCalls<UntypedOperations>["any"]>().toEqualTypeOf<
    (input?: unknown) => DurableTask<unknown>
  >();
});

it("operations of entities signal and start what they know the type of", () => {
  const basket = createEntityHandle<Basket>("Basket");
  app.entity("Sender", (context) => {
    context.signalEntity(basket, "b", "put", "apple", { scheduledTime: new Date() });
    context.signalEntity({ name: "Other", key: "o" }, "anything", 1);
    context.startNewOrchestration(count, ["a"], { startAt: new Date() });
    context.startNewOrchestration("other");
    // @ts-expect-error an item is a text
    context.signalEntity(basket, "b", "put", 1);
    // @ts-expect-error baskets do not shrink
    context.signalEntity(basket, "b", "shrink");
    // @ts-expect-error the items are missing
    context.startNewOrchestration(count);
  });
});

it("starters know what triggers them, and get a client of the app", () => {
  app.timer("nightly", {
    schedule: "0 0 2 * * *",
    handler: async (timer, client, context) => {
      expectTypeOf(timer.scheduleStatus.next).toEqualTypeOf<string>();
      expectTypeOf(context.invocationId).toEqualTypeOf<string>();
      await client.startNew(count, { input: [timer.scheduleStatus.last] });
      // @ts-expect-error what the orchestration takes is checked
      await client.startNew(count, { input: timer.isPastDue });
    },
  });
  app.storageQueue<Order>("ordered", {
    queueName: "orders",
    handler: (order) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
    },
  });
  app.storageQueue("anything", {
    queueName: "orders",
    connection: "Orders",
    handler: (entry) => {
      expectTypeOf(entry).toEqualTypeOf<unknown>();
    },
  });
  app.eventGrid("event", {
    handler: (event) => {
      expectTypeOf(event.subject).toEqualTypeOf<string>();
    },
  });
  app.cosmosDB<Order>("changed", {
    connection: "Cosmos",
    databaseName: "shop",
    containerName: "orders",
    handler: (orders) => {
      expectTypeOf(orders).toEqualTypeOf<Order[]>();
    },
  });
  // @ts-expect-error a timer has a schedule
  app.timer("never", { handler: () => {} });
  // @ts-expect-error a bus has a connection
  app.serviceBusQueue("bus", { queueName: "orders", handler: () => {} });
  new DFApp({ dataConverter: createRichDataConverter() }).timer("rich", {
    schedule: "00:10:00",
    handler: (_timer, client) => {
      expectTypeOf(client.getStatus).toBeFunction();
    },
  });
});
