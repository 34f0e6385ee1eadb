import { expect, it } from "vitest";
import { type EntityModel, findLinearization, type ObservedOperation } from "../../support/linearizability.ts";

const counter: EntityModel<number> = {
  initial: 0,
  apply: (state, _, input) => ({ state: state + Number(input), result: state + Number(input) }),
};

function add(input: number, calledAt: number, returned?: { at: number; result: number }): ObservedOperation {
  return { operation: "add", input, calledAt, returned, mustHappen: true };
}

it("finds the order of two calls that overlap", () => {
  const found = findLinearization(counter, [[add(1, 0, { at: 5, result: 3 })], [add(2, 1, { at: 4, result: 2 })]], 3);

  expect(found.isLinearizable).toBe(true);
  expect(found.longest.map(({ input }) => input)).toEqual([2, 1]);
});

it("refuses results that no order explains", () => {
  const callers = [[add(1, 0, { at: 5, result: 1 })], [add(2, 1, { at: 4, result: 2 })]];

  expect(findLinearization(counter, callers, 3).isLinearizable).toBe(false);
});

it("refuses an order against the time of the calls", () => {
  const callers = [[add(1, 0, { at: 1, result: 3 })], [add(2, 2, { at: 3, result: 2 })]];

  expect(findLinearization(counter, callers, 3).isLinearizable).toBe(false);
});

it("refuses a signal that was lost, and one that came twice", () => {
  expect(findLinearization(counter, [[add(1, 0)]], 0).isLinearizable).toBe(false);
  expect(findLinearization(counter, [[add(1, 0)]], 2).isLinearizable).toBe(false);
  expect(findLinearization(counter, [[add(1, 0)]], 1).isLinearizable).toBe(true);
});

it("lets a call whose caller is gone happen or not", () => {
  const gone = { ...add(1, 0), mustHappen: false };

  expect(findLinearization(counter, [[gone]], 0).isLinearizable).toBe(true);
  expect(findLinearization(counter, [[gone]], 1).isLinearizable).toBe(true);
  expect(findLinearization(counter, [[gone]], 2).isLinearizable).toBe(false);
});

it("keeps the order of one caller's signals", () => {
  const list: EntityModel<readonly number[]> = {
    initial: [],
    apply: (state, _, input) => ({ state: [...state, Number(input)], result: null }),
  };
  const callers = [
    [add(1, 0), add(2, 0)],
    [add(3, 0), add(4, 0)],
  ];

  expect(findLinearization(list, callers, [1, 3, 4, 2]).isLinearizable).toBe(true);
  expect(findLinearization(list, callers, [2, 1, 3, 4]).isLinearizable).toBe(false);
});
