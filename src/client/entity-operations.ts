import { assertEntityOperation } from "../core/client-checks.ts";
import type { CleanEntityStorageResult, EntityClient, EntityMetadata as StoredEntity } from "../core/entity-client.ts";
import { type EntityId, type EntityRef, toEntityId } from "../core/entity-id.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { parseTimeSpan } from "../core/time-span.ts";
import { TaskFailedError } from "../orchestration/task-failed-error.ts";
import type { ClientAccess } from "./client-access.ts";
import type {
  CallEntityOptions,
  CleanEntityStorageOptions,
  EntityFilter,
  EntityMetadata,
  SignalEntityOptions,
} from "./client-options.ts";
import type { Page } from "./paged.ts";

/** The entities of a hub in values: the part of a client that speaks of them. */
export class EntityOperations {
  readonly #access: ClientAccess;
  readonly #dataConverter: DataConverter;

  constructor(access: ClientAccess) {
    this.#access = access;
    this.#dataConverter = access.dataConverter;
  }

  async signal(
    entity: EntityRef | string,
    operation: string | undefined,
    input: unknown,
    { scheduledTime, requestId }: SignalEntityOptions,
  ): Promise<void> {
    const id = this.#resolve(entity);
    if (operation !== undefined) assertEntityOperation(operation);
    const text = this.#dataConverter.serialize(input, `the input of operation '${operation ?? ""}' of '${id}'`);
    const entities = await this.#connect();
    await entities.signal(id, { operation, input: text, scheduledTime, requestId });
  }

  async call(
    entity: EntityRef | string,
    operation: string,
    input: unknown,
    { timeout, signal }: CallEntityOptions,
  ): Promise<unknown> {
    const id = this.#resolve(entity);
    const timeoutMs = timeout === undefined ? undefined : parseTimeSpan(timeout, "'timeout'");
    const text = this.#dataConverter.serialize(input, `the input of operation '${operation}' of '${id}'`);
    const entities = await this.#connect();
    const { untilClosed = (own, wait) => wait(own) } = this.#access;
    const outcome = await untilClosed(signal, (either) => {
      return entities.call(id, { operation, input: text }, { timeoutMs, signal: either });
    });
    if (outcome.kind === "failed") {
      throw new TaskFailedError(`operation '${operation}' of entity`, id.toString(), -1, outcome.failureDetails);
    }
    return this.#dataConverter.deserialize(outcome.result, `the result of operation '${operation}' of '${id}'`);
  }

  async get(
    entity: EntityRef | string,
    { includeState = true }: { readonly includeState?: boolean },
  ): Promise<EntityMetadata | undefined> {
    const id = toEntityId(entity);
    const entities = await this.#connect();
    const found = await entities.get(id);
    return found?.exists ? this.#show(found, includeState) : undefined;
  }

  async query(filter: EntityFilter, continuationToken: string | undefined): Promise<Page<EntityMetadata>> {
    const entities = await this.#connect();
    const page = await entities.query({ ...filter, continuationToken });
    const items = page.entities.map((found) => this.#show(found, filter.includeState ?? true));
    return { items, continuationToken: page.continuationToken };
  }

  async purge(entity: EntityRef | string): Promise<number> {
    const id = toEntityId(entity);
    const entities = await this.#connect();
    return entities.purge(id);
  }

  async clean(options: CleanEntityStorageOptions): Promise<CleanEntityStorageResult> {
    const entities = await this.#connect();
    return entities.cleanStorage(options);
  }

  /** @throws DurableError `InvalidEntityId`, `EntityNotRegistered` */
  #resolve(entity: EntityRef | string): EntityId {
    const id = toEntityId(entity);
    this.#access.startChecks?.assertEntityKnown(id.name);
    return id;
  }

  async #connect(): Promise<EntityClient> {
    return (await this.#access.connect()).entities;
  }

  #show(found: StoredEntity, includeState: boolean): EntityMetadata {
    const text = includeState ? found.state : undefined;
    return { ...found, state: this.#dataConverter.deserialize(text, `the state of '${found.id}'`) };
  }
}
