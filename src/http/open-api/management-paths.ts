import type { StandardSchema } from "../../core/payloads/standard-schema.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema-of.ts";
import { runtimeStatus } from "./schemas.ts";

export type PathItem = Readonly<Record<string, unknown>>;

/** An orchestration that clients may start. */
export interface DescribedOrchestration {
  readonly name: string;
  readonly inputSchema: StandardSchema | undefined;
  readonly outputSchema: StandardSchema | undefined;
}

const boolean: JsonSchema = { type: "boolean" };
const text: JsonSchema = { type: "string" };
const time: JsonSchema = { type: "string", format: "date-time" };

function query(name: string, schema: JsonSchema, description: string): object {
  return { name, in: "query", required: false, schema, description };
}

function path(name: string, description: string): object {
  return { name, in: "path", required: true, schema: { type: "string", minLength: 1 }, description };
}

function json(schema: JsonSchema, description: string, headers?: object): object {
  return { description, content: { "application/json": { schema } }, ...(headers && { headers }) };
}

function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const empty = (description: string) => ({ description });
const problem = (description: string) => json(ref("Problem"), description);
/** What every route may answer. */
const always = {
  400: problem("The request cannot be understood, or names another task hub"),
  403: problem("The host name or the origin of the page is not allowed"),
  503: problem("The task hub cannot be reached at present"),
};
const unknown = { 404: empty("There is no such instance") };
const ended = { 410: empty("The instance has ended") };
const tooLarge = { 413: problem("The body is larger than the limit") };
const links = json(ref("ManagementLinks"), "Started. `Location` is the status of the instance", {
  Location: { schema: { type: "string", format: "uri" } },
  "Retry-After": { schema: { type: "integer" }, description: "Seconds until a look at the status makes sense" },
});
const instanceId = path("instanceId", "The id of the instance");
const reason = query("reason", text, "Why; kept in the history");
const wait = [
  query("timeout", { type: "number", exclusiveMinimum: 0 }, "Seconds to wait for the end; with `pollingInterval` only"),
  query("pollingInterval", { type: "number", exclusiveMinimum: 0 }, "Seconds between two looks at the instance"),
];
const statusFlags = [
  query("showInput", { ...boolean, default: true }, "Whether the input is shown"),
  query("showHistory", { ...boolean, default: false }, "Whether the events of the history are shown"),
  query("showHistoryOutput", { ...boolean, default: false }, "Whether results are shown in the history"),
  query("returnInternalServerErrorOnFailure", { ...boolean, default: false }, "500 for a failed instance"),
];
const times = [
  query("createdTimeFrom", time, "Created then or later"),
  query("createdTimeTo", time, "Created then or earlier"),
  query("lastUpdatedTimeFrom", time, "Changed then or later"),
  query("lastUpdatedTimeTo", time, "Changed then or earlier"),
  query("completedTimeFrom", time, "Ended then or later"),
  query("completedTimeTo", time, "Ended then or earlier"),
];
const filters = [
  query("runtimeStatus", text, `Comma-separated: ${(runtimeStatus["enum"] as readonly string[]).join(", ")}`),
  query("name", text, "Of the orchestration"),
  query("instanceIdPrefix", text, "What ids begin with"),
  ...times,
];
const paging = [
  query("top", { type: "integer", minimum: 1, maximum: 1000, default: 100 }, "Most items in the answer"),
  {
    name: "x-ms-continuation-token",
    in: "header",
    required: false,
    schema: text,
    description: "Of the page before",
  },
];
const nextPage = {
  "x-ms-continuation-token": { schema: text, description: "There is more: send it with the next request" },
};

function operation(
  operationId: string,
  tag: string,
  summary: string,
  parameters: readonly object[],
  responses: object,
  requestBody?: object,
): PathItem {
  return {
    operationId,
    tags: [tag],
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: { ...responses, ...always },
  };
}

function body(schema: JsonSchema, description: string): object {
  return { required: false, description, content: { "application/json": { schema } } };
}

/** The paths of the management API below its base path. */
export function managementPaths(orchestrations: readonly DescribedOrchestration[]): Readonly<Record<string, PathItem>> {
  const start = (id: string, parameters: readonly object[], input: JsonSchema, output: JsonSchema, summary: string) =>
    operation(
      id,
      "orchestrations",
      summary,
      [...parameters, query("version", text, "Of the orchestration"), ...wait],
      {
        200: json(output, "The output, or the status of an instance that failed; only when waited for"),
        202: links,
        409: problem("The id is in use"),
        415: problem("The input is not sent as JSON"),
        ...tooLarge,
      },
      body(input, "The input"),
    );
  const name = path("name", "The name of the orchestration");
  const change = (id: string, summary: string, more: readonly object[] = []) => ({
    post: operation(id, "instances", summary, [instanceId, reason, ...more], {
      202: empty("Accepted"),
      ...unknown,
      ...ended,
    }),
  });
  const known = orchestrations.map((each) => {
    const id = `urn:orchestration:${encodeURIComponent(each.name)}`;
    const input = jsonSchemaOf(each.inputSchema, "input", `${id}:input`);
    const output = jsonSchemaOf(each.outputSchema, "output", `${id}:output`);
    const label = `Starts ${each.name}`;
    return [
      `/orchestrators/${encodeURIComponent(each.name)}`,
      { post: start(`start_${each.name}`, [], input, output, label) },
    ] as const;
  });
  return {
    ...Object.fromEntries(known),
    "/orchestrators/{name}": { post: start("startOrchestration", [name], {}, {}, "Starts an orchestration") },
    "/orchestrators/{name}/{instanceId}": {
      post: start("startOrchestrationAs", [name, instanceId], {}, {}, "Starts an orchestration under an id"),
    },
    "/instances": {
      get: operation(
        "listInstances",
        "instances",
        "Lists instances",
        [
          ...filters,
          ...paging,
          statusFlags[0]!,
          query("showOutput", { ...boolean, default: true }, "Whether outputs are shown"),
        ],
        { 200: json({ type: "array", items: ref("InstanceStatus") }, "A page of them", nextPage) },
      ),
      delete: operation("purgeInstances", "instances", "Deletes instances that have ended", filters, {
        200: json(ref("PurgeResult"), "Deleted"),
        404: empty("There was none to delete"),
      }),
    },
    "/instances/{instanceId}": {
      get: operation("getStatus", "instances", "The status of an instance", [instanceId, ...statusFlags], {
        200: json(ref("InstanceStatus"), "It has ended"),
        202: json(ref("InstanceStatus"), "It has not ended yet"),
        500: json(ref("InstanceStatus"), "It has failed, and that was asked for"),
        ...unknown,
      }),
      delete: operation(
        "purgeInstance",
        "instances",
        "Deletes an instance that has ended",
        [
          instanceId,
          query("force", { ...boolean, default: false }, "Whatever its status"),
          query("recursive", { ...boolean, default: false }, "With its children"),
        ],
        {
          200: json(ref("PurgeResult"), "Deleted"),
          412: json(text, "It has not ended"),
          ...unknown,
        },
      ),
    },
    "/instances/{instanceId}/raiseEvent/{eventName}": {
      post: operation(
        "raiseEvent",
        "instances",
        "Raises an event",
        [instanceId, path("eventName", "The name of the event, in any case")],
        { 202: empty("Accepted"), ...unknown, ...ended, ...tooLarge },
        body({}, "What the event says"),
      ),
    },
    "/instances/{instanceId}/terminate": change("terminate", "Ends an instance", [
      query("recursive", { ...boolean, default: false }, "With its children"),
    ]),
    "/instances/{instanceId}/suspend": change("suspend", "Has an instance pause"),
    "/instances/{instanceId}/resume": change("resume", "Has a suspended instance go on"),
    "/instances/{instanceId}/rewind": {
      post: operation("rewind", "instances", "Takes back the failure of an instance", [instanceId, reason], {
        202: empty("Accepted"),
        412: json(text, "It has not failed"),
        ...unknown,
      }),
    },
    "/instances/{instanceId}/restart": {
      post: operation(
        "restart",
        "instances",
        "Starts the same again, with its input",
        [
          instanceId,
          query("restartWithNewInstanceId", { ...boolean, default: true }, "Whether under a new id"),
          ...wait,
        ],
        { 202: links, 409: problem("It has not ended") },
      ),
    },
    ...entityPaths(),
  };
}

function entityPaths(): Readonly<Record<string, PathItem>> {
  const name = path("name", "The name of the entity");
  const key = path("key", "The key of the entity; `$` for the empty one");
  const list = (id: string, parameters: readonly object[]) => ({
    get: operation(
      id,
      "entities",
      "Lists entities",
      [
        ...parameters,
        query("fetchState", { ...boolean, default: false }, "Whether states are shown"),
        query("lastOperationTimeFrom", time, "Changed then or later"),
        query("lastOperationTimeTo", time, "Changed then or earlier"),
        ...paging,
      ],
      { 200: json({ type: "array", items: ref("EntityStatus") }, "A page of them", nextPage) },
    ),
  });
  return {
    "/entities": list("listEntities", []),
    "/entities/{name}": list("listEntitiesOf", [name]),
    "/entities/{name}/{key}": {
      get: operation("readEntity", "entities", "The state of an entity", [name, key], {
        200: json({}, "Its state"),
        404: empty("There is no such entity"),
      }),
      post: operation(
        "signalEntity",
        "entities",
        "Signals an operation",
        [name, key, query("op", text, "The name of the operation")],
        { 202: empty("Accepted"), ...tooLarge },
        body({}, "The input of the operation"),
      ),
      delete: operation("deleteEntity", "entities", "Signals the operation `delete`", [name, key], {
        202: empty("Accepted"),
      }),
    },
  };
}
