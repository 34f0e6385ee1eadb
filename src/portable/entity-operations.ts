import { assertEntityOperation } from "../core/client-checks.ts";
import type { CleanEntityStorageResult, EntityClient, EntityMetadata as StoredEntity } from "../core/entity-client.ts";
import { type EntityRef, toEntityId } from "../core/entity-id.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { parseTimeSpan } from "../core/time-span.ts";
import { TaskFailedError } from "../orchestration/task-failed-error.ts";
import type {
  CallEntityOptions,
  CleanEntityStorageOptions,
  EntityFilter,
  EntityMetadata,
  SignalEntityOptions,
} from "./client-options.ts";
import { Paged } from "./paged.ts";

/** The entities of a hub in values: the part of a client that speaks of them. */
export class EntityOperations {
  readonly #connect: () => Promise<EntityClient>;
  readonly #dataConverter: DataConverter;

  constructor(connect: () => Promise<EntityClient>, dataConverter: DataConverter) {
    this.#connect = connect;
    this.#dataConverter = dataConverter;
  }

  async signal(
    entity: EntityRef | string,
    operation: string,
    input: unknown,
    options: SignalEntityOptions,
  ): Promise<void> {
    const id = toEntityId(entity);
    assertEntityOperation(operation);
    const text = this.#dataConverter.serialize(input, `the input of operation '${operation}' of '${id}'`);
    const entities = await this.#connect();
    await entities.signal(id, { operation, input: text, scheduledTime: options.scheduledTime });
  }

  async call(
    entity: EntityRef | string,
    operation: string,
    input: unknown,
    { timeout, signal }: CallEntityOptions,
  ): Promise<unknown> {
    const id = toEntityId(entity);
    const timeoutMs = timeout === undefined ? undefined : parseTimeSpan(timeout, "'timeout'");
    const text = this.#dataConverter.serialize(input, `the input of operation '${operation}' of '${id}'`);
    const entities = await this.#connect();
    const outcome = await entities.call(id, { operation, input: text }, { timeoutMs, signal });
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

  query(filter: EntityFilter): Paged<EntityMetadata> {
    return new Paged(async (continuationToken) => {
      const entities = await this.#connect();
      const page = await entities.query({ ...filter, continuationToken });
      const items = page.entities.map((found) => this.#show(found, filter.includeState ?? true));
      return { items, continuationToken: page.continuationToken };
    });
  }

  async clean(options: CleanEntityStorageOptions): Promise<CleanEntityStorageResult> {
    const entities = await this.#connect();
    return entities.cleanStorage(options);
  }

  #show(found: StoredEntity, includeState: boolean): EntityMetadata {
    const text = includeState ? found.state : undefined;
    return { ...found, state: this.#dataConverter.deserialize(text, `the state of '${found.id}'`) };
  }
}
