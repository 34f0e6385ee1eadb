import { expect, it } from "vitest";
import { assertInstanceId, assertKnownInstanceId, assertReadableInstanceId, createId } from "../../../src/core/ids.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";

it("generated ids are 32 hex digits", () => {
  expect(createId(systemRandom)).toMatch(/^[0-9a-f]{32}$/);
});

it.each(["a", "order:7", "世界", "🌍", "it's", "^", "...", ".a", "a..b", "%2e%2e", "x".repeat(256), "a@b"])(
  "%s is an instance id",
  (id) => {
    expect(() => assertInstanceId(id)).not.toThrow();
  },
);

it.each([".", "..", "a/b", "a#b"])("%s of another program can be looked at", (id) => {
  expect(() => assertKnownInstanceId(id)).not.toThrow();
  expect(() => assertReadableInstanceId(id)).not.toThrow();
});

it.each([
  ["", "must not be empty"],
  ["x".repeat(257), "at most 256 characters"],
  ["@counter@a", "marks entities"],
  ["a/b", "must not contain '/'"],
  ["a\\b", "must not contain '\\'"],
  [".", "must not be '.'"],
  ["..", "no link would find it"],
  ["a#b", "must not contain '#'"],
  ["a?b", "must not contain '?'"],
  ["a\nb", "a control character"],
  ["a\u0085b", "a control character"],
  ["\ud800", "well-formed"],
  [7, "must be a string"],
  [Promise.resolve("a"), "but got a promise: await what gives the id"],
])("%j is refused", (id, message) => {
  expect(() => assertInstanceId(id)).toThrow(message);
});
