import { Registry } from "../../worker/registry.ts";
import type { FunctionRegistration, RegisteredFunction, TriggerBinding } from "../app/function-metadata.ts";

/** What a durable trigger starts. */
export type DurableKind = "orchestration" | "activity" | "entity";

/** A function of an app that was written for `durable-functions` 3.x. */
export interface ClassicFunction {
  /** What orchestrators and clients call it; compared ignoring case. */
  readonly name: string;
  readonly kind: DurableKind;
  readonly fn: RegisteredFunction;
  readonly trigger: TriggerBinding;
}

/** Types of durable triggers in lower case, with the option that gives another name than the function's. */
const durableTriggers: ReadonlyMap<string, { readonly kind: DurableKind; readonly nameOption: string }> = new Map([
  ["orchestrationtrigger", { kind: "orchestration", nameOption: "orchestration" }],
  ["activitytrigger", { kind: "activity", nameOption: "activity" }],
  ["entitytrigger", { kind: "entity", nameOption: "entityName" }],
]);

/** A function that speaks the JSON protocol; `undefined` for others, also for those that ask for gRPC. */
export function readClassicFunction(fn: RegisteredFunction, trigger: TriggerBinding): ClassicFunction | undefined {
  const { binding } = trigger;
  const durable = durableTriggers.get(binding.type.toLowerCase());
  if (durable === undefined || requiresGrpc(binding["durableRequiresGrpc"])) return undefined;
  const given = binding[durable.nameOption];
  const name = typeof given === "string" && given !== "" ? given : fn.metadata.name;
  return { name, kind: durable.kind, fn, trigger };
}

/** Names of the inputs through which a function gets a client of the JSON protocol. */
export function clientInputNames({ bindings }: FunctionRegistration): readonly string[] {
  return Object.entries(bindings)
    .filter(
      ([, { type, durableRequiresGrpc }]) =>
        /^(?:durable|orchestration)Client$/i.test(type) && !requiresGrpc(durableRequiresGrpc),
    )
    .map(([name]) => name);
}

function requiresGrpc(flag: unknown): boolean {
  return flag === true || (typeof flag === "string" && flag.toLowerCase() === "true");
}

/** The durable functions of an app that speak the JSON protocol, by kind and name. */
export class ClassicFunctions {
  /**
   * Their names, for whoever lists functions or starts instances. What it holds is never run: see `ClassicExecutor`.
   */
  readonly registry: Registry = new Registry();
  readonly #functions: Record<DurableKind, Map<string, ClassicFunction>> = {
    orchestration: new Map(),
    activity: new Map(),
    entity: new Map(),
  };

  /** @throws DurableError `InvalidOption`, `InvalidEntityId` for a name, `DuplicateRegistration` */
  constructor(functions: readonly ClassicFunction[]) {
    for (const classic of functions) {
      const { name, kind } = classic;
      if (kind === "orchestration") this.registry.addOrchestration({ name, orchestrator: runElsewhere });
      else if (kind === "activity") this.registry.addActivity({ name, activity: runElsewhere });
      else this.registry.addEntity({ name, entity: runElsewhere });
      this.#functions[kind].set(name.toLowerCase(), classic);
    }
  }

  get isEmpty(): boolean {
    return Object.values(this.#functions).every((functions) => functions.size === 0);
  }

  find(kind: DurableKind, name: string): ClassicFunction | undefined {
    return this.#functions[kind].get(name.toLowerCase());
  }
}

function runElsewhere(): never {
  throw new Error("a function of the JSON protocol runs in its own executor");
}
