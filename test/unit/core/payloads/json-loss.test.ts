import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { jsonDataConverter } from "../../../../src/core/payloads/data-converter.ts";
import { findJsonLoss } from "../../../../src/core/payloads/json-loss.ts";

class Secretive {
  readonly #value = 1;
  get value() {
    return this.#value;
  }
}
class Point {
  readonly x = 1;
  describe() {
    return `${this.x}`;
  }
}

it.each([
  [new Map([["a", 1]]), "", "a Map"],
  [{ a: [1, { b: new Set() }] }, "a[1].b", "a Set"],
  [{ "odd key": new Error("x") }, '["odd key"]', "an error (Error)"],
  [{ failure: new TypeError("x") }, "failure", "an error (TypeError)"],
  [[1, Number.NaN], "[1]", "NaN"],
  [{ rate: Number.NEGATIVE_INFINITY }, "rate", "-Infinity"],
  [{ run: () => 1 }, "run", "a function"],
  [{ tag: Symbol("x") }, "tag", "a symbol"],
  [{ bytes: new Uint8Array(2) }, "bytes", "a Uint8Array"],
  [{ all: (function* () {})() }, "all", "a generator"],
  [{ later: Promise.resolve() }, "later", "an instance of Promise without fields that JSON sees"],
  [{ pattern: /x/ }, "pattern", "an instance of RegExp without fields that JSON sees"],
  [{ secret: new Secretive() }, "secret", "an instance of Secretive without fields that JSON sees"],
  [{ toJSON: () => ({ inner: new Map() }) }, "inner", "a Map"],
])("what JSON empties is found, with its place: %#", (value, path, what) => {
  expect(findJsonLoss(value)).toEqual({ path, what });
  expect(() => jsonDataConverter.serialize(value, "the input")).toThrow(
    expect.objectContaining({ code: "InvalidPayload", message: expect.stringContaining("createRichDataConverter()") }),
  );
});

const circle: Record<string, unknown> = {};
circle["self"] = circle;

it.each([
  [{ a: 1, b: undefined, c: null, d: [undefined], e: "x", f: true, g: -0 }],
  [new Point()],
  [new Date(0)],
  [Object.create(null)],
  [Object("boxed")],
  [Buffer.from("x")],
  [new URL("http://a.test")],
  [runInNewContext("({ a: {}, b: [] })")],
  [circle],
  [undefined],
  ["text"],
])("what JSON keeps, or refuses by itself, is left to it: %#", (value) => {
  expect(findJsonLoss(value)).toBeUndefined();
});
