import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonDataConverter } from "../../../../src/core/payloads/data-converter.ts";
import { createRichDataConverter } from "../../../../src/core/payloads/rich-data-converter.ts";

class Money {
  amount: bigint;
  currency: string;
  constructor(amount: bigint, currency: string) {
    this.amount = amount;
    this.currency = currency;
  }
  get text(): string {
    return `${this.amount} ${this.currency}`;
  }
}

class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
}

const converter = createRichDataConverter({
  classes: [
    Money,
    { type: Secret, name: "secret", write: (secret) => secret.reveal(), read: (text) => new Secret(text) },
  ],
});
const roundTrip = (value: unknown) => converter.deserialize(converter.serialize(value, "it"), "it");

it.each<[string, unknown]>([
  ["a date", new Date("2026-01-02T03:04:05.678Z")],
  ["a date of the year 275760", new Date(8.64e15)],
  ["a date before Christ", new Date(-8.64e15)],
  ["an invalid date", new Date(Number.NaN)],
  [
    "a map with any keys",
    new Map<unknown, unknown>([
      [{ a: 1 }, new Set([1])],
      [undefined, null],
      [1n, -0],
    ]),
  ],
  ["a set", new Set([new Date(0), "x", undefined])],
  ["a bigint", -123456789012345678901234567890n],
  ["undefined in an array", [1, undefined, 3]],
  ["odd numbers", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0]],
  ["bytes", new Uint8Array([0, 255, 128])],
  ["nested", { list: [{ at: new Date(1) }], by: new Map([["k", { n: 1n }]]) }],
  ["an object with our key", { $rich: "Date", value: "2026-01-02T03:04:05Z", more: [undefined] }],
  ["null", null],
  ["a text", "$rich"],
])("%s comes back as it was", (_, value) => {
  expect(roundTrip(value)).toEqual(value);
});

it("registered classes come back as instances, with their methods", () => {
  const revived = roundTrip([new Money(5n, "EUR"), new Secret("x")]) as [Money, Secret];

  expect(revived[0]).toBeInstanceOf(Money);
  expect(revived[0].text).toBe("5 EUR");
  expect(revived[1].reveal()).toBe("x");
});

it("others come back as JSON would bring them", () => {
  class Point {
    x = 1;
    toJSON() {
      return { at: new Date(0) };
    }
  }
  class Plain {
    y = 2;
    run = () => {};
  }

  expect(roundTrip([new Point(), new Plain()])).toEqual([{ at: new Date(0) }, { y: 2 }]);
  expect(Object.getPrototypeOf((roundTrip([new Plain()]) as object[])[0])).toBe(Object.prototype);
});

it("'__proto__' is a key like any other", () => {
  const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';

  const revived = converter.deserialize(text, "it") as Record<string, unknown>;
  const tagged = converter.deserialize('{"$rich":"Object","value":[["__proto__",{"polluted":true}]]}', "it") as object;
  const instance = converter.deserialize('{"$rich":"Class","name":"Money","value":{"__proto__":{"text":"x"}}}', "it");

  expect(Object.keys(revived)).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(revived)).toBe(Object.prototype);
  expect(Object.keys(tagged)).toEqual(["__proto__"]);
  expect(instance).toBeInstanceOf(Money);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(converter.serialize(revived, "it")).toBe(text);
});

describe("what a payload cannot do", () => {
  it.each([
    ["an unknown tag", '{"$rich":"Function","value":"alert(1)"}'],
    ["a tag that is no text", '{"$rich":{"toString":1}}'],
    ["a tag named after a method", '{"$rich":"toString"}'],
    ["a class that nobody registered", '{"$rich":"Class","name":"Object","value":{}}'],
    ["a class named after a method", '{"$rich":"Class","name":"constructor","value":{}}'],
    ["a class without properties", '{"$rich":"Class","name":"Money","value":5}'],
    ["a date that is none", '{"$rich":"Date","value":"tomorrow"}'],
    ["a date that is a number", '{"$rich":"Date","value":5}'],
    ["a bigint of code", '{"$rich":"BigInt","value":"process.exit()"}'],
    ["a map of no pairs", '{"$rich":"Map","value":[1]}'],
    ["a set of no list", '{"$rich":"Set","value":{}}'],
    ["a number that JSON could have", '{"$rich":"Number","value":"1"}'],
    ["members without names", '{"$rich":"Object","value":[[1,2]]}'],
    ["bytes that are none", '{"$rich":"Uint8Array","value":"*"}'],
    ["what is not JSON", "{"],
  ])("%s is refused", (_, text) => {
    expect(() => converter.deserialize(text, "the input of x")).toThrow(
      expect.objectContaining({ code: "InvalidPayload", message: expect.stringContaining("the input of x") }),
    );
  });
});

it("cycles and depths without end are refused, shared values are not", () => {
  const cycle: Record<string, unknown> = { list: [] };
  (cycle["list"] as unknown[]).push(new Map([["back", cycle]]));
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  const shared = { n: 1 };

  expect(() => converter.serialize(cycle, "it")).toThrow("it holds itself");
  expect(() => converter.serialize(deep, "it")).toThrow(expect.objectContaining({ code: "InvalidPayload" }));
  expect(() => converter.deserialize(`${"[".repeat(5000)}`, "it")).toThrow(
    expect.objectContaining({ code: "InvalidPayload" }),
  );
  expect(roundTrip([shared, shared])).toEqual([shared, shared]);
});

it("two classes of one name, or one without, are refused", () => {
  expect(() => createRichDataConverter({ classes: [Money, { type: Secret, name: "Money" }] })).toThrow("two classes");
  expect(() => createRichDataConverter({ classes: [class {}] })).toThrow("with a name");
  expect(() => createRichDataConverter({ classes: [5 as never] })).toThrow(
    expect.objectContaining({ code: "InvalidOption" }),
  );
});

it("nothing at all has no text", () => {
  expect(converter.serialize(undefined, "it")).toBeUndefined();
  expect(converter.deserialize(undefined, "it")).toBeUndefined();
  expect(converter.deserialize("", "it")).toBeUndefined();
  expect(() => converter.serialize(() => {}, "it")).toThrow(expect.objectContaining({ code: "InvalidPayload" }));
});

it("plain values are the same plain JSON", () => {
  const plain = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("$rich"));

  fc.assert(
    fc.property(plain, (value) => {
      const cleaned = JSON.parse(JSON.stringify(value));
      expect(converter.serialize(cleaned, "it")).toBe(jsonDataConverter.serialize(cleaned, "it"));
      expect(roundTrip(cleaned)).toEqual(cleaned);
    }),
  );
});

it("whatever is written comes back", () => {
  const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "$rich", "value", "constructor", "toJSON"));
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.string(),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.date({ noInvalidDate: false }),
      fc.uint8Array({ maxLength: 8 }),
      fc.constant(null),
      fc.tuple(fc.bigInt(), fc.string()).map(([amount, currency]) => new Money(amount, currency)),
    ),
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("leaf"),
      fc.array(fc.oneof(tie("tree"), fc.constant(undefined)), { maxLength: 4 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
      fc.array(fc.tuple(tie("tree"), tie("tree")), { maxLength: 3 }).map((entries) => new Map(entries as [])),
      fc.array(tie("tree"), { maxLength: 3 }).map((elements) => new Set(elements)),
    ),
  }));

  fc.assert(
    fc.property(tree, (value) => {
      const text = converter.serialize(value, "it");
      expect(converter.deserialize(text, "it")).toEqual(value);
      expect(converter.serialize(converter.deserialize(text, "it"), "it")).toBe(text);
    }),
    { numRuns: 1000 },
  );
});
