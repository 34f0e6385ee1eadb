import { assertAddressable, EntityId, type EntityRef, toEntityId } from "../core/entity-id.ts";
import { validateSync } from "../core/payloads/standard-schema.ts";
import {
  createEntityHandle,
  type EntityHandle,
  type EntityOperationCalls,
  type EntityOperationSignals,
  inputSchemaOf,
} from "./entity-handle.ts";

declare const proxyType: unique symbol;

/**
 * One entity, as an orchestration uses it: a function for each operation.
 *
 * @remarks Operations named `signal`, `then` or `toJSON` are out of its reach: use `callEntity`.
 */
export type EntityProxy<T, Converter = undefined> = EntityOperationCalls<T, Converter> & {
  /** The same operations, as signals: they wait for nothing and answer nothing. */
  readonly signal: EntityOperationSignals<T>;
  /** @internal */
  readonly [proxyType]?: true;
};

/** What names one entity: its id, the text `@name@key`, or a proxy. */
export type EntityTarget = EntityRef | string | { readonly [proxyType]?: true };

// What happens.

type Use = (operation: string, input: unknown) => unknown;

const ids = new WeakMap<object, EntityId>();

/** An object with a function for every name that is asked for. Schemas of the handle check inputs. */
export function createEntityProxy(
  entity: EntityHandle<unknown> | string,
  key: string,
  use: Readonly<Record<"call" | "signal", (id: EntityId, operation: string, input: unknown) => unknown>>,
): unknown {
  const handle = typeof entity === "string" ? createEntityHandle(entity) : entity;
  const id = assertAddressable(new EntityId(handle?.name, key));
  // Checked here, sent as given: the entity runs the schema too, and a schema may change what it takes.
  const check = (operation: string, input: unknown) => {
    validateSync(inputSchemaOf(handle, operation), input, `the input of operation '${operation}' of entity '${id}'`);
  };
  const checked =
    (then: (id: EntityId, operation: string, input: unknown) => unknown): Use =>
    (operation, input) => {
      check(operation, input);
      return then(id, operation, input);
    };
  const proxy = operationsOf(id, checked(use.call), operationsOf(id, checked(use.signal), undefined));
  ids.set(proxy, id);
  return proxy;
}

/** The entity that is meant. @throws DurableError `InvalidEntityId` */
export function resolveEntity(target: EntityTarget): EntityId {
  return ids.get(target as object) ?? assertAddressable(toEntityId(target as EntityRef | string));
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
