import { EntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { assertDefinitionName } from "../core/function-names.ts";
import { assertKind, assertOptionNames, assertOptions, type OptionKinds } from "../core/option-names.ts";
import { type DataConverter, guardDataConverter } from "../core/payloads/data-converter.ts";
import type { StandardSchema } from "../core/payloads/standard-schema.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import type { VersioningOptions } from "../core/versioning.ts";
import type { Orchestrator } from "../orchestration/orchestrator.ts";
import type { ActivityFunction } from "./activity-context.ts";
import type { DurableHttpOptions } from "./durable-http/durable-http-options.ts";
import type { EntityDefinition } from "./entities/entity-definition.ts";

/** An orchestration as it is registered. */
export interface OrchestrationDefinition {
  /** Name of the orchestration. */
  readonly name: string;
  /** The code. */
  readonly orchestrator: Orchestrator;
  /** Checks the input before the code runs. Synchronous. */
  readonly inputSchema?: StandardSchema | undefined;
  /** Checks the output before it is stored. Synchronous. */
  readonly outputSchema?: StandardSchema | undefined;
}

/** An activity as it is registered. */
export interface ActivityDefinition {
  /** Name of the activity. */
  readonly name: string;
  /** The code. */
  readonly activity: ActivityFunction;
  /** Checks the input before the code runs. */
  readonly inputSchema?: StandardSchema | undefined;
  /** Checks the result before it is stored. */
  readonly outputSchema?: StandardSchema | undefined;
}

/** What holds for all functions of an app. */
export interface RegistryOptions {
  /** @defaultValue plain JSON */
  readonly dataConverter?: DataConverter | undefined;
  /** Which instances this app runs. @defaultValue those of every version */
  readonly versioning?: VersioningOptions | undefined;
  /** What `context.callHttp` may do. */
  readonly durableHttp?: DurableHttpOptions | undefined;
}

const registryKinds: OptionKinds<RegistryOptions> = {
  dataConverter: "converter",
  versioning: "object",
  durableHttp: "object",
};

const httpKinds: OptionKinds<DurableHttpOptions> = {
  allowRequest: "function",
  tokenProvider: "any",
  maxResponseBytes: "count",
  maxHeaderBytes: "count",
  defaultPollInterval: "time span",
  minPollInterval: "time span",
  maxPollInterval: "time span",
  transport: "any",
};

/**
 * The user functions of one app. Names come from outside, so they are kept in maps, exact; a lookup that finds no exact
 * name takes one that differs only in case, as the Functions host does.
 */
export class Registry {
  /** Writes and reads the values of these functions. */
  readonly dataConverter: DataConverter;
  /** What `context.callHttp` may do. */
  readonly durableHttp: DurableHttpOptions | undefined;
  #versioning: VersioningOptions | undefined;
  readonly #orchestrations = new NamedDefinitions<OrchestrationDefinition>("orchestration");
  readonly #activities = new NamedDefinitions<ActivityDefinition>("activity");
  readonly #entities = new NamedDefinitions<EntityDefinition>("entity");

  /** @throws DurableError `InvalidOption` */
  static {
    shareAcrossCopies(Registry, "Registry");
  }

  constructor(options: RegistryOptions = {}) {
    assertOptions(options, registryKinds, "a registry");
    if (options.durableHttp !== undefined) assertOptions(options.durableHttp, httpKinds, "'durableHttp'");
    this.dataConverter = guardDataConverter(options.dataConverter);
    this.#versioning = options.versioning;
    this.durableHttp = options.durableHttp;
  }

  /** Which instances this app runs; absent means those of every version. */
  get versioning(): VersioningOptions | undefined {
    return this.#versioning;
  }

  /** What the host's settings say; an app that has a version of its own keeps it. */
  setDefaultVersioning(versioning: VersioningOptions): void {
    this.#versioning ??= versioning;
  }

  /** @throws DurableError `InvalidOption`, `DuplicateRegistration` */
  addOrchestration(definition: OrchestrationDefinition): void {
    assertDefinition(definition, "orchestrator", ["inputSchema", "outputSchema"]);
    this.#orchestrations.add(definition);
  }

  /** @throws DurableError `InvalidOption`, `DuplicateRegistration` */
  addActivity(definition: ActivityDefinition): void {
    assertDefinition(definition, "activity", ["inputSchema", "outputSchema"]);
    this.#activities.add(definition);
  }

  /**
   * Entities are known by their names ignoring case.
   *
   * @throws DurableError `InvalidOption`, `InvalidEntityId`, `DuplicateRegistration`
   */
  addEntity(definition: EntityDefinition): void {
    assertDefinition(definition, "entity", ["stateSchema", "operationSchemas"]);
    const { name } = definition;
    assertDefinitionName(name, "the name of an entity");
    new EntityId(name, "");
    const known = this.#entities.find(name);
    if (known !== undefined && known.name !== name) {
      throw new DurableError(
        "DuplicateRegistration",
        `an entity named '${known.name}' is registered already, and '${name}' differs from it only in case`,
      );
    }
    this.#entities.add(definition);
  }

  /** By its name; one that differs only in case if there is no other. */
  findOrchestration(name: string): OrchestrationDefinition | undefined {
    return this.#orchestrations.find(name);
  }

  /** By its name; one that differs only in case if there is no other. */
  findActivity(name: string): ActivityDefinition | undefined {
    return this.#activities.find(name);
  }

  /** By its name, compared ignoring case. */
  findEntity(name: string): EntityDefinition | undefined {
    return this.#entities.find(name);
  }

  /** In the order in which they were added. */
  get orchestrationNames(): readonly string[] {
    return this.#orchestrations.names;
  }

  /** In the order in which they were added. */
  get activityNames(): readonly string[] {
    return this.#activities.names;
  }

  /** In the order in which they were added. */
  get entityNames(): readonly string[] {
    return this.#entities.names;
  }
}

/** @param code the member that holds the code */
function assertDefinition(definition: object, code: string, schemas: readonly string[]): void {
  assertOptionNames(definition, ["name", code, ...schemas], `the definition of an ${code}`);
  const given = (definition as Readonly<Record<string, unknown>>)[code];
  assertKind(given, "function", `'${code}' of the definition of an ${code}`);
}

class NamedDefinitions<T extends { readonly name: string }> {
  readonly #kind: string;
  readonly #exact = new Map<string, T>();
  readonly #folded = new Map<string, T>();

  constructor(kind: string) {
    this.#kind = kind;
  }

  get names(): readonly string[] {
    return [...this.#exact.keys()];
  }

  add(definition: T): void {
    const { name } = definition;
    assertDefinitionName(name, `the name of an ${this.#kind}`);
    if (this.#exact.has(name)) {
      throw new DurableError("DuplicateRegistration", `an ${this.#kind} named '${name}' is registered already`);
    }
    this.#exact.set(name, definition);
    const folded = name.toLowerCase();
    if (!this.#folded.has(folded)) this.#folded.set(folded, definition);
  }

  find(name: string): T | undefined {
    return this.#exact.get(name) ?? this.#folded.get(name.toLowerCase());
  }
}

/** What it takes to tell which names an app defines. */
type NamedApp = Pick<Registry, "orchestrationNames" | "activityNames" | "entityNames" | "findEntity">;

/** Names that more than one app of a process defines; those of entities compare ignoring case. */
function findDuplicateNames(apps: readonly NamedApp[]): readonly string[] {
  const perApp = apps.map((app) => new Set([...app.orchestrationNames, ...app.activityNames]));
  const names = new Set(perApp.flatMap((own) => [...own]));
  const duplicates = [...names].filter((name) => perApp.filter((own) => own.has(name)).length > 1);
  const entities = apps.flatMap((app, index) => {
    const others = apps.slice(index + 1);
    return app.entityNames.filter((name) => others.some((other) => other.findEntity(name) !== undefined));
  });
  return [...new Set([...duplicates, ...entities])];
}

/** @throws DurableError `DuplicateRegistration`, as one app throws for two functions of a name */
export function assertDefinedOnce(apps: readonly NamedApp[]): void {
  const names = findDuplicateNames(apps);
  if (names.length === 0) return;
  throw new DurableError(
    "DuplicateRegistration",
    `more than one app of this process defines '${names.join("', '")}', so that nobody could say which of them is called; rename them, or register each in one app`,
  );
}

/** The host and the app may have loaded two copies of this package, so they meet under a global symbol. */
const writtenCode = Symbol.for("durable-functions-ts.written-code");

/** Says which code of the user stands behind an orchestrator that was made of it. */
export function showWrittenCode(orchestrator: Orchestrator, written: object): Orchestrator {
  return Object.defineProperty(orchestrator, writtenCode, { value: written });
}

/** The code of an orchestrator as the user has written it. */
export function findWrittenCode(orchestrator: Orchestrator): object {
  return (orchestrator as { readonly [writtenCode]?: object })[writtenCode] ?? orchestrator;
}
