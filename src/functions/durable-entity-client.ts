import type {
  CleanEntityStorageRequest,
  CleanEntityStorageResult,
  EntityMetadata,
  EntityQuery,
} from "../core/entity-client.ts";
import { type EntityId, type EntityRef, toEntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { TaskFailedError } from "../orchestration/task-failed-error.ts";
import { assertEntityFilter, resolveWaitOptions, type WaitOptions } from "./durable-client-options.ts";
import type { ClientConnection } from "./embedded-host.ts";

/** Where an entity or an instance is, as `durable-functions` 3.x lets a caller say: there is no way from here to another hub. */
export interface EntityLocation {
  /** The hub of the client. */
  readonly taskHubName?: string | undefined;
  /** The storage connection of that hub. */
  readonly connectionName?: string | undefined;
}

export interface SignalEntityOptions extends EntityLocation {
  /** Not before this time. @defaultValue at once */
  readonly scheduledTime?: Date | undefined;
  /** A GUID that names the signal in the entity's queue. @defaultValue a random one */
  readonly requestId?: string | undefined;
}

export type CallEntityOptions = Pick<WaitOptions, "timeout" | "signal">;

/** What is known of one entity; the first two members are those of `durable-functions` 3.x. */
export interface EntityStateResponse<State = unknown> {
  readonly entityExists: boolean;
  /** Absent when the entity does not exist. */
  readonly entityState?: State;
  /** The orchestration that holds its lock. */
  readonly lockedBy?: string;
  /** Requests that wait in it; absent for an entity that was never spoken to. */
  readonly queueSize?: number;
  /** When it last ran operations; absent for an entity that was never spoken to. */
  readonly lastModifiedTime?: Date;
}

/** Which entities to list. */
export type EntityFilter = EntityQuery;

export interface EntityStatus<State = unknown> extends EntityStateResponse<State> {
  readonly entityId: EntityId;
  readonly queueSize: number;
  readonly lastModifiedTime: Date;
}

export interface EntityStatusPage<State = unknown> {
  readonly entities: readonly EntityStatus<State>[];
  /** Absent on the last page. A page may be short or empty and still have one. */
  readonly continuationToken?: string;
}

/** Which kinds of waste to clear away, and where to go on. */
export type CleanEntityStorageOptions = Omit<CleanEntityStorageRequest, "minEmptyMs">;

/** The entities of a task hub in values: the part of `DurableClient` that speaks of them. */
export class DurableEntityClient {
  readonly #connection: ClientConnection;
  readonly #dataConverter: DataConverter;

  constructor(connection: ClientConnection, dataConverter: DataConverter) {
    this.#connection = connection;
    this.#dataConverter = dataConverter;
  }

  async signal(
    entityId: EntityRef | string,
    operation: string | undefined,
    input: unknown,
    options: SignalEntityOptions,
  ): Promise<void> {
    const id = this.#resolve(entityId, options);
    this.#connection.startChecks?.assertEntityKnown(id.name);
    const { scheduledTime, requestId } = options;
    const text = this.#dataConverter.serialize(input, `the input of operation '${operation ?? ""}' of '${id}'`);
    await this.#connection.client.entities.signal(id, { operation, input: text, scheduledTime, requestId });
  }

  async call(
    entityId: EntityRef | string,
    operation: string,
    input: unknown,
    options: CallEntityOptions,
  ): Promise<unknown> {
    const id = this.#resolve(entityId, {});
    this.#connection.startChecks?.assertEntityKnown(id.name);
    const { timeoutMs } = resolveWaitOptions(options);
    const text = this.#dataConverter.serialize(input, `the input of operation '${operation}' of '${id}'`);
    const { entities } = this.#connection.client;
    const outcome = await entities.call(id, { operation, input: text }, { timeoutMs, signal: options.signal });
    if (outcome.kind === "failed") {
      throw new TaskFailedError(`operation '${operation}' of entity`, id.toString(), -1, outcome.failureDetails);
    }
    return this.#dataConverter.deserialize(outcome.result, `the result of operation '${operation}' of '${id}'`);
  }

  async readState(entityId: EntityRef | string, location: EntityLocation): Promise<EntityStateResponse> {
    const id = this.#resolve(entityId, location);
    const found = await this.#connection.client.entities.get(id);
    return found === undefined ? { entityExists: false } : this.#describe(found);
  }

  async list(filter: EntityFilter): Promise<EntityStatusPage> {
    assertEntityFilter(filter);
    const { entities, continuationToken } = await this.#connection.client.entities.query(filter);
    return {
      entities: entities.map((found) => ({ entityId: found.id, ...this.#describe(found) })),
      ...(continuationToken !== undefined && { continuationToken }),
    };
  }

  purge(entityId: EntityRef | string): Promise<number> {
    return this.#connection.client.entities.purge(toEntityId(entityId));
  }

  cleanStorage(options: CleanEntityStorageOptions): Promise<CleanEntityStorageResult> {
    return this.#connection.client.entities.cleanStorage(options);
  }

  #describe({
    id,
    exists,
    state,
    lockedBy,
    queueSize,
    lastModifiedTime,
  }: EntityMetadata): Omit<EntityStatus, "entityId"> {
    return {
      entityExists: exists,
      ...(state !== undefined && {
        entityState: this.#dataConverter.deserialize(state, `the state of '${id}'`),
      }),
      ...(lockedBy !== undefined && { lockedBy }),
      queueSize,
      lastModifiedTime,
    };
  }

  /** @throws DurableError `InvalidEntityId`, `NotSupported` */
  #resolve(entityId: EntityRef | string, location: EntityLocation): EntityId {
    assertOwnHub(this.#connection, location);
    return toEntityId(entityId);
  }
}

/** @throws DurableError `NotSupported` for a hub that is not the client's */
export function assertOwnHub(connection: ClientConnection, { taskHubName, connectionName }: EntityLocation): void {
  const { client, connectionName: ownConnection } = connection;
  for (const [asked, own, what] of [
    [taskHubName, client.taskHub, "task hub"],
    [connectionName, ownConnection, "storage connection"],
  ] as const) {
    if (!asked || asked.toLowerCase() === own.toLowerCase()) continue;
    throw new DurableError("NotSupported", `this client speaks to the ${what} '${own}', not to '${asked}'`);
  }
}
