import { DurableError } from "../core/errors.ts";
import { assertDefinitionName } from "../core/function-names.ts";
import { findNearName } from "../core/option-names.ts";
import { type DataConverter, jsonDataConverter } from "../core/payloads/data-converter.ts";
import { eventSchemasOf, type StandardSchema, validate } from "../core/payloads/standard-schema.ts";
import type { VersioningOptions } from "../core/versioning.ts";

/**
 * What is known of orchestrations before one of them is started, whoever starts it: a client in code or a request over
 * HTTP. Names are compared ignoring case.
 */
export interface StartChecks {
  /**
   * Refuses to start what nobody runs, as the official extension does.
   *
   * @throws DurableError `OrchestratorNotRegistered`; `InvalidOption` for what no orchestration can be named
   */
  assertKnown(name: string): void;
  /**
   * Refuses to speak to an entity that nobody runs, as the official extension does.
   *
   * @throws DurableError `EntityNotRegistered`
   */
  assertEntityKnown(name: string): void;
  /**
   * Checks an input before anything is written.
   *
   * @param input JSON text, as it will be stored
   * @throws DurableError `InvalidPayload` with the path of each fault
   */
  checkInput(name: string, input: string | undefined): Promise<void>;
  /**
   * Checks an event that is raised by its name, by what this process has defined events of that name with.
   *
   * @param input JSON text, as it will be stored
   * @throws DurableError `InvalidPayload` with the path of each fault
   */
  checkEvent(name: string, input: string | undefined): Promise<void>;
  /** Checks the input of an operation as {@link checkInput} does. */
  checkOperation(entity: string, operation: string, input: string | undefined): Promise<void>;
  /** Version of a new instance that is started without one. */
  defaultVersionOf(name: string): string | undefined;
}

/** As much of an app's registry as the checks ask for. */
export interface StartableApp {
  readonly orchestrationNames: readonly string[];
  readonly entityNames: readonly string[];
  readonly dataConverter: DataConverter;
  readonly versioning: VersioningOptions | undefined;
  findOrchestration(name: string): { readonly inputSchema?: StandardSchema | undefined } | undefined;
  findEntity(name: string):
    | {
        readonly operationSchemas?:
          | Readonly<Record<string, { readonly input?: StandardSchema | undefined }>>
          | undefined;
      }
    | undefined;
}

/**
 * Checks over all apps of a process. Of several that define a name the first one decides, as it is the one that serves.
 *
 * @param apps asked at each check, because apps are loaded one after the other
 */
export function createStartChecks(apps: () => readonly StartableApp[]): StartChecks {
  const find = (name: string) => {
    for (const app of apps()) {
      const definition = app.findOrchestration(name);
      if (definition !== undefined) return { app, definition };
    }
    return undefined;
  };
  return {
    assertKnown(name) {
      assertDefinitionName(name, "the name of the orchestration to start");
      if (find(name) === undefined) throw unknownOrchestration(name, listOrchestrationNames(apps()));
    },
    assertEntityKnown(name) {
      const known = [...new Set(apps().flatMap(({ entityNames }) => entityNames))].sort();
      if (!known.some((each) => each.toLowerCase() === name.toLowerCase())) throw unknownEntity(name, known);
    },
    async checkInput(name, input) {
      const { app, definition } = find(name) ?? {};
      if (app === undefined || definition === undefined) return;
      // Whoever starts it over HTTP knows nothing of converters: what the app's cannot read would fail the instance.
      if (definition.inputSchema === undefined && app.dataConverter === jsonDataConverter) return;
      const what = `the input of orchestration '${name}'`;
      await validate(definition.inputSchema, app.dataConverter.deserialize(input, what), what);
    },
    async checkEvent(name, input) {
      const what = `the data of event '${name}'`;
      const converters = new Set(apps().map((app) => app.dataConverter));
      const known: readonly (StandardSchema | undefined)[] = eventSchemasOf(name);
      if (known.length === 0 && converters.has(jsonDataConverter)) return;
      let fault: unknown;
      for (const schema of known.length === 0 ? [undefined] : known) {
        for (const dataConverter of converters) {
          try {
            await validate(schema, dataConverter.deserialize(input, what), what);
            return;
          } catch (error) {
            fault ??= error;
          }
        }
      }
      if (fault !== undefined) throw fault;
    },
    async checkOperation(entity, operation, input) {
      const app = apps().find((each) => each.findEntity(entity) !== undefined);
      const schemas = Object.entries(app?.findEntity(entity)?.operationSchemas ?? {});
      const schema = schemas.find(([name]) => name.toLowerCase() === operation.toLowerCase())?.[1].input;
      if (app === undefined || schema === undefined) return;
      const what = `the input of operation '${operation}' of entity '${entity}'`;
      await validate(schema, app.dataConverter.deserialize(input, what), what);
    },
    defaultVersionOf: (name) => find(name)?.app.versioning?.version,
  };
}

/** All names of some apps, each once, sorted. */
export function listOrchestrationNames(apps: readonly Pick<StartableApp, "orchestrationNames">[]): readonly string[] {
  return [...new Set(apps.flatMap((app) => app.orchestrationNames))].sort();
}

function unknownEntity(name: string, known: readonly string[]): DurableError {
  return new DurableError("EntityNotRegistered", `there is no entity named '${name}'; ${describeKnown(name, known)}`);
}

function unknownOrchestration(name: string, known: readonly string[]): DurableError {
  const text = `there is no orchestration named '${name}'; ${describeKnown(name, known)}`;
  return new DurableError("OrchestratorNotRegistered", text);
}

function describeKnown(name: string, known: readonly string[]): string {
  if (known.length === 0) return "none is registered";
  const meant = findNearName(name, known);
  return `${meant === undefined ? "" : `did you mean '${meant}'? `}registered are '${known.join("', '")}'`;
}
