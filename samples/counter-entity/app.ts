// A counter as an entity: a piece of state under a name and a key, changed by one operation at a time.
//
//   curl -X POST localhost:7071/api/counters/basket-7 -d 5
//   curl -X POST localhost:7071/api/counters/basket-7/get
//   curl localhost:7071/api/counters/basket-7
//   curl -X DELETE localhost:7071/api/counters/basket-7
//   curl -X POST localhost:7071/api/orchestrators/countTyped -d '"basket-7"'
//
// The first is a signal, for which nobody waits; the second a call, whose answer is the result; the third shows the state
// without asking the entity.

import { DFApp, EntityId, isTaskFailedError } from "durable-functions-ts";

const app = new DFApp();

/** Methods are the operations, fields are the state. An operation that throws changes nothing. */
class Counter {
  value = 0;

  add(amount: number): void {
    if (!Number.isFinite(amount)) throw new TypeError(`cannot add ${JSON.stringify(amount)}`);
    this.value += amount;
  }

  reset(): void {
    this.value = 0;
  }

  get(): number {
    return this.value;
  }
}

const counter = app.entity("Counter", Counter);

/** The same as a function that is given every operation, as in durable-functions 3.x and in Python. */
app.entity("CounterFunction", (context) => {
  const value = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case "add":
      context.df.setState(value + context.df.getInput<number>());
      break;
    case "reset":
      context.df.setState(0);
      break;
    case "get":
      context.df.return(value);
      break;
    case "delete":
      context.df.destructOnExit();
      break;
    default:
      throw new Error(`a counter cannot ${context.df.operationName}`);
  }
});

/** By id and name, as in durable-functions 3.x and in Python: results have no type. */
app.orchestration("countByName", function* (context, key: string = "myCounter") {
  const entityId = new EntityId("CounterFunction", key);

  context.df.signalEntity(entityId, "add", 5); // nobody waits for it
  const value: number = yield context.df.callEntity(entityId, "get");

  return value;
});

/** With the handle, the compiler knows operations, inputs and results. */
app.orchestration("countTyped", function* (context, key: string = "myCounter") {
  const mine = context.entity(counter, key);

  mine.signal.add(5);
  return yield* mine.get();
});

/** With async and await, many counters at once. */
app.orchestration("countAll", async (context, keys: string[]) => {
  const values = await Promise.all(keys.map((key) => context.entity(counter, key).get()));
  return values.reduce((sum, value) => sum + value, 0);
});

app.http("signalCounter", {
  route: "counters/{key}",
  methods: ["POST"],
  handler: async (request, client) => {
    await client.signalEntity(new EntityId("Counter", request.params.key), "add", await request.json());
    return { status: 202 };
  },
});

app.http("callCounter", {
  route: "counters/{key}/{operation}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { key, operation } = request.params;
    const body = await request.text();
    const input = body === "" ? undefined : JSON.parse(body);
    try {
      const result = await client.callEntity(new EntityId("Counter", key), operation, input, { timeout: "30s" });
      return { jsonBody: result ?? null };
    } catch (error) {
      if (isTaskFailedError(error)) return { status: 400, body: error.message };
      throw error;
    }
  },
});

app.http("readCounter", {
  route: "counters/{key}",
  methods: ["GET"],
  handler: async (request, client) => {
    const id = new EntityId("Counter", request.params.key);
    const { entityExists, entityState } = await client.readEntityState<Counter>(id);
    return entityExists ? { jsonBody: entityState } : { status: 404 };
  },
});

app.http("deleteCounter", {
  route: "counters/{key}",
  methods: ["DELETE"],
  handler: async (request, client) => {
    await client.signalEntity(new EntityId("Counter", request.params.key), "delete");
    return { status: 202 };
  },
});
