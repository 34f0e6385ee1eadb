import { describe, expect, it } from "vitest";
import type { EntityContext } from "../../../../src/worker/entities/entity-context.ts";
import type { EntityDefinition } from "../../../../src/worker/entities/entity-definition.ts";
import { actionsOf, resultsOf, runBatch } from "./run-batch.ts";

interface Content {
  value: number;
  list: number[];
}

class Fallible implements Content {
  value = 0;
  list: number[] = [];

  add(amount: number) {
    this.value += amount;
    this.list.push(amount);
    return this.value;
  }

  async fail(how: string, context: EntityContext) {
    this.value = -1;
    this.list.push(-1);
    context.signalEntity({ name: "Other", key: "o" }, "told");
    context.startNewOrchestration("started");
    if (how === "after a while") await new Promise((resolve) => setImmediate(resolve));
    if (how === "after a delete") context.destructOnExit();
    if (how === "with a result") context.return("done");
    if (how === "with a state that has no JSON form") return Object.assign(this, { self: this }).value;
    if (how === "with a result that has no JSON form") return 5n;
    throw new Error("as asked", { cause: new TypeError("deep") });
  }
}

/** The same in the other style. */
function fallible(context: EntityContext<Content>) {
  const state = context.df.getState(() => ({ value: 0, list: [] }));
  const input = context.df.getInput<never>();
  if (context.df.operationName === "add") {
    state.value += input;
    state.list.push(input);
    context.df.setState(state);
    return state.value;
  }
  context.df.setState({ value: -1, list: [-1] });
  context.df.signalEntity({ name: "Other", key: "o" }, "told");
  context.startNewOrchestration("started");
  return (async () => {
    if (input === "after a while") await new Promise((resolve) => setImmediate(resolve));
    if (input === "after a delete") context.df.destructOnExit();
    if (input === "with a result") context.df.return("done");
    if (input === "with a state that has no JSON form") context.setState({ self: 5n } as never);
    if (input === "with a result that has no JSON form") return 5n;
    throw new Error("as asked", { cause: new TypeError("deep") });
  })();
}

const hows = ["at once", "after a while", "after a delete", "with a result"];
const withoutForm = ["with a state that has no JSON form", "with a result that has no JSON form"];

describe.each<[string, EntityDefinition["entity"]]>([
  ["class", Fallible],
  ["function", fallible],
])("an operation of a %s that fails", (_, entity) => {
  it.each(hows)("%s leaves nothing behind in the middle of a batch", async (how) => {
    const batch = await runBatch(entity, [
      ["add", 1],
      ["fail", how],
      ["add", 2],
    ]);

    expect(batch.outcomes.map(({ kind }) => kind)).toEqual(["completed", "failed", "completed"]);
    expect(resultsOf(batch)).toEqual([1, "Error: as asked", 3]);
    expect(batch.outcomes.map(actionsOf)).toEqual([[], undefined, []]);
    expect(JSON.parse(batch.state!)).toEqual({ value: 3, list: [1, 2] });
  });

  it.each(withoutForm)("%s leaves nothing behind either", async (how) => {
    const batch = await runBatch(entity, [
      ["add", 1],
      ["fail", how],
      ["add", 2],
    ]);

    expect(resultsOf(batch)).toEqual([1, expect.stringMatching(/^InvalidPayload: the (state|result) of/), 3]);
    expect(JSON.parse(batch.state!)).toEqual({ value: 3, list: [1, 2] });
  });

  it("first leaves no entity behind", async () => {
    const batch = await runBatch(entity, [["fail", "at once"]]);

    expect(batch).toMatchObject({ outcomes: [{ kind: "failed" }], state: undefined });
  });

  it("last leaves what was stored, to the letter", async () => {
    const state = '{ "value": 1.0, "list": [] }';

    expect((await runBatch(entity, [["fail", "at once"]], { state })).state).toBe(state);
    expect((await runBatch(entity, [["fail", "after a delete"]], { state })).state).toBe(state);
  });

  it("is told with type, message, causes and stack", async () => {
    const batch = await runBatch(entity, [["fail", "at once"]]);

    expect(batch.outcomes[0]).toMatchObject({
      failureDetails: {
        errorType: "Error",
        errorMessage: "as asked",
        innerFailure: { errorType: "TypeError", errorMessage: "deep" },
        stackTrace: expect.stringContaining("entity-rollback.test.ts"),
      },
    });
  });

  it("does not undo what went before it", async () => {
    const calls = [["add", 1], "delete", ["fail", "at once"]] as const;
    const batch = await runBatch(entity === Fallible ? Fallible : deleting, calls);

    expect(batch.outcomes.map(({ kind }) => kind)).toEqual(["completed", "completed", "failed"]);
    expect(batch.state).toBeUndefined();
  });
});

function deleting(context: EntityContext<Content>) {
  if (context.operationName === "delete") return context.destructOnExit();
  return fallible(context);
}

it("a class keeps nothing in memory from one operation to the next, be they of one batch or of two", async () => {
  class Cached {
    value = 0;
    #cache = 0;
    raise(fails: boolean) {
      this.value++;
      this.#cache++;
      if (fails) throw new Error("no");
      return [this.value, this.#cache];
    }
  }

  const batch = await runBatch(Cached, [
    ["raise", false],
    ["raise", true],
    ["raise", false],
  ]);
  const next = await runBatch(Cached, [["raise", false]], { state: batch.state });

  expect(resultsOf(batch)).toEqual([[1, 1], "Error: no", [2, 1]]);
  expect(resultsOf(next)).toEqual([[3, 1]]);
});

it.each([null, undefined, "text", 5, Object.freeze(new Error("frozen")), Object.create(null)])(
  "anything may be thrown: %s",
  async (thrown) => {
    const batch = await runBatch(() => {
      throw thrown;
    }, ["any"]);

    expect(batch.outcomes).toMatchObject([{ kind: "failed", failureDetails: { errorMessage: expect.any(String) } }]);
  },
);

it("code that goes on after its operation is refused what would change the next one", async () => {
  const refused: unknown[] = [];
  let late = Promise.resolve();
  const batch = await runBatch(
    (context: EntityContext) => {
      if (context.operationName === "wait") return late;
      late = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        for (const use of [
          () => context.setState("late"),
          () => context.return("late"),
          () => context.destructOnExit(),
          () => context.signalEntity("@other@o", "told"),
          () => context.startNewOrchestration("started"),
          () => context.getState(),
        ]) {
          try {
            use();
          } catch (error) {
            refused.push((error as { code?: unknown }).code);
          }
        }
      });
      context.setState("in time");
      return undefined;
    },
    ["begin", "wait"],
  );

  expect(refused).toEqual(Array(6).fill("NotSupported"));
  expect(batch.state).toBe('"in time"');
  expect(batch.outcomes.map(actionsOf)).toEqual([[], []]);
});
