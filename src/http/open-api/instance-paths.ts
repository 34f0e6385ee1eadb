import type { DescribedEvent } from "./described-app.ts";
import type { JsonSchema } from "./json-schema-of.ts";
import {
  body,
  boolean,
  changing,
  empty,
  ended,
  failed,
  json,
  nextPage,
  operation,
  type PathItem,
  paging,
  path,
  pollingHeaders,
  query,
  ref,
  statusFlags,
  text,
  time,
  tooLarge,
  unknown,
} from "./operation.ts";
import type { SchemaComponents } from "./schema-components.ts";
import { runtimeStatus } from "./schemas.ts";

const instanceId = path("instanceId", "The id of the instance");
const reason = query("reason", text, "Why; kept in the history");
const recursive = query("recursive", { ...boolean, default: false }, "With its children");
/** Conditions of a list and of a purge. @param needsBegin whether it must be said since when */
const conditions = (needsBegin: boolean) => [
  query("runtimeStatus", text, `Comma-separated: ${(runtimeStatus["enum"] as readonly string[]).join(", ")}`),
  query("name", text, "Of the orchestration"),
  query("instanceIdPrefix", text, "What ids begin with"),
  query("createdTimeFrom", time, "Created then or later", needsBegin),
  query("createdTimeTo", time, "Created then or earlier"),
  query("lastUpdatedTimeFrom", time, "Changed then or later"),
  query("lastUpdatedTimeTo", time, "Changed then or earlier"),
  query("completedTimeFrom", time, "Ended then or later"),
  query("completedTimeTo", time, "Ended then or earlier"),
];
/** What lies in blobs is read for those who ask for it by name. */
const unsaid = "where it is not said, all but those in blobs, which `notLoaded` names";
const purged = json(ref("PurgeResult"), "Deleted");

/** What is done to instances that exist. */
export function instancePaths(
  events: readonly DescribedEvent[],
  components: SchemaComponents,
): Readonly<Record<string, PathItem>> {
  const change = (id: string, summary: string, more: readonly object[] = []) => ({
    post: operation(id, "instances", summary, [instanceId, reason, ...more], {
      202: empty("Accepted"),
      ...unknown,
      ...ended,
    }),
  });
  const raise = (id: string, summary: string, parameters: readonly object[], data: JsonSchema) => ({
    post: operation(
      id,
      "instances",
      summary,
      [instanceId, ...parameters],
      { 202: empty("Accepted"), ...unknown, ...ended, ...tooLarge },
      body(data, "What the event says"),
    ),
  });
  const known = events.map(({ name, schemas }) => {
    const told = schemas.map((schema) => components.add(`${name}Event`, schema, "input"));
    const data = told.length === 1 ? told[0]! : { anyOf: told };
    const route = `/instances/{instanceId}/raiseEvent/${encodeURIComponent(name)}`;
    return [route, raise(`raise_${name}`, `Raises the event ${name}`, [], data)] as const;
  });
  return {
    "/instances": {
      get: operation(
        "listInstances",
        "instances",
        "Lists instances",
        [
          ...conditions(false),
          ...paging,
          query("showInput", boolean, `Whether inputs are shown; ${unsaid}`),
          query("showOutput", boolean, `Whether outputs are shown; ${unsaid}`),
        ],
        { 200: json({ type: "array", items: ref("InstanceStatus") }, "A page of them", nextPage) },
      ),
      delete: operation("purgeInstances", "instances", "Deletes instances that have ended", conditions(true), {
        200: purged,
        400: json({ anyOf: [ref("Problem"), text] }, "The request cannot be understood, or says not since when"),
        404: empty("There was none to delete"),
      }),
    },
    "/instances/{instanceId}": {
      get: operation("getStatus", "instances", "The status of an instance", [instanceId, ...statusFlags], {
        200: json(ref("InstanceStatus"), "It has ended"),
        202: json(ref("InstanceStatus"), "It has not ended yet", pollingHeaders),
        ...failed,
        ...unknown,
      }),
      delete: operation(
        "purgeInstance",
        "instances",
        "Deletes an instance that has ended",
        [instanceId, query("force", { ...boolean, default: false }, "Whatever its status"), recursive],
        { 200: purged, 412: json(text, "It has not ended"), ...unknown },
      ),
    },
    ...Object.fromEntries(known),
    "/instances/{instanceId}/raiseEvent/{eventName}": raise(
      "raiseEvent",
      "Raises an event",
      [path("eventName", "The name of the event, in any case")],
      {},
    ),
    "/instances/{instanceId}/terminate": change("terminate", "Ends an instance", [recursive]),
    "/instances/{instanceId}/suspend": change("suspend", "Has an instance pause"),
    "/instances/{instanceId}/resume": change("resume", "Has a suspended instance go on"),
    "/instances/{instanceId}/rewind": {
      post: operation("rewind", "instances", "Takes back the failure of an instance", [instanceId, reason], {
        202: empty("Accepted"),
        ...unknown,
        ...changing,
        412: json(text, "It has not failed"),
        501: { description: "It cannot be taken back", content: { "text/plain": { schema: text } } },
      }),
    },
    "/makePrimary": {
      post: operation("makePrimary", "instances", "Does nothing here: hubs of Azure Storage have no primary app", [], {
        200: empty("Accepted"),
      }),
    },
  };
}
