import { expect, it } from "vitest";
import {
  type DataConverter,
  guardDataConverter,
  jsonDataConverter,
} from "../../../../src/core/payloads/data-converter.ts";

const faulty = (converter: Partial<DataConverter>) => guardDataConverter({ ...jsonDataConverter, ...converter });

it.each([
  [
    "throws",
    () => faulty({ serialize: () => fail("no form") }).serialize(1, "the input"),
    "the dataConverter has thrown: no form",
  ],
  [
    "gives a number",
    () => faulty({ serialize: () => 5 as never }).serialize(1, "the input"),
    "the dataConverter gave a number",
  ],
  [
    "is async",
    () => faulty({ serialize: async () => fail("late") } as never).serialize(1, "the input"),
    "its functions must not be async",
  ],
])("a converter that %s when it writes is an InvalidPayload that names the value", (_, write, why) => {
  expect(write).toThrow(expect.objectContaining({ code: "InvalidPayload", message: expect.stringContaining(why) }));
  expect(write).toThrow(/^the input cannot be written: /);
});

it.each([
  [
    "throws a SyntaxError",
    () => faulty({ deserialize: (text) => JSON.parse(`${text}!`) }).deserialize("1", "the result"),
    "has thrown: ",
  ],
  [
    "is async",
    () => faulty({ deserialize: async () => fail("late") }).deserialize("1", "the result"),
    "must not be async",
  ],
])("a converter that %s when it reads is an InvalidPayload that names the value", (_, read, why) => {
  expect(read).toThrow(expect.objectContaining({ code: "InvalidPayload", message: expect.stringContaining(why) }));
  expect(read).toThrow(/^the result cannot be read: /);
});

it("what is right passes through, and the default stays itself", () => {
  const doubled = faulty({ serialize: (value) => JSON.stringify([value, value]) });

  expect(doubled.serialize(1, "it")).toBe("[1,1]");
  expect(doubled.deserialize("[1,1]", "it")).toEqual([1, 1]);
  expect(guardDataConverter(undefined)).toBe(jsonDataConverter);
  expect(guardDataConverter(jsonDataConverter)).toBe(jsonDataConverter);
  expect(guardDataConverter(doubled)).toBe(doubled);
});

function fail(message: string): never {
  throw new Error(message);
}
