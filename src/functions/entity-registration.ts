import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import type { SchemaInput, SchemaOutput, StandardSchema } from "../core/payloads/standard-schema.ts";
import type { OperationInput, OperationNames, OperationsOf } from "../orchestration/entity-handle.ts";
import { findOperations } from "../worker/entities/class-entity.ts";
import {
  type EntityClass,
  type EntityDefinition,
  type EntityFunction,
  isEntityClass,
  type OperationSchemas,
} from "../worker/entities/entity-definition.ts";
import type { EntityContext } from "./function-contexts.ts";
import { readSchema } from "./schema-definition.ts";

/** An entity that is a class, with schemas. */
export interface CheckedClassEntity<T extends object, Operations> {
  /** The class. */
  readonly handler: EntityClass<T>;
  /** Checks the state before it is stored, and reads it again: it must take what it has given. Synchronous. */
  readonly state?: StandardSchema | undefined;
  /** Checks inputs before operations run, and results before callers get them, by the name of the operation. */
  readonly operations?: Operations | undefined;
}

/** Schemas of a class's operations: an input schema gives what the method takes, an output schema takes what it gives. */
export type ClassOperationSchemas<T> = {
  readonly [K in OperationNames<T>]?: {
    /** Checks what callers give. */
    readonly input?: StandardSchema<OperationInput<T, K>[0]> | undefined;
    /** Checks what the method gives, and what callers get is what the schema makes of it. */
    readonly output?: StandardSchema | undefined;
  };
};

/** An entity that is a function, with schemas. */
export interface CheckedFunctionEntity<State extends StandardSchema, Operations, Converter = undefined> {
  /** Checks what `setState` is given, and reads it again for `getState`. Synchronous. */
  readonly state?: State | undefined;
  /** Checks inputs before operations run, and results before callers get them, by the name of the operation. */
  readonly operations?: Operations | undefined;
  /** The function. */
  readonly handler: (context: EntityContext<SchemaOutput<State>, Converter>) => unknown;
}

/** The operations of an entity as its schemas have them, and for the rest as its class has them. */
export type CheckedOperations<T, Operations> = {
  readonly [K in OperationNames<T>]: K extends keyof Operations
    ? (
        ...input: InputOf<Operations[K], Parameters<OperationsOf<T>[K]>>
      ) => OutputOf<Operations[K], ReturnType<OperationsOf<T>[K]>>
    : OperationsOf<T>[K];
};

/** The operations of an entity that is a function, as far as they have schemas. */
export type SchemaOperations<Operations> = {
  readonly [K in keyof Operations]: (
    ...input: InputOf<Operations[K], [input?: unknown]>
  ) => OutputOf<Operations[K], unknown>;
};

type InputOf<Schemas, Otherwise extends readonly unknown[]> = Schemas extends {
  readonly input: infer In extends StandardSchema;
}
  ? undefined extends SchemaInput<In>
    ? [input?: SchemaInput<In>]
    : [input: SchemaInput<In>]
  : Otherwise;

type OutputOf<Schemas, Otherwise> = Schemas extends { readonly output: infer Out extends StandardSchema }
  ? SchemaOutput<Out>
  : Otherwise;

/** Callers are typed; what JavaScript passes is checked here. @throws DurableError `InvalidOption` */
export function resolveEntity(name: string, definition: unknown): EntityDefinition {
  const options = (typeof definition === "object" && definition !== null ? definition : { handler: definition }) as {
    readonly handler?: unknown;
    readonly state?: unknown;
    readonly operations?: unknown;
  };
  const { handler, state, operations } = options;
  assertOptionNames(options, ["handler", "state", "operations"], `entity '${name}'`);
  if (typeof handler !== "function") {
    throw invalid(`entity '${name}' needs a class or a function, or an object with one as 'handler'`);
  }
  if (isGenerator(handler)) {
    throw invalid(`entity '${name}' must not be a generator function: entities wait with 'await'`);
  }
  const entity = handler as EntityClass | EntityFunction;
  const operationSchemas = readOperationSchemas(name, operations);
  if (isEntityClass(entity)) {
    const known = findOperations(entity);
    const missing = Object.keys(operationSchemas ?? {}).find((operation) => known.find(operation) === undefined);
    if (missing !== undefined) throw invalid(`the class of entity '${name}' has no method '${missing}' to be checked`);
  }
  return { name, entity, stateSchema: readSchema(state, `'state' of entity '${name}'`), operationSchemas };
}

/** What callers check before they send an input. */
export function inputSchemasOf({ operationSchemas }: EntityDefinition): Record<string, StandardSchema> | undefined {
  if (operationSchemas === undefined) return undefined;
  const entries = Object.entries(operationSchemas);
  return Object.fromEntries(entries.flatMap(([name, { input }]) => (input === undefined ? [] : [[name, input]])));
}

function readOperationSchemas(
  name: string,
  operations: unknown,
): Readonly<Record<string, OperationSchemas>> | undefined {
  if (operations === undefined) return undefined;
  if (typeof operations !== "object" || operations === null) {
    throw invalid(`'operations' of entity '${name}' must be an object with the schemas of each operation`);
  }
  const entries = Object.entries(operations as Readonly<Record<string, unknown>>).map(([operation, schemas]) => {
    const what = `operation '${operation}' of entity '${name}'`;
    if (typeof schemas !== "object" || schemas === null) {
      throw invalid(`the schemas of ${what} must be an object with 'input' and 'output'`);
    }
    assertOptionNames(schemas, ["input", "output"], what);
    const { input, output } = schemas as { readonly input?: unknown; readonly output?: unknown };
    return [
      operation,
      { input: readSchema(input, `'input' of ${what}`), output: readSchema(output, `'output' of ${what}`) },
    ] as const;
  });
  return Object.fromEntries(entries);
}

function isGenerator(handler: object): boolean {
  return ["GeneratorFunction", "AsyncGeneratorFunction"].includes(Object.prototype.toString.call(handler).slice(8, -1));
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
