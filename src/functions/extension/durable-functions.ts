import { callEntityOrchestratorName, httpActivityName, httpPollOrchestratorName } from "../../core/reserved-names.ts";
import type { Registry } from "../../worker/registry.ts";
import type { DurableTriggerType } from "./durable-bindings.ts";

/** A function that the host has to know. */
export interface DurableFunction {
  readonly trigger: DurableTriggerType;
  /** Of the orchestration, activity or entity. */
  readonly name: string;
  /** Of the function. It is another one where the app has something else of that name. */
  readonly functionName: string;
}

/** What every app has beside its own: durable HTTP, and the calls of entities by clients. */
const builtIns: readonly Omit<DurableFunction, "functionName">[] = [
  { trigger: "orchestrationTrigger", name: httpPollOrchestratorName },
  { trigger: "orchestrationTrigger", name: callEntityOrchestratorName },
  { trigger: "activityTrigger", name: httpActivityName },
];

/**
 * The functions of some apps, each once: of several apps that define a name the first one serves. Functions of a host
 * share one space of names, which ignores case; here orchestrations, activities and entities have one each.
 *
 * @param taken names of other functions
 */
export function listDurableFunctions(
  registries: readonly Registry[],
  taken: readonly string[] = [],
): readonly DurableFunction[] {
  const names = new Set(taken.map((name) => name.toLowerCase()));
  const found = registries.flatMap((registry) => [
    ...of("orchestrationTrigger", registry.orchestrationNames),
    ...of("activityTrigger", registry.activityNames),
    ...of("entityTrigger", registry.entityNames),
  ]);
  const known = new Set<string>();
  return [...found, ...builtIns].flatMap(({ trigger, name }) => {
    const key = `${trigger} ${name.toLowerCase()}`;
    if (known.has(key)) return [];
    known.add(key);
    let functionName = name;
    while (names.has(functionName.toLowerCase())) functionName += `_${trigger.replace("Trigger", "")}`;
    names.add(functionName.toLowerCase());
    return [{ trigger, name, functionName }];
  });
}

function of(trigger: DurableTriggerType, names: readonly string[]) {
  return names.map((name) => ({ trigger, name }));
}
