import type { EntityMetadata, EntityQuery } from "../../core/entity-client.ts";
import { DurableError } from "../../core/errors.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import { fromDueTimestamp, fromTimestamp, toTimestamp } from "../codec/times.ts";
import type { RequestOf, ResponseInit } from "../service/service-definition.ts";
import type { UnaryCalls } from "./unary-calls.ts";

type EntityMethods = "signalEntity" | "getEntity" | "queryEntities" | "cleanEntityStorage";

const defaultPageSize = 100;
const maxPageSize = 1_000;
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Speaks to entities and looks at them. */
export function entityRequests({ entities }: Pick<OrchestrationClient, "entities">): UnaryCalls<EntityMethods> {
  return {
    async signalEntity({ instanceId, name, input, requestId, scheduledTime }) {
      await entities.signal(instanceId, {
        operation: name,
        input,
        // Other forms of ids would not pass through all kinds of workers.
        requestId: guid.test(requestId) ? requestId : undefined,
        scheduledTime: fromDueTimestamp(scheduledTime),
      });
      return {};
    },
    async getEntity({ instanceId, includeState }) {
      const found = await entities.get(instanceId);
      if (found === undefined || !found.exists) return { exists: false };
      return { exists: true, entity: toWireMetadata(found, includeState) };
    },
    async queryEntities({ query }) {
      const { takes, ...search } = readPrefix(query?.instanceIdStartsWith);
      const includeState = query?.includeState ?? false;
      const page = await entities.query({
        ...search,
        lastModifiedFrom: fromTimestamp(query?.lastModifiedFrom),
        lastModifiedTo: fromTimestamp(query?.lastModifiedTo),
        includeState,
        includeTransient: query?.includeTransient ?? false,
        pageSize: readPageSize(query?.pageSize),
        continuationToken: query?.continuationToken || undefined,
      });
      return {
        entities: page.entities.filter(takes).map((entity) => toWireMetadata(entity, includeState)),
        continuationToken: page.continuationToken,
      };
    },
    async cleanEntityStorage(request) {
      return await cleanEntityStorage(request, entities);
    },
  };
}

async function cleanEntityStorage(
  { continuationToken, removeEmptyEntities, releaseOrphanedLocks }: RequestOf<"cleanEntityStorage">,
  entities: OrchestrationClient["entities"],
): Promise<ResponseInit<"cleanEntityStorage">> {
  return await entities.cleanStorage({
    removeEmptyEntities,
    releaseOrphanedLocks,
    continueUntilComplete: false,
    continuationToken: continuationToken || undefined,
  });
}

interface PrefixSearch extends Pick<EntityQuery, "name" | "keyPrefix"> {
  takes(entity: EntityMetadata): boolean;
}

/** The engine looks entities up by whole names; what begins with a part of one is picked out of all. */
function readPrefix(prefix: string | undefined): PrefixSearch {
  if (prefix === undefined || prefix === "" || prefix === "@") return { takes: () => true };
  const text = prefix.startsWith("@") ? prefix : `@${prefix}`;
  const end = text.indexOf("@", 1);
  if (end >= 0) return { name: text.slice(1, end), keyPrefix: text.slice(end + 1), takes: () => true };
  const start = text.toLowerCase();
  return { takes: ({ id }) => id.toString().startsWith(start) };
}

function toWireMetadata(
  { id, lastModifiedTime, queueSize, lockedBy, state }: EntityMetadata,
  includeState: boolean,
): NonNullable<ResponseInit<"getEntity">["entity"]> {
  return {
    instanceId: id.toString(),
    lastModifiedTime: toTimestamp(lastModifiedTime),
    backlogQueueSize: queueSize,
    lockedBy,
    serializedState: includeState ? state : undefined,
  };
}

function readPageSize(asked: number | undefined): number {
  if (asked === undefined || asked === 0) return defaultPageSize;
  if (asked < 0) throw new DurableError("InvalidOption", `the page size must not be negative, but is ${asked}`);
  return Math.min(asked, maxPageSize);
}
