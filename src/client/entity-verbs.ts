import type { CleanEntityStorageResult } from "../core/entity-client.ts";
import type { EntityRef } from "../core/entity-id.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import {
  type CallEntityOptions,
  type CleanEntityStorageOptions,
  type EntityFilter,
  type EntityMetadata,
  readOptions,
  type SignalEntityOptions,
} from "./client-options.ts";
import type { EntityOperations } from "./entity-operations.ts";
import { Paged } from "./paged.ts";

/** What clients of every place do with entities. */
export abstract class EntityVerbs<Converter> {
  readonly #entities: () => Promise<EntityOperations>;

  protected constructor(entities: () => Promise<EntityOperations>) {
    this.#entities = entities;
  }

  /**
   * Sends an operation to an entity and does not wait for it; the entity is made by its first operation.
   *
   * @param entity an `EntityId`, `{ name, key }` or `"@name@key"`
   * @param operation @defaultValue the empty name
   * @throws DurableError `EntityNotRegistered`, `InvalidEntityId`, `InvalidOption`, `InvalidPayload`
   */
  async signalEntity(
    entity: EntityRef | string,
    operation?: string,
    input?: unknown,
    options?: SignalEntityOptions,
  ): Promise<void> {
    const checked = readOptions("signalEntity", options);
    return (await this.#entities()).signal(entity, operation, input, checked);
  }

  /**
   * Runs one operation of an entity and waits for its result, which a small orchestration of ours asks for. An operation
   * is not taken back when the wait ends first.
   *
   * @example const left = await client.callEntity<number>(new EntityId("stock", "apple"), "take", 3, { timeout: "10s" });
   * @param options how long to wait. @defaultValue no limit
   * @throws TaskFailedError when the operation fails; DurableError `EntityNotRegistered`, `InvalidEntityId`,
   * `InvalidOption`, `InvalidPayload`, `TaskTimeout`, `Aborted`
   */
  async callEntity<Result = unknown>(
    entity: EntityRef | string,
    operation: string,
    input?: unknown,
    options?: CallEntityOptions,
  ): Promise<StoredAs<Converter, Result>> {
    const checked = readOptions("callEntity", options);
    return (await (await this.#entities()).call(entity, operation, input, checked)) as never;
  }

  /** What is known of an entity; `undefined` for one that does not exist. @throws DurableError `InvalidEntityId` */
  async getEntity<State = unknown>(
    entity: EntityRef | string,
    options?: { readonly includeState?: boolean },
  ): Promise<EntityMetadata<StoredAs<Converter, State>> | undefined> {
    const checked = readOptions("getEntity", options);
    return (await (await this.#entities()).get(entity, checked)) as never;
  }

  /**
   * Entities that match, page by page as they are asked for.
   *
   * @example for await (const { id, state } of client.getEntities<Stock>({ name: "Stock" })) console.log(id.key, state);
   * @throws DurableError `InvalidOption`
   */
  getEntities<State = unknown>(filter?: EntityFilter): Paged<EntityMetadata<StoredAs<Converter, State>>> {
    const checked = readOptions("getEntities", filter);
    return new Paged(async (token) => (await this.#entities()).query(checked, token) as Promise<never>);
  }

  /**
   * Deletes what entities without state leave behind once they have rested for 30 minutes, and gives back locks of
   * orchestrations that have ended or are gone. @throws DurableError `InvalidOption`
   */
  async cleanEntityStorage(options?: CleanEntityStorageOptions): Promise<CleanEntityStorageResult> {
    const checked = readOptions("cleanEntityStorage", options);
    return (await this.#entities()).clean(checked);
  }

  /** Deletes an entity with all that waits in it, whatever it is doing. Resolves to how many there were: 0 or 1. */
  protected async purgeOneEntity(entity: EntityRef | string): Promise<number> {
    return (await this.#entities()).purge(entity);
  }
}
