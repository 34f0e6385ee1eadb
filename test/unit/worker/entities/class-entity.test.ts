import { describe, expect, it } from "vitest";
import { createRichDataConverter } from "../../../../src/core/payloads/rich-data-converter.ts";
import type { EntityContext } from "../../../../src/worker/entities/entity-context.ts";
import { resultsOf, runBatch } from "./run-batch.ts";

/** The counter of the documentation. */
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

it("methods are operations, fields are the state, and the constructor makes the first", async () => {
  const batch = await runBatch(Counter, [["add", 5], ["add", 2], "get"]);

  expect(resultsOf(batch)).toEqual([undefined, undefined, 7]);
  expect(batch.state).toBe('{"value":7}');
});

it("what is stored is brought back with its prototype", async () => {
  class Basket extends Counter {
    items: string[] = [];
    put(item: string) {
      this.items.push(item);
      this.add(1);
      return this instanceof Basket && this.count;
    }
    get count() {
      return this.items.length;
    }
  }

  const batch = await runBatch(Basket, [["put", "pear"]], { state: '{"value":1,"items":["apple"]}' });

  expect(resultsOf(batch)).toEqual([2]);
  expect(JSON.parse(batch.state!)).toEqual({ value: 2, items: ["apple", "pear"] });
});

it("operations may be asynchronous, and are awaited before the state is kept and the next one runs", async () => {
  class Slow extends Counter {
    async addLater(amount: number) {
      const before = this.value;
      await new Promise((resolve) => setImmediate(resolve));
      this.value = before + amount;
      return this.value;
    }
  }

  const batch = await runBatch(Slow, [["addLater", 1], ["addLater", 2], "get"]);

  expect(resultsOf(batch)).toEqual([1, 3, 3]);
  expect(batch.state).toBe('{"value":3}');
});

it("names of operations compare ignoring case, the exact one first", async () => {
  class Cased {
    add = 0;
    Get() {
      return "Get";
    }
    get() {
      return "get";
    }
    Reset() {
      return "Reset";
    }
  }

  const batch = await runBatch(Cased, ["get", "Get", "GET", "reset"]);

  expect(resultsOf(batch)).toEqual(["get", "Get", "Get", "Reset"]);
});

describe("nothing but the methods of the class and its bases can be called:", () => {
  class Base {
    inherited() {
      return "inherited";
    }
    hidden() {
      return "of the base";
    }
  }
  class Guarded extends Base {
    static made = 0;
    field = () => "a field";
    // @ts-expect-error JavaScript can do it
    override get hidden() {
      return () => "of a getter";
    }
    override toString() {
      return "toString";
    }
    known() {}
  }

  it.each([
    "constructor",
    "toString",
    "TOSTRING",
    "__proto__",
    "hasOwnProperty",
    "__defineGetter__",
    "valueOf",
    "made",
    "field",
    "hidden",
    "then",
    "",
    "prototype",
  ])("'%s' is refused", async (operation) => {
    const batch = await runBatch(Guarded, [operation, "inherited"]);

    expect(resultsOf(batch)).toEqual([
      `EntityOperationNotFound: entity '@thing@k' has no operation '${operation}'; it has 'known', 'inherited', 'delete'`,
      "inherited",
    ]);
  });

  it("an unknown operation brings no entity to life", async () => {
    expect((await runBatch(Guarded, ["nothing"])).state).toBeUndefined();
  });
});

describe("delete", () => {
  it.each(["delete", "Delete"])("as '%s' deletes the entity, whose next operation begins anew", async (operation) => {
    const gone = await runBatch(Counter, [["add", 5], operation]);
    const again = await runBatch(Counter, [operation, ["add", 1]], { state: '{"value":5}' });

    expect(resultsOf(gone)).toEqual([undefined, undefined]);
    expect(gone.state).toBeUndefined();
    expect(again.state).toBe('{"value":1}');
  });

  it("is the class's own where it has a method for it", async () => {
    class Kept extends Counter {
      Delete() {
        return "kept";
      }
    }

    const batch = await runBatch(Kept, ["delete"], { state: '{"value":5}' });

    expect(resultsOf(batch)).toEqual(["kept"]);
    expect(batch.state).toBe('{"value":5}');
  });

  it("works on a state that cannot be read", async () => {
    expect(await runBatch(Counter, ["delete"], { state: "{" })).toMatchObject({ state: undefined });
  });

  it("is also what destructOnExit does, when the operation has ended", async () => {
    class Mortal extends Counter {
      die(_input: undefined, context: EntityContext) {
        context.destructOnExit();
        this.value = 9;
        return this.value;
      }
      born(_input: undefined, context: EntityContext) {
        return context.isNewlyConstructed;
      }
    }

    const batch = await runBatch(Mortal, ["born", "die", "born", "born"], { state: '{"value":5}' });

    expect(resultsOf(batch)).toEqual([false, 9, true, false]);
    expect(batch.state).toBe('{"value":0}');
  });
});

it("how operations are cut into batches makes no difference", async () => {
  class Mixed {
    when: unknown = new Date(0);
    mood: string | undefined = "initial";
    count = 0;
    #unseen = 0;
    look() {
      const looked = [typeof this.when, this.mood, this.count++, this.#unseen++];
      this.mood = undefined;
      return looked;
    }
  }

  const whole = await runBatch(Mixed, ["look", "look", "look"]);
  const parts: unknown[] = [];
  let state: string | undefined;
  for (let at = 0; at < 3; at++) {
    const part = await runBatch(Mixed, ["look"], { state });
    parts.push(...resultsOf(part));
    state = part.state;
  }

  expect(resultsOf(whole)).toEqual(parts);
  expect(whole.state).toBe(state);
});

describe("a stored state", () => {
  it("of another release gets the initial values of fields that it has not", async () => {
    class Grown extends Counter {
      history: number[] = [];
      override add(amount: number) {
        super.add(amount);
        this.history.push(amount);
      }
    }

    const batch = await runBatch(Grown, [["add", 1]], { state: '{"value":5,"old":true}' });

    expect(JSON.parse(batch.state!)).toEqual({ value: 6, old: true, history: [1] });
  });

  it("sets fields only: no prototype, no method, no setter", async () => {
    class Target extends Counter {
      set loud(_value: unknown) {
        throw new Error("a setter ran");
      }
    }

    const batch = await runBatch(Target, [["add", 1], "get"], {
      state: '{"value":1,"loud":1,"__proto__":{"value":7},"get":5}',
    });

    expect(resultsOf(batch)).toEqual([undefined, 2]);
    expect(batch.state).toBe('{"value":2,"loud":1,"__proto__":{"value":7},"get":5}');
  });

  it.each([
    ["{", "InvalidPayload: the state of entity '@thing@k' is not JSON"],
    ["5", "InvalidPayload: the state of entity '@thing@k' must be an object, but it is a number"],
    ["[1]", "InvalidPayload: the state of entity '@thing@k' must be an object, but it is an array"],
  ])("that is %s fails each operation and stays as it is", async (state, message) => {
    const batch = await runBatch(Counter, ["get", ["add", 1]], { state });

    expect(resultsOf(batch)).toEqual([expect.stringContaining(message), expect.stringContaining(message)]);
    expect(batch.state).toBe(state);
  });

  it.each([undefined, "null", ""])("that is %j is none", async (state) => {
    expect(resultsOf(await runBatch(Counter, ["get"], { state }))).toEqual([0]);
  });

  it("keeps more than JSON with a converter that does, whole instances too", async () => {
    class Seen {
      names = new Set<string>();
      see(name: string) {
        this.names.add(name);
        return this.names.size;
      }
    }
    class Secret {
      #word = "";
      static of(word: string) {
        const secret = new Secret();
        secret.#word = word;
        return secret;
      }
      whisper(word: string) {
        this.#word += word;
        return this.#word;
      }
      reveal() {
        return this.#word;
      }
    }
    const dataConverter = createRichDataConverter({
      classes: [
        {
          type: Secret,
          write: (secret: Secret) => secret.reveal(),
          read: (word: string) => Secret.of(word),
        },
      ],
    });

    const { state } = await runBatch(Seen, [["see", "a"]], { dataConverter });
    expect(resultsOf(await runBatch(Seen, [["see", "b"]], { dataConverter, state }))).toEqual([2]);
    const secret = await runBatch(Secret, [["whisper", "a"]], { dataConverter });
    expect(resultsOf(await runBatch(Secret, [["whisper", "b"]], { dataConverter, state: secret.state }))).toEqual([
      "ab",
    ]);
  });
});

it("private methods work on what was loaded, and private fields begin anew", async () => {
  class Private {
    value = 0;
    #seen = 0;
    bump() {
      this.#seen++;
      return this.#twice();
    }
    #twice() {
      this.value += 2;
      return [this.value, this.#seen];
    }
  }

  expect(resultsOf(await runBatch(Private, ["bump"], { state: '{"value":2}' }))).toEqual([[4, 1]]);
});

it("a constructor that throws fails the operation", async () => {
  class Broken {
    constructor() {
      throw new RangeError("no luck");
    }
    get() {}
  }

  const batch = await runBatch(Broken, ["get", "delete"]);

  expect(resultsOf(batch)).toEqual(["RangeError: no luck", undefined]);
});

it("operations are given their input and a context", async () => {
  class Curious {
    look(input: unknown, context: EntityContext) {
      const { entityId, entityName, entityKey, operationName, isSignal, isNewlyConstructed } = context;
      const isState = context.getState() === this;
      return { input, entityId, entityName, entityKey, operationName, isSignal, isNewlyConstructed, isState };
    }
    without(...args: unknown[]) {
      return args.length === 2 && args[0] === undefined;
    }
    answer(_input: undefined, context: EntityContext) {
      context.return(1);
      context.setResult(2);
    }
    set(_input: undefined, context: EntityContext) {
      context.setState({});
    }
  }

  const batch = await runBatch(Curious, [["LOOK", { a: 1 }], "without", "answer", "set"]);

  expect(resultsOf(batch)).toEqual([
    {
      input: { a: 1 },
      entityId: { name: "thing", key: "k" },
      entityName: "thing",
      entityKey: "k",
      operationName: "LOOK",
      isSignal: false,
      isNewlyConstructed: true,
      isState: true,
    },
    true,
    2,
    expect.stringMatching(/^NotSupported: the fields of entity '@thing@k' are its state/),
  ]);
});

it("a class that a compiler has made a function is a class", async () => {
  function Old(this: { value: number }) {
    this.value = 1;
  }
  Old.prototype.get = function (this: { value: number }) {
    return this.value;
  };

  expect(resultsOf(await runBatch(Old as never, ["get"]))).toEqual([1]);
});
