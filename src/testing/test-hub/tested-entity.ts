import type { EntityClient } from "../../core/entity-client.ts";
import { EntityId } from "../../core/entity-id.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import type { StoredAs } from "../../core/payloads/json-types.ts";
import type { StartChecks } from "../../management/start-checks.ts";
import type { EntityHandle, OperationNames, OperationsOf } from "../../orchestration/entity-handle.ts";
import { createEntityProxy } from "../../orchestration/entity-proxy.ts";
import { TaskFailedError } from "../../orchestration/task-failed-error.ts";

/** One entity on a test hub: a function for each operation. */
export type TestedEntity<T> = {
  readonly [K in OperationNames<T>]: (
    ...input: Parameters<OperationsOf<T>[K]>
  ) => Promise<StoredAs<undefined, ReturnType<OperationsOf<T>[K]>>>;
} & {
  /** Operations that nobody waits for. */
  readonly signal: {
    readonly [K in OperationNames<T>]: (...input: Parameters<OperationsOf<T>[K]>) => Promise<void>;
  };
};

/** The fields of an entity that is a class, as they are stored; of one that is a function nothing is known. */
export type EntityStateOf<T> = string extends keyof T
  ? unknown
  : { readonly [K in Exclude<keyof T, OperationNames<T>>]: StoredAs<undefined, T[K]> };

export interface EntityPorts {
  readonly begin: () => Promise<void>;
  readonly client: EntityClient;
  readonly checks: StartChecks;
  readonly converterOf: (entity: string) => DataConverter;
}

export function openTestedEntity(entity: EntityHandle<unknown> | string, key: string, ports: EntityPorts): unknown {
  const { begin, client, checks, converterOf } = ports;
  const prepare = async (id: EntityId, operation: string, input: unknown) => {
    await begin();
    checks.assertEntityKnown(id.name);
    return converterOf(id.name).serialize(input, `the input of operation '${operation}' of '${id}'`);
  };
  return createEntityProxy(entity, key, {
    call: async (id, operation, given) => {
      const input = await prepare(id, operation, given);
      const outcome = await client.call(id, { operation, input }, {});
      if (outcome.kind === "failed") {
        throw new TaskFailedError(`operation '${operation}' of entity`, id.toString(), -1, outcome.failureDetails);
      }
      return converterOf(id.name).deserialize(outcome.result, `the result of operation '${operation}' of '${id}'`);
    },
    signal: async (id, operation, given) => {
      const input = await prepare(id, operation, given);
      await client.signal(id, { operation, input });
    },
  });
}

/** `undefined` for an entity without state. */
export async function readEntityState(
  entity: EntityHandle<unknown> | string,
  key: string,
  { client, converterOf }: EntityPorts,
): Promise<unknown> {
  const name = typeof entity === "string" ? entity : entity?.name;
  const id = new EntityId(name, key);
  const found = await client.get(id);
  if (found?.exists !== true) return undefined;
  return converterOf(name).deserialize(found.state, `the state of '${id}'`);
}
