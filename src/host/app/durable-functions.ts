import { DurableError } from "../../core/errors.ts";
import { Registry } from "../../worker/registry.ts";
import type { EmbeddedApps } from "./embedded-apps.ts";
import type { FunctionRegistration, RegisteredFunction, TriggerBinding } from "./function-metadata.ts";
import type { TypedData } from "./typed-data.ts";

/** What a durable trigger starts. */
export type DurableKind = "orchestration" | "activity" | "entity";

/** What a durable binding speaks: JSON, as `durable-functions` 3.x does, or protobuf, as its version 4 does. */
export type DurableProtocol = "json" | "protobuf";

/** A durable function that the app has registered without a `DFApp`. */
export interface DurableFunction {
  /** What orchestrators and clients call it; compared ignoring case. */
  readonly name: string;
  readonly kind: DurableKind;
  readonly protocol: DurableProtocol;
  readonly fn: RegisteredFunction;
  readonly trigger: TriggerBinding;
}

/** The value that an input with a durable client gets; `undefined` while there is none. */
export type ClientInput = (protocol: DurableProtocol) => TypedData | undefined;

/** Types of durable triggers in lower case, with the option that gives another name than the function's. */
const durableTriggers: ReadonlyMap<string, { readonly kind: DurableKind; readonly nameOption: string }> = new Map([
  ["orchestrationtrigger", { kind: "orchestration", nameOption: "orchestration" }],
  ["activitytrigger", { kind: "activity", nameOption: "activity" }],
  ["entitytrigger", { kind: "entity", nameOption: "entityName" }],
]);

/** What a function is to the engine; `undefined` when its trigger is no durable one. */
export function readDurableFunction(fn: RegisteredFunction, trigger: TriggerBinding): DurableFunction | undefined {
  const { binding } = trigger;
  const durable = durableTriggers.get(binding.type.toLowerCase());
  if (durable === undefined) return undefined;
  const given = binding[durable.nameOption];
  const name = typeof given === "string" && given !== "" ? given : fn.metadata.name;
  return { name, kind: durable.kind, protocol: protocolOf(binding), fn, trigger };
}

/** The protocols of the inputs through which a function gets durable clients, by their names. */
export function clientInputs({ bindings }: FunctionRegistration): ReadonlyMap<string, DurableProtocol> {
  const clients = Object.entries(bindings).filter(([, { type }]) => /^(?:durable|orchestration)Client$/i.test(type));
  return new Map(clients.map(([name, binding]) => [name, protocolOf(binding)]));
}

/** The durable clients that a function gets for its inputs. */
export function resolveClientInputs(
  registration: FunctionRegistration,
  clientInput: ClientInput,
): Readonly<Record<string, TypedData>> {
  const values = [...clientInputs(registration)].flatMap(([name, protocol]) => {
    const value = clientInput(protocol);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(values);
}

function protocolOf({ durableRequiresGrpc: flag }: { readonly [option: string]: unknown }): DurableProtocol {
  const isAsked = flag === true || (typeof flag === "string" && flag.toLowerCase() === "true");
  return isAsked ? "protobuf" : "json";
}

/** The durable functions of an app that speak one protocol, by kind and name. */
export class DurableFunctions {
  /** Their names, for whoever lists functions or starts instances. What it holds is never run: other executors do. */
  readonly registry: Registry = new Registry();
  readonly #functions: Record<DurableKind, Map<string, DurableFunction>> = {
    orchestration: new Map(),
    activity: new Map(),
    entity: new Map(),
  };

  /** @throws DurableError `InvalidOption`, `InvalidEntityId` for a name, `DuplicateRegistration` */
  constructor(functions: readonly DurableFunction[]) {
    for (const durable of functions) {
      const { name, kind } = durable;
      if (kind === "orchestration") this.registry.addOrchestration({ name, orchestrator: runElsewhere });
      else if (kind === "activity") this.registry.addActivity({ name, activity: runElsewhere });
      else this.registry.addEntity({ name, entity: runElsewhere });
      this.#functions[kind].set(name.toLowerCase(), durable);
    }
  }

  get isEmpty(): boolean {
    return Object.values(this.#functions).every((functions) => functions.size === 0);
  }

  find(kind: DurableKind, name: string): DurableFunction | undefined {
    return this.#functions[kind].get(name.toLowerCase());
  }

  /** Makes them known beside those of the process's `DFApp`s. @throws DurableError `HostStartFailed` when one of those has one of their names */
  join(apps: EmbeddedApps): void {
    if (this.isEmpty) return;
    const { orchestrationNames, activityNames, entityNames } = this.registry;
    const duplicates = [
      ...orchestrationNames.filter((name) => has(apps.orchestrationNames, name)),
      ...activityNames.filter((name) => has(apps.activityNames, name)),
      ...entityNames.filter((name) => has(apps.entityNames, name)),
    ];
    if (duplicates.length > 0) {
      throw new DurableError(
        "HostStartFailed",
        `defined more than once, by functions that run in different ways: '${duplicates.join("', '")}'. Rename one of each two`,
      );
    }
    apps.attach({ registry: this.registry });
  }
}

function runElsewhere(): never {
  throw new Error("a function of another protocol runs in its own executor");
}

function has(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name.toLowerCase());
}
