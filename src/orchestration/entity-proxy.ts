import { EntityId, type EntityRef, toEntityId } from "../core/entity-id.ts";
import type { DurableTask } from "./durable-task.ts";

// Types: all that is said of the operations of an entity stands here.

declare const operationsType: unique symbol;
declare const proxyType: unique symbol;

/** A registered entity. `Operations` holds a function for each operation. */
export interface EntityHandle<Operations> {
  readonly kind: "entity";
  readonly name: string;
  readonly [operationsType]?: Operations;
}

/** Operations of an entity of which only the name is known. */
export interface AnyEntityOperations {
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known of it.
  readonly [operation: string]: (input?: any) => any;
}

// biome-ignore lint/suspicious/noExplicitAny: any function.
type AnyFunction = (...input: any[]) => unknown;

/** The one input of an operation. */
type InputOf<Operation extends AnyFunction> =
  Parameters<Operation> extends []
    ? []
    : Parameters<Operation> extends [input: infer Input, ...rest: unknown[]]
      ? [input: Input]
      : [input?: Parameters<Operation>[0]];

/** Calls the operations, and waits for their results. */
export type EntityOperationCalls<Operations> = {
  readonly [Name in keyof Operations as Operations[Name] extends AnyFunction
    ? Name
    : never]: Operations[Name] extends AnyFunction
    ? (...input: InputOf<Operations[Name]>) => DurableTask<Awaited<ReturnType<Operations[Name]>>>
    : never;
};

/** Signals the operations: nothing to wait for. */
export type EntityOperationSignals<Operations> = {
  readonly [Name in keyof Operations as Operations[Name] extends AnyFunction
    ? Name
    : never]: Operations[Name] extends AnyFunction ? (...input: InputOf<Operations[Name]>) => void : never;
};

/**
 * One entity, as an orchestration uses it: a function for each operation.
 *
 * @remarks Operations named `signal`, `then` or `toJSON` are out of its reach: use `callEntity`.
 */
export type EntityProxy<Operations> = EntityOperationCalls<Operations> & {
  readonly signal: EntityOperationSignals<Operations>;
  readonly [proxyType]?: true;
};

/** What names one entity: its id, the text `@name@key`, or a proxy. */
export type EntityTarget = EntityRef | string | { readonly [proxyType]?: true };

// What happens.

type Use = (operation: string, input: unknown) => unknown;

const ids = new WeakMap<object, EntityId>();

/** An object with a function for every name that is asked for. */
export function createEntityProxy(id: EntityId, call: Use, signal: Use): unknown {
  const signals = operationsOf(id, signal, undefined);
  const proxy = operationsOf(id, call, signals);
  ids.set(proxy, id);
  return proxy;
}

/** The entity that is meant. @throws DurableError `InvalidEntityId` */
export function resolveEntity(target: EntityTarget): EntityId {
  return ids.get(target as object) ?? toEntityId(target as EntityRef | string);
}

/** @throws DurableError `InvalidEntityId` */
export function entityIdOf(entity: EntityHandle<unknown> | string, key: string): EntityId {
  return new EntityId(typeof entity === "string" ? entity : entity?.name, key);
}

/** What a debugger shows of a proxy. */
class EntityOperations {
  readonly entity: string;

  constructor(id: EntityId) {
    this.entity = id.toString();
  }
}

function operationsOf(id: EntityId, use: Use, signals: object | undefined): object {
  return new Proxy(new EntityOperations(id), {
    get(target, name) {
      if (typeof name === "symbol") return Reflect.get(target, name);
      // With a `then` it would be taken for a promise.
      if (name === "then") return undefined;
      // As an input or an output it is the id of its entity.
      if (name === "toJSON") return () => id.toJSON();
      if (name === "signal" && signals !== undefined) return signals;
      return (input?: unknown) => use(name, input);
    },
  });
}
