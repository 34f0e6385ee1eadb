import type { JsonSchema } from "./json-schema-of.ts";

/** The operations of a path, by their methods in lower case. */
export type PathItem = Readonly<Record<string, unknown>>;

export const boolean: JsonSchema = { type: "boolean" };
export const text: JsonSchema = { type: "string" };
export const time: JsonSchema = { type: "string", format: "date-time" };

export function query(name: string, schema: JsonSchema, description: string, required = false): object {
  return { name, in: "query", required, schema, description };
}

export function path(name: string, description: string): object {
  return { name, in: "path", required: true, schema: { type: "string", minLength: 1 }, description };
}

export function json(schema: JsonSchema, description: string, headers?: object): object {
  return { description, content: { "application/json": { schema } }, ...(headers && { headers }) };
}

export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An answer without a body. */
export function empty(description: string): object {
  return { description };
}

export function problem(description: string): object {
  return json(ref("Problem"), description);
}

export function body(schema: JsonSchema, description: string, ...others: readonly string[]): object {
  const plain = others.map((mediaType) => [mediaType, { schema: text }]);
  return { required: false, description, content: { "application/json": { schema }, ...Object.fromEntries(plain) } };
}

const retryAfter = { schema: { type: "integer" }, description: "Seconds after which to ask again" };
const location = { schema: { type: "string", format: "uri" }, description: "The status of the instance" };
/** Of an answer that says where to look, and when. */
export const pollingHeaders: object = { Location: location, "Retry-After": retryAfter };

/** What every route may answer. */
const always = {
  400: problem("The request cannot be understood, or names another task hub"),
  403: problem("The host name or the origin of the page is not allowed"),
  500: problem("Something went wrong; the log of the host says what"),
  503: json(ref("Problem"), "The task hub cannot be reached at present", { "Retry-After": retryAfter }),
};

export const unknown: object = { 404: empty("There is no such instance") };
export const ended: object = { 410: empty("The instance has ended") };
export const tooLarge: object = { 413: problem("The body is larger than the limit") };
export const changing: object = { 409: problem("The instance is changing; ask again") };

/** What any request may name, for links have it. */
const hubParameters = [{ $ref: "#/components/parameters/taskHub" }, { $ref: "#/components/parameters/connection" }];

export const managementParameters: PathItem = {
  taskHub: query("taskHub", text, "The task hub; others than that of the app are refused"),
  connection: query("connection", text, "The setting of its storage, as links have it; others are refused"),
};

/** An operation of the management API. */
export function operation(
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
    parameters: [...parameters, ...hubParameters],
    ...(requestBody && { requestBody }),
    responses: { ...always, ...responses },
  };
}

export const paging: readonly object[] = [
  query("top", { type: "integer", minimum: 1, maximum: 1000, default: 100 }, "Most items in the answer"),
  query("pageSize", { type: "integer", minimum: 1, maximum: 1000 }, "Another name of `top`"),
  {
    name: "x-ms-continuation-token",
    in: "header",
    required: false,
    schema: text,
    description: "Of the page before",
  },
];
/** Headers of a page. */
export const nextPage: object = {
  "x-ms-continuation-token": { schema: text, description: "There is more: send it with the next request" },
};

export const statusFlags: readonly object[] = [
  query("showInput", { ...boolean, default: true }, "Whether the input is shown"),
  query("showHistory", { ...boolean, default: false }, "Whether the events of the history are shown"),
  query("showHistoryOutput", { ...boolean, default: false }, "Whether results are shown in the history"),
  query("returnInternalServerErrorOnFailure", { ...boolean, default: false }, "500 for an instance that has failed"),
];
/** 500 is asked for by a flag, or said for other reasons. */
export const failed: object = {
  500: json({ anyOf: [ref("InstanceStatus"), ref("Problem")] }, "The instance has failed, and that was asked for"),
};
