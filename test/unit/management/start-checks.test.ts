import { expect, it } from "vitest";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { numberFromText } from "../functions/standard-schemas.ts";

function app(version: string | undefined, ...names: string[]): Registry {
  const registry = new Registry({ versioning: version === undefined ? undefined : { version } });
  for (const name of names) registry.addOrchestration({ name, orchestrator: async () => {} });
  return registry;
}

it("knows the orchestrations of all apps, also of one that is loaded later", () => {
  const apps = [app("1", "buy")];
  const checks = createStartChecks(() => apps);
  const unknown = expect.objectContaining({
    code: "OrchestratorNotRegistered",
    message: "there is no orchestration named 'ship'; registered are 'buy'",
  });

  expect(() => checks.assertKnown("ship")).toThrow(unknown);
  apps.push(app("7", "Ship"));

  expect(() => checks.assertKnown("ship")).not.toThrow();
  expect(checks.defaultVersionOf("SHIP")).toBe("7");
});

it("of several apps with one name the first decides, even when it has no version", () => {
  const checks = createStartChecks(() => [app(undefined, "buy"), app("7", "buy")]);

  expect(checks.defaultVersionOf("buy")).toBeUndefined();
});

it("knows the entities of all apps, whatever their case", () => {
  const counters = app("1", "buy");
  counters.addEntity({ name: "Counter", entity: () => undefined });
  const baskets = app("1");
  baskets.addEntity({ name: "Basket", entity: () => undefined });
  const checks = createStartChecks(() => [counters, baskets]);

  expect(() => checks.assertEntityKnown("counter")).not.toThrow();
  expect(() => checks.assertEntityKnown("Lamp")).toThrow(
    expect.objectContaining({
      code: "EntityNotRegistered",
      message: "there is no entity named 'Lamp'; registered are 'Basket', 'Counter'",
    }),
  );
});

it.each(["", "@counter", "builtin::x", undefined as unknown as string])("%j can be no orchestration's name", (name) => {
  const checks = createStartChecks(() => [app("1", "buy")]);

  expect(() => checks.assertKnown(name)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
});

it("reads an input with the converter of the app that runs it", async () => {
  const registry = new Registry({
    dataConverter: { serialize: (value) => String(value), deserialize: (text) => text },
  });
  registry.addOrchestration({ name: "seq", orchestrator: async () => {}, inputSchema: numberFromText });
  const checks = createStartChecks(() => [registry]);

  await expect(checks.checkInput("seq", "5")).resolves.toBeUndefined();
  await expect(checks.checkInput("seq", "five")).rejects.toMatchObject({ code: "InvalidPayload" });
  await expect(checks.checkInput("elsewhere", "five")).resolves.toBeUndefined();
});
