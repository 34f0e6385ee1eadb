import type { SignalEntityOptions as SignalOptions } from "../client/client-options.ts";
import type { EntityMetadata, EntityQuery } from "../core/entity-client.ts";
import { type EntityId, type EntityRef, toEntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { EntityLocation } from "./embedded-host.ts";

/** How a signal is sent to an entity. */
export interface SignalEntityOptions extends EntityLocation, SignalOptions {}

/** What is known of one entity; the first two members are those of `durable-functions` 3.x. */
export interface EntityStateResponse<State = unknown> {
  /** It has a state. */
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

/** One entity of a list. */
export interface EntityStatus<State = unknown> extends EntityStateResponse<State> {
  /** Name and key. */
  readonly entityId: EntityId;
  /** Requests that wait in it. */
  readonly queueSize: number;
  /** When it last ran operations. */
  readonly lastModifiedTime: Date;
}

/** One page of entities. */
export interface EntityStatusPage<State = unknown> {
  /** The entities of the page. */
  readonly entities: readonly EntityStatus<State>[];
  /** Absent on the last page. A page may be short or empty and still have one. */
  readonly continuationToken?: string;
}

/** What a client reads of entities: their statuses, with their states as values. */
export class EntityStatusReader {
  readonly #client: OrchestrationClient;
  readonly #dataConverter: DataConverter;

  constructor(client: OrchestrationClient, dataConverter: DataConverter) {
    this.#client = client;
    this.#dataConverter = dataConverter;
  }

  async readState(entityId: EntityRef | string): Promise<EntityStateResponse> {
    const found = await this.#client.entities.get(toEntityId(entityId));
    return found === undefined ? { entityExists: false } : this.#describe(found);
  }

  async list(filter: EntityFilter): Promise<EntityStatusPage> {
    assertEntityFilter(filter);
    const { entities, continuationToken } = await this.#client.entities.query(filter);
    return {
      entities: entities.map((found) => ({ entityId: found.id, ...this.#describe(found) })),
      ...(continuationToken !== undefined && { continuationToken }),
    };
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
}

/** @throws DurableError `InvalidOption` */
function assertEntityFilter(filter: { readonly pageSize?: number | undefined }): void {
  const { pageSize } = filter;
  if (pageSize !== undefined && !(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= maxPageSize)) {
    const message = `'pageSize' must be a whole number from 1 to ${maxPageSize}, but got ${String(pageSize)}`;
    throw new DurableError("InvalidOption", message);
  }
}

/** Most rows that storage hands out at once. */
const maxPageSize = 1000;
