import { expect, it } from "vitest";
import { assertOptionNames } from "../../../src/core/option-names.ts";

const names = ["taskHub", "storage", "concurrency"];
const check = (options: unknown) => () => assertOptionNames(options, names, "the worker");

it("takes options that are known, and none at all", () => {
  expect(check({ taskHub: undefined, storage: 1 })).not.toThrow();
  expect(check({})).not.toThrow();
});

it.each([
  ["taskhub", "taskHub"],
  ["storag", "storage"],
  ["sotrage", "storage"],
  ["concurency", "concurrency"],
  ["storages", "storage"],
  ["stirage", "storage"],
])("names the option that was meant by '%s'", (given, meant) => {
  expect(check({ [given]: 1 })).toThrow(`the worker has no option '${given}'; did you mean '${meant}'?`);
});

it("lists the options where none is near", () => {
  expect(check({ retries: 1 })).toThrow("has no option 'retries'; it takes taskHub, storage, concurrency");
});

it.each([[undefined], [null], ["Orders"], [5], [[]], [() => 1], [new Date(0)]])(
  "refuses %s in place of options",
  (options) => {
    expect(check(options)).toThrow("needs an object with options ({ taskHub, storage, concurrency })");
  },
);
