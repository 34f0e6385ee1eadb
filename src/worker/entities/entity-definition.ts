import type { StandardSchema } from "../../core/payloads/standard-schema.ts";
import type { EntityContext } from "./entity-context.ts";

/** Methods are operations, fields are the state. */
export type EntityClass<T extends object = object> = new () => T;

/** Is given every operation. What it returns is the result, unless it has set one. */
export type EntityFunction<State = unknown> = (context: EntityContext<State>) => unknown;

/** An entity as it is registered. */
export interface EntityDefinition {
  /** Name of the entity. */
  readonly name: string;
  /** The class or the function. */
  // biome-ignore lint/suspicious/noExplicitAny: the registry holds entities of every state; users' code is typed.
  readonly entity: EntityClass | EntityFunction<any>;
  /** Reads what is stored; what is about to be stored has to pass it too. */
  readonly stateSchema?: StandardSchema | undefined;
  /** By the name of the operation, which is compared ignoring case. */
  readonly operationSchemas?: Readonly<Record<string, OperationSchemas>> | undefined;
}

/** Schemas of one operation. */
export interface OperationSchemas {
  /** Checks what callers give. */
  readonly input?: StandardSchema | undefined;
  /** Checks what the operation gives. */
  readonly output?: StandardSchema | undefined;
}

/** A class, which `new` makes instances of, as opposed to a function. */
export function isEntityClass(entity: EntityDefinition["entity"]): entity is EntityClass {
  const prototype = Object.getOwnPropertyDescriptor(entity, "prototype");
  if (prototype === undefined) return false;
  // Compilers to old targets make functions of classes; those have methods, or a base.
  const { value, writable } = prototype;
  return (
    writable === false ||
    Object.getOwnPropertyNames(value).length > 1 ||
    Object.getPrototypeOf(value) !== Object.prototype
  );
}
