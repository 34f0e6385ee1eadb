import { expect, it } from "vitest";
import { messageOf, stackOf } from "../../../src/core/errors.ts";

const hostile = new Proxy(new Error("x"), {
  get() {
    throw new Error("no");
  },
});

it.each([
  [new TypeError("boom"), "boom"],
  ["a text", "a text"],
  [null, "null"],
  [undefined, "undefined"],
  [{ message: "from elsewhere" }, "from elsewhere"],
  [{ code: 7 }, '{"code":7}'],
  [new Map(), "an object of class Map"],
  [new (class Refusal {})(), "an object of class Refusal"],
  [Object.create(null), "an object"],
  [hostile, "a value that cannot be shown was thrown"],
])("whatever was thrown has a message: %#", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});

it("an error without a stack, and what is no error, are shown by their message", () => {
  const bare = new Error("boom");
  bare.stack = undefined as unknown as string;

  expect(stackOf(new TypeError("boom"))).toContain("errors.test.ts");
  expect(stackOf(bare)).toBe("boom");
  expect(stackOf(hostile)).toBe("a value that cannot be shown was thrown");
});

it.each<[string, unknown, string]>([
  ["an object without a prototype", Object.assign(Object.create(null), { reason: "full" }), '{"reason":"full"}'],
  ["an object that holds itself", circular(), '{"reason":"full","self":"[circular]","twice":[{"a":1},{"a":1}]}'],
  ["an object without members", Object.create(null), "an object"],
])("%s is shown by what it holds", (_, thrown, text) => {
  expect(messageOf(thrown)).toBe(text);
});

/** What comes twice is no circle. */
function circular(): object {
  const shared = { a: 1 };
  const value: Record<string, unknown> = { reason: "full" };
  return Object.assign(value, { self: value, twice: [shared, shared] });
}
