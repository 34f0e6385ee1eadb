import { expect, it } from "vitest";
import { listDurableFunctions } from "../../../../src/functions/extension/durable-functions.ts";
import { Registry } from "../../../../src/worker/registry.ts";

function registryOf(names: { orchestrations?: string[]; activities?: string[]; entities?: string[] }): Registry {
  const registry = new Registry();
  for (const name of names.orchestrations ?? []) registry.addOrchestration({ name, orchestrator: () => {} });
  for (const name of names.activities ?? []) registry.addActivity({ name, activity: () => {} });
  for (const name of names.entities ?? []) registry.addEntity({ name, entity: () => {} });
  return registry;
}

const own = (registries: readonly Registry[], taken?: readonly string[]) =>
  listDurableFunctions(registries, taken)
    .filter(({ name }) => !name.startsWith("BuiltIn__"))
    .map(({ trigger, name, functionName }) => `${trigger.replace("Trigger", "")} ${name} ${functionName}`);

it("lists what all apps have, each once, and what every app has beside its own", () => {
  const first = registryOf({ orchestrations: ["hello"], activities: ["say"], entities: ["Counter"] });
  const second = registryOf({ orchestrations: ["HELLO", "bye"], entities: ["counter"] });

  expect(own([first, second])).toEqual([
    "orchestration hello hello",
    "activity say say",
    "entity Counter Counter",
    "orchestration bye bye",
  ]);
  expect(listDurableFunctions([]).map(({ functionName }) => functionName)).toEqual([
    "BuiltIn__HttpPollOrchestrator",
    "BuiltIn__CallEntity",
    "BuiltIn__HttpActivity",
  ]);
});

it("gives functions names of their own where the app has something else of that name", () => {
  const registry = registryOf({
    orchestrations: ["pay", "start"],
    activities: ["Pay", "pay_activity"],
    entities: ["pay"],
  });

  expect(own([registry], ["START"])).toEqual([
    "orchestration pay pay",
    "orchestration start start_orchestration",
    "activity Pay Pay_activity",
    "activity pay_activity pay_activity_activity",
    "entity pay pay_entity",
  ]);
});
