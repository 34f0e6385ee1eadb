import { expect, it } from "vitest";
import { definitionOf } from "../../../src/portable/definitions.ts";
import { activity, entity, orchestration } from "../../../src/portable/index.ts";
import { addActivity, addEntity, addOrchestration } from "../../../src/portable/registrations.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { orderSchema } from "../functions/standard-schemas.ts";

it("helpers give back the very function, marked with its name", () => {
  const code = () => 1;
  expect(activity(code)).toBe(code);
  expect(definitionOf("activity", code)).toMatchObject({ kind: "activity", name: "code" });
});

it("a name that is given counts, in references too", () => {
  const code = orchestration("theOrder", async () => 1);
  const registry = new Registry();

  expect(addOrchestration(registry, code, undefined)).toBe("theOrder");
  expect(definitionOf("orchestration", code).name).toBe("theOrder");
});

it("a plain function is known by its name, and by the first name that it was added under", () => {
  const registry = new Registry();
  function plain() {}
  const other = () => {};

  expect(addActivity(registry, plain, undefined)).toBe("plain");
  expect(addActivity(registry, "renamed", other)).toBe("renamed");
  expect(definitionOf("activity", other).name).toBe("renamed");
  expect(addActivity(registry, "again", other)).toBe("again");
  expect(definitionOf("activity", other).name).toBe("renamed");
  expect(registry.activityNames).toEqual(["plain", "renamed", "again"]);
});

it("a function without a name is refused, with what to do", () => {
  expect(() => addActivity(new Registry(), () => {}, undefined)).toThrow(/has no name.*activity\("name", \.\.\.\)/);
  expect(() => orchestration(async () => {})).toThrow(/has no name/);
});

it("a function is one thing, under one name", () => {
  const code = activity("pay", () => {});

  expect(() => orchestration(code as never)).toThrow("'pay' is an activity, and an orchestration is wanted");
  expect(() => entity("Pay", code as never)).toThrow(/an entity 'Pay' is an activity 'pay' already/);
  expect(() => addOrchestration(new Registry(), code, undefined)).toThrow(/'pay' is an activity/);
  expect(activity("pay", code)).toBe(code);
});

it("what is no function is refused", () => {
  const registry = new Registry();

  expect(() => addActivity(registry, { name: "x" }, undefined)).toThrow(/an activity is a function, but got an object/);
  expect(() => addEntity(registry, "E", 5)).toThrow(/an entity 'E' is a function or a class, but got number 5/);
  expect(() => addEntity(registry, "E", function* () {})).toThrow(/must not be a generator/);
  expect(() => addOrchestration(registry, "", () => {})).toThrow(/name of an orchestration/);
  expect(() => addOrchestration(registry, "BuiltIn__X", () => {})).toThrow(/reserved/);
  expect(() => activity({ name: "x", input: 5 } as never, () => {})).toThrow(/'input' of activity/);
});

it("a class does not have the name of its base", () => {
  class Base {
    get() {}
  }
  class Derived extends Base {}
  entity("TheBase", Base);
  const registry = new Registry();

  expect(addEntity(registry, Derived, undefined)).toBe("Derived");
  expect(addEntity(registry, Base, undefined)).toBe("TheBase");
});

it("schemas go along", () => {
  const code = activity({ name: "checked", input: orderSchema, output: orderSchema }, (_ctx, order) => order);
  const registry = new Registry();
  addActivity(registry, code, undefined);
  class Basket {
    put(_order: unknown) {}
  }
  addEntity(registry, entity({ state: orderSchema, operations: { put: { input: orderSchema } } }, Basket), undefined);

  expect(registry.findActivity("checked")).toMatchObject({ inputSchema: orderSchema, outputSchema: orderSchema });
  expect(registry.findEntity("basket")).toMatchObject({
    stateSchema: orderSchema,
    operationSchemas: { put: { input: orderSchema } },
  });
});
