import { DurableError } from "../../core/errors.ts";
import type { DFApp } from "../../functions/df-app.ts";
import { findHostableApp, findLoadedApps, type HostableApp } from "../../functions/embedded-host.ts";
import { type DefinitionKind, definitionOf, kindOf } from "../../portable/definitions.ts";
import { addActivity, addEntity, addOrchestration } from "../../portable/registrations.ts";
import { assertDefinedOnce, Registry } from "../../worker/registry.ts";

// biome-ignore lint/suspicious/noExplicitAny: functions of every kind.
type AnyFunction = (...args: any[]) => unknown;

/** Functions of the portable SDK, for those that were not marked with what they are. */
export interface PortableFunctions {
  /** Orchestrations: functions. */
  readonly orchestrations?: readonly AnyFunction[];
  /** Activities: functions. */
  readonly activities?: readonly AnyFunction[];
  /** Entities: functions and classes. */
  readonly entities?: readonly (AnyFunction | (new () => object))[];
}

/**
 * What is tested: a `DFApp`, a module that exports one (or its handles, or functions of the portable SDK), functions of the
 * portable SDK, or a list of these.
 */
// biome-ignore lint/suspicious/noExplicitAny: apps with any converter.
export type TestedApp = DFApp<any> | Registry | PortableFunctions | AnyFunction | object | readonly TestedApp[];

export interface TestedFunctions {
  readonly registries: readonly Registry[];
  /** The `DFApp`s among them, whose clients shall lead to the hub. */
  readonly apps: readonly HostableApp[];
}

/**
 * Finds the functions that a test speaks of.
 *
 * @param app @defaultValue all `DFApp`s that this process has loaded
 * @throws DurableError `InvalidOption` when there are none, `DuplicateRegistration`
 */
export function findTestedFunctions(app: TestedApp | undefined): TestedFunctions {
  const found = new Found();
  if (app === undefined) for (const loaded of findLoadedApps()) found.addApp(loaded);
  else found.add(app, true);
  if (found.isEmpty) {
    throw invalid(
      app === undefined
        ? "no app is loaded: import the module of your app before createTestHub(), or give it: createTestHub(app)"
        : "there are no durable functions in what createTestHub was given: give it a DFApp, a module that exports one, or functions of the portable SDK",
    );
  }
  const registries = found.registries;
  try {
    assertDefinedOnce(registries);
  } catch (error) {
    if (app !== undefined) throw error;
    const text = `${(error as Error).message}. To test one of them, give it: createTestHub(app)`;
    throw new DurableError("DuplicateRegistration", text);
  }
  return { registries, apps: [...found.apps] };
}

class Found {
  readonly apps = new Set<HostableApp>();
  readonly #registries = new Set<Registry>();
  readonly #functions = new Set<unknown>();
  #portable: Registry | undefined;

  get isEmpty(): boolean {
    return this.#registries.size === 0;
  }

  get registries(): readonly Registry[] {
    return [...this.#registries];
  }

  addApp(app: HostableApp): void {
    this.apps.add(app);
    this.#registries.add(app.registry);
  }

  /** @param isGiven whether it is what the caller has given, and not one of the exports of a module */
  add(given: unknown, isGiven: boolean): void {
    if (typeof given === "function") return this.#addFunction(given, isGiven);
    if (typeof given !== "object" || given === null) {
      if (isGiven) throw invalid(`createTestHub takes an app, but got ${given === null ? "null" : typeof given}`);
      return;
    }
    const app = findHostableApp(given);
    if (app !== undefined) return this.addApp(app);
    if (given instanceof Registry) this.#registries.add(given);
    else if (Array.isArray(given)) for (const each of given) this.add(each, isGiven);
    else if (isPortableFunctions(given)) this.#addPortable(given);
    else if (isHandle(given)) this.#addAppOf(given);
    else if (isGiven) for (const exported of Object.values(given)) this.add(exported, false);
  }

  #addFunction(given: object, isGiven: boolean): void {
    const kind = kindOf(given);
    if (kind !== undefined) return this.#register(kind, given);
    if (!isGiven) return;
    throw invalid(
      "createTestHub cannot tell what a plain function is: give it as { orchestrations: [...], activities: [...], entities: [...] }",
    );
  }

  #addPortable({ orchestrations = [], activities = [], entities = [] }: PortableFunctions): void {
    for (const code of orchestrations) this.#register("orchestration", code);
    for (const code of activities) this.#register("activity", code);
    for (const code of entities) this.#register("entity", code);
  }

  #register(kind: DefinitionKind, code: unknown): void {
    definitionOf(kind, code);
    // A module may export one thing under several names.
    if (this.#functions.has(code)) return;
    this.#functions.add(code);
    this.#portable ??= new Registry();
    this.#registries.add(this.#portable);
    if (kind === "orchestration") addOrchestration(this.#portable, code, undefined);
    else if (kind === "activity") addActivity(this.#portable, code, undefined);
    else addEntity(this.#portable, code, undefined);
  }

  /** A handle knows its name; the app that it is of has it. */
  #addAppOf({ kind, name }: Handle): void {
    for (const app of findLoadedApps()) {
      const { registry } = app;
      const definition =
        kind === "activity"
          ? registry.findActivity(name)
          : kind === "entity"
            ? registry.findEntity(name)
            : registry.findOrchestration(name);
      if (definition !== undefined) this.addApp(app);
    }
  }
}

interface Handle {
  readonly kind: DefinitionKind;
  readonly name: string;
}

function isHandle(given: object): given is Handle {
  const { kind, name } = given as { readonly kind?: unknown; readonly name?: unknown };
  return typeof name === "string" && (kind === "activity" || kind === "orchestration" || kind === "entity");
}

const portableNames: readonly string[] = ["orchestrations", "activities", "entities"];

function isPortableFunctions(given: object): given is PortableFunctions {
  const entries = Object.entries(given);
  return entries.length > 0 && entries.every(([name, value]) => portableNames.includes(name) && Array.isArray(value));
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
