import fc from "fast-check";
import { expect, it } from "vitest";
import { unwrapInput, wrapInput } from "../../../../src/grpc/triggers/task-notes.ts";

const plain = { attempt: 1, timeoutMs: undefined };

it("leaves an input alone where there is nothing to tell", () => {
  expect([wrapInput('{"a":1}', plain), wrapInput(undefined, plain)]).toEqual(['{"a":1}', undefined]);
  expect(unwrapInput({ a: 1 })).toEqual({ input: { a: 1 }, ...plain });
});

it("carries the attempt and the time limit around the input", () => {
  const wrapped = wrapInput('"x"', { attempt: 3, timeoutMs: 500 });

  expect(wrapped).toBe('{"durable.task":{"attempt":3,"timeoutMs":500},"input":"x"}');
  expect(unwrapInput(JSON.parse(wrapped!))).toEqual({ input: "x", attempt: 3, timeoutMs: 500 });
  expect(unwrapInput(JSON.parse(wrapInput(undefined, { attempt: 2, timeoutMs: undefined })!))).toEqual({
    input: undefined,
    attempt: 2,
    timeoutMs: undefined,
  });
});

it("takes no input of a user for its own, whatever it looks like", () => {
  const lookalike = fc.oneof(
    fc.jsonValue(),
    fc.record({ "durable.task": fc.jsonValue(), input: fc.jsonValue() }, { requiredKeys: ["durable.task"] }),
  );
  const attempt = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(lookalike, attempt, (value, number) => {
      const text = JSON.stringify(value);
      const notes = { attempt: number, timeoutMs: undefined };
      expect(unwrapInput(JSON.parse(wrapInput(text, notes)!))).toEqual({ input: JSON.parse(text), ...notes });
    }),
  );
});

it("makes do with notes that make no sense", () => {
  expect(unwrapInput({ "durable.task": { attempt: -1, timeoutMs: "x" }, input: 1 })).toEqual({ input: 1, ...plain });
  expect(unwrapInput({ "durable.task": null })).toEqual({ input: undefined, ...plain });
});
