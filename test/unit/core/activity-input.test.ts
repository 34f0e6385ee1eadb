import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeActivityInput, encodeActivityInput } from "../../../src/core/activity-input.ts";

it.each([
  ['"Tokyo"', '["Tokyo"]'],
  [undefined, "[]"],
  ["[1,2]", "[[1,2]]"],
  ["null", "[null]"],
])("%s is kept as %s", (input, stored) => {
  expect(encodeActivityInput(input)).toBe(stored);
  expect(decodeActivityInput(stored)).toBe(input);
});

it("an input of several arguments, which other SDKs write, is handed on as it is", () => {
  expect(decodeActivityInput('["a",{"b":1}]')).toBe('["a",{"b":1}]');
  expect(decodeActivityInput('"bare"')).toBe('"bare"');
});

it("every JSON value comes back", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(decodeActivityInput(encodeActivityInput(json))).toBe(json.trim());
    }),
  );
});
