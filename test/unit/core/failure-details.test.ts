import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { DurableError, NonRetriableError } from "../../../src/core/errors.ts";
import { describeFailure } from "../../../src/core/failure-details.ts";
import { aggregatedFailures, toTaskFailure } from "../../../src/core/task-failure.ts";

class PaymentError extends Error {}
class CardDeclined extends PaymentError {}
class Renamed extends Error {
  override name = "Declined";
}
class Dotted extends TypeError {}
class OnPrototype extends Error {}
Object.defineProperty(OnPrototype.prototype, "name", { value: "Given" });
class Anonymous extends (() => class extends Error {})() {}

it.each([
  [new Error("x"), "Error"],
  [new RangeError("x"), "RangeError"],
  [new AggregateError([], "x"), "AggregateError"],
  [new DOMException("x", "AbortError"), "AbortError"],
  [new PaymentError("x"), "PaymentError"],
  [new CardDeclined("x"), "CardDeclined"],
  [new Dotted("x"), "Dotted"],
  [new Renamed("x"), "Declined"],
  [new OnPrototype("x"), "Given"],
  [new Anonymous("x"), "Anonymous"],
  [Object.assign(new Error("x"), { name: "Own" }), "Own"],
  [Object.assign(new CardDeclined("x"), { name: "" }), "Error"],
  [new DurableError("NotSupported", "x"), "NotSupported"],
  [new NonRetriableError("x"), "NonRetriableError"],
  [runInNewContext("new TypeError('x')"), "TypeError"],
  [runInNewContext("class Foreign extends Error {}; new Foreign('x')"), "Foreign"],
  ["x", "string"],
  [{ code: 7 }, "Object"],
])("the type of a failure is the name of the error, or of its class: %#", (thrown, errorType) => {
  expect(describeFailure(thrown).errorType).toBe(errorType);
});

it("errors of Node and of the platform keep the types they are known by", () => {
  const thrown = [
    () => Buffer.alloc("x" as never),
    () => new URL("x"),
    () => JSON.parse("{"),
    () => structuredClone(it),
  ];
  const types = thrown.map((act) => {
    try {
      return act();
    } catch (error) {
      return describeFailure(error).errorType;
    }
  });

  expect(types).toEqual(["TypeError", "TypeError", "SyntaxError", "DataCloneError"]);
});

it("a failure is asked for by a class, one that it was derived from, or a name, through its causes", () => {
  const thrown = new Error("no order", { cause: new CardDeclined("51", { cause: new Renamed("x") }) });
  const failure = toTaskFailure(JSON.parse(JSON.stringify(describeFailure(thrown))));

  expect(
    [CardDeclined, PaymentError, Renamed, "CardDeclined", "Declined"].map((type) => failure.isCausedBy(type)),
  ).toEqual([true, true, true, true, true]);
  expect([Dotted, TypeError, "Other"].map((type) => failure.isCausedBy(type))).toEqual([false, false, false]);
  expect(failure.innerFailure?.isCausedBy(PaymentError)).toBe(true);
  expect(Object.keys(failure)).not.toContain("isCausedBy");
});

it("all errors of an AggregateError are kept, and each is a cause", () => {
  const thrown = new AggregateError([new CardDeclined("no street"), new Error("no city"), "text"], "address");
  const details = describeFailure(thrown);

  expect(details).toMatchObject({ errorType: "AggregateError", innerFailure: { errorMessage: "no street" } });
  expect(aggregatedFailures(details).map(({ errorType, errorMessage }) => [errorType, errorMessage])).toEqual([
    ["CardDeclined", "no street"],
    ["Error", "no city"],
    ["string", "text"],
  ]);
  expect(toTaskFailure(details).isCausedBy(PaymentError)).toBe(true);
});

it("a property that is called errors is not taken for those of an AggregateError", () => {
  const details = describeFailure(Object.assign(new Error("invalid"), { errors: [{ field: "city" }] }));

  expect(details.innerFailure).toBeUndefined();
  expect(details.properties).toEqual({ errors: [{ field: "city" }] });
});

it("properties with circles are kept as far as JSON can tell them", () => {
  const request: Record<string, unknown> = { url: "/orders", size: 7n };
  request["self"] = request;
  const twice = { id: 1 };

  const { properties } = describeFailure(Object.assign(new Error("x"), { request, pair: [twice, twice] }));

  expect(properties).toEqual({ request: { url: "/orders", size: "7" }, pair: [{ id: 1 }, { id: 1 }] });
});

it("an error whose getters throw is still described by what can be read", () => {
  const thrown = new CardDeclined("51");
  Object.defineProperty(thrown, "name", {
    get() {
      throw new Error("no");
    },
  });

  expect(describeFailure(thrown)).toMatchObject({ errorType: "Error", errorMessage: "51" });
});
