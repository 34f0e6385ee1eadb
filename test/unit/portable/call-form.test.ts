import { expect, it } from "vitest";
import { resolveCallForm } from "../../../src/portable/call-form.ts";
import { activity, type CallActivityOptions } from "../../../src/portable/index.ts";
import { orderSchema } from "../functions/standard-schemas.ts";

const pay = activity({ name: "pay", input: orderSchema }, (_ctx, order) => order.id);

it("takes the input as it is, with options after it", () => {
  const options: CallActivityOptions = { timeout: "5s" };

  expect(resolveCallForm("activity", "pay", 5, options)).toEqual({ target: "pay", input: 5, options });
  expect(resolveCallForm("activity", "pay", { id: 1, input: 2 }, undefined).input).toEqual({ id: 1, input: 2 });
  expect(resolveCallForm("activity", "pay", { retry: 1 }, undefined).input).toEqual({ retry: 1 });
});

it("takes an object with the input and nothing but options for the call", () => {
  const retry = { firstInterval: 5, maxAttempts: 2 };

  for (const target of ["pay", pay, { kind: "activity", name: "pay" }]) {
    const call = resolveCallForm("activity", target, { input: 5, retry, tags: { a: "b" } }, undefined);
    expect(call).toMatchObject({ input: 5, options: { retry, tags: { a: "b" } } });
  }
  expect(resolveCallForm("activity", "pay", { input: undefined }, undefined)).toMatchObject({ input: undefined });
  expect(resolveCallForm("activity", "pay", { input: { input: 1 } }, undefined).input).toEqual({ input: 1 });
});

it("knows the options of each kind", () => {
  const withId = { input: 1, instanceId: "child" };
  const withTimeout = { input: 1, timeout: 5 };

  expect(resolveCallForm("orchestration", "x", withId, undefined)).toMatchObject({
    input: 1,
    options: { instanceId: "child" },
  });
  expect(resolveCallForm("activity", "x", withId, undefined).input).toBe(withId);
  expect(resolveCallForm("orchestration", "x", withTimeout, undefined).input).toBe(withTimeout);
});

it("takes nothing but plain objects for the call", () => {
  class Letter {
    input = 1;
  }
  const letter = new Letter();
  const bare = Object.assign(Object.create(null), { input: 1 });

  expect(resolveCallForm("activity", "x", letter, undefined).input).toBe(letter);
  expect(resolveCallForm("activity", "x", bare, undefined).input).toBe(1);
});

it("gives retry another name", () => {
  const policy = { firstInterval: 5, maxAttempts: 2 };

  expect(resolveCallForm("activity", "x", { input: 1, retryPolicy: policy }, undefined).options).toEqual({
    retry: policy,
  });
  expect(resolveCallForm("activity", "x", 1, { retryPolicy: policy }).options).toEqual({ retry: policy });
  expect(() => resolveCallForm("activity", "x", 1, { retryPolicy: policy, retry: policy })).toThrow(/say the same/);
});

it("refuses options in two places", () => {
  expect(() => resolveCallForm("activity", "x", { input: 1 }, { retry: undefined })).toThrow(/not in both places/);
});

it("functions stand for their names and schemas", () => {
  expect(resolveCallForm("activity", pay, {}, undefined).target).toEqual({ name: "pay", inputSchema: orderSchema });
  expect(() => resolveCallForm("orchestration", pay, {}, undefined)).toThrow(/'pay' is an activity/);
});
