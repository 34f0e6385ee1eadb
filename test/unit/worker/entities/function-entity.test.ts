import { describe, expect, it } from "vitest";
import type { EntityContext } from "../../../../src/worker/entities/entity-context.ts";
import { resultsOf, runBatch } from "./run-batch.ts";

/** The counter of `durable-functions` 3.x. */
function counter(context: EntityContext<number>) {
  const currentValue = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case "add":
      context.df.setState(currentValue + context.df.getInput<number>());
      break;
    case "reset":
      context.df.setState(0);
      break;
    case "get":
      context.df.return(currentValue);
      break;
    case "destruct":
      context.df.destructOnExit();
      break;
  }
}

/** The counter of the documentation of the Python SDK: a class that a function keeps. */
class Counter {
  value = 0;
  add(amount: number) {
    this.value += amount;
  }
  reset() {
    this.value = 0;
  }
  get() {
    return this.value;
  }
}

function counterEntity(context: EntityContext<{ value: number }>) {
  const state = Object.assign(new Counter(), context.getState());
  const operation = context.operationName;
  if (operation === "add") state.add(context.getInput());
  else if (operation === "reset") state.reset();
  else if (operation === "get") context.setResult(state.get());
  context.setState(state);
}

it("code for durable-functions 3.x runs, on a state that is a number", async () => {
  const batch = await runBatch(counter, [["add", 5], ["add", 3], "get", "reset", "get"]);

  expect(resultsOf(batch)).toEqual([undefined, undefined, 8, undefined, 0]);
  expect(batch.state).toBe("0");
  expect((await runBatch(counter, ["destruct"], { state: "5" })).state).toBeUndefined();
  expect(resultsOf(await runBatch(counter, ["destruct", "get"], { state: "5" }))).toEqual([undefined, 0]);
});

it("the counter of the Python documentation runs", async () => {
  const batch = await runBatch(counterEntity, [["add", 5], ["add", 3], "get", "reset", "get"], {
    name: "counter_entity",
  });

  expect(resultsOf(batch)).toEqual([undefined, undefined, 8, undefined, 0]);
  expect(batch.state).toBe('{"value":0}');
});

it.each([0, false, "", "text", 5, [1, 2], { a: null }])("a state may be %j", async (state) => {
  const entity = (context: EntityContext) => {
    if (context.operationName === "set") context.setState(context.getInput());
    return context.getState(() => "initial");
  };

  const batch = await runBatch(entity, ["get", ["set", state], "get"]);

  expect(resultsOf(batch)).toEqual(["initial", state, state]);
  expect(batch.state).toBe(JSON.stringify(state));
});

it.each([undefined, null])("a state that is set to %s is deleted", async (nothing) => {
  const batch = await runBatch((context: EntityContext) => context.setState(nothing), ["any"], { state: "5" });

  expect(batch).toEqual({ outcomes: [{ kind: "completed", result: undefined, actions: [] }], state: undefined });
});

it("only setState changes the state, and as the value was then", async () => {
  const entity = (context: EntityContext<number[]>) => {
    const list = context.getState(() => []);
    list.push(1);
    if (context.operationName === "set") {
      context.setState(list);
      list.push(2);
    }
    const copies = [context.getState(), context.getState()];
    return [copies[0], copies[0] === copies[1]];
  };

  const batch = await runBatch(entity, ["push", "set", "push"]);

  expect(resultsOf(batch)).toEqual([
    [null, true],
    [[1], false],
    [[1], false],
  ]);
  expect(batch.state).toBe("[1]");
});

it("a state that has no JSON form fails where it is set, so that code may go on", async () => {
  const entity = (context: EntityContext) => {
    try {
      context.setState(5n);
    } catch {
      context.setState("instead");
    }
  };

  expect((await runBatch(entity, ["any"])).state).toBe('"instead"');
});

it("a new state of a deleted entity counts", async () => {
  const entity = (context: EntityContext) => {
    context.destructOnExit();
    const initial = context.getState(() => "initial");
    context.setState("new");
    return [initial, context.isNewlyConstructed];
  };

  const batch = await runBatch(entity, ["any", "any"]);

  expect(resultsOf(batch)).toEqual([
    ["initial", true],
    ["initial", false],
  ]);
  expect(batch.state).toBe('"new"');
});

it("async handlers are awaited before the state is captured", async () => {
  const entity = async (context: EntityContext<number>) => {
    const before = context.df.getState(() => 0);
    await new Promise((resolve) => setImmediate(resolve));
    context.df.setState(before + 1);
    return before + 1;
  };

  const batch = await runBatch(entity, ["a", "b", "c"]);

  expect(resultsOf(batch)).toEqual([1, 2, 3]);
  expect(batch.state).toBe("3");
});

it("what it has set as the result comes before what it returns", async () => {
  const entity = (context: EntityContext) => {
    if (context.operationName === "set") context.return(undefined);
    return "returned";
  };

  expect(resultsOf(await runBatch(entity, ["set", "get"]))).toEqual([undefined, "returned"]);
});

it("it is given every operation, also one called delete or one without a name", async () => {
  const batch = await runBatch((context: EntityContext) => context.operationName, ["delete", ""], { state: "5" });

  expect(resultsOf(batch)).toEqual(["delete", ""]);
  expect(batch.state).toBe("5");
});

describe("a state that cannot be read", () => {
  it("fails the operations that ask for it, and stays as it is", async () => {
    const batch = await runBatch(counter, ["get", ["add", 1]], { state: "{" });

    const message = expect.stringContaining("InvalidPayload: the state of entity '@thing@k' is not JSON");
    expect(resultsOf(batch)).toEqual([message, message]);
    expect(batch.state).toBe("{");
  });

  it("is replaced by an operation that does not ask for it", async () => {
    expect((await runBatch((context: EntityContext) => context.setState(1), ["any"], { state: "{" })).state).toBe("1");
  });
});

it("an input that is not JSON fails the operation that asks for it", async () => {
  const entity = (context: EntityContext) => context.getInput();
  const input = { toJSON: undefined };
  const batch = await runBatch(entity, [["any", input]], {
    dataConverter: {
      serialize: (value) => JSON.stringify(value),
      deserialize() {
        throw new Error("not of this converter");
      },
    },
  });

  expect(resultsOf(batch)).toEqual([
    "InvalidPayload: the input of operation 'any' of entity '@thing@k' cannot be read: " +
      "the dataConverter has thrown: not of this converter",
  ]);
});
