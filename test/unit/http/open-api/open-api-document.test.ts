import { expect, it } from "vitest";
import type { StandardSchema } from "../../../../src/core/payloads/standard-schema.ts";
import { RouteTemplate } from "../../../../src/host/routing/route-template.ts";
import { parseManagementRoute } from "../../../../src/http/management-route.ts";
import type { DescribedDurable, DescribedFunction } from "../../../../src/http/open-api/described-app.ts";
import { createOpenApiDocument } from "../../../../src/http/open-api/open-api-document.ts";
import { schemaThatTells, silentSchema } from "./schemas.ts";

const managementPath = "/runtime/webhooks/durabletask";

type Operation = Readonly<Record<string, unknown>> & { readonly operationId: string };
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
interface Document {
  readonly paths: Paths;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

function describe(durable: Partial<DescribedDurable>, functions: readonly DescribedFunction[] = []): Document {
  return createOpenApiDocument({
    title: "shop",
    version: "1.0.0",
    managementPath,
    functions,
    durable: { orchestrations: [], entities: [], events: [], ...durable },
  }) as unknown as Document;
}

function pathsOfFunctions(...functions: readonly DescribedFunction[]): Paths {
  const paths = Object.entries(describe({}, functions).paths);
  return Object.fromEntries(paths.filter(([path]) => !path.startsWith(managementPath)));
}

function fn(
  name: string,
  route: string,
  methods: readonly string[] = ["GET"],
  authLevel: DescribedFunction["authLevel"] = "anonymous",
): DescribedFunction {
  return { name, segments: new RouteTemplate(route).segments, methods, authLevel };
}

function orchestration(name: string, inputSchema?: StandardSchema, outputSchema?: StandardSchema) {
  return { name, inputSchema, outputSchema };
}

/** The schema of what is sent to an operation, or of what it answers. */
function bodyOf(operation: Operation | undefined, status?: number): unknown {
  const { requestBody, responses } = operation as unknown as {
    readonly requestBody: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
    readonly responses: Readonly<Record<number, typeof requestBody>>;
  };
  return (status === undefined ? requestBody : responses[status]!).content["application/json"]!.schema;
}

const city = { type: "object", properties: { city: { type: "string" } } };

it("describes exactly the routes of the management API", () => {
  const routes = Object.entries(describe({}).paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => {
      const below = path.slice(managementPath.length).replaceAll(/\{(\w+)\}/g, "$1");
      return parseManagementRoute(method.toUpperCase(), below)?.kind;
    }),
  );

  expect(routes).not.toContain(undefined);
  expect(new Set(routes)).toEqual(
    new Set([
      ...["start", "list", "purgeBy", "status", "purge", "raiseEvent", "terminate", "suspend", "resume", "rewind"],
      ...["restart", "makePrimary", "listEntities", "readEntity", "signalEntity", "deleteEntity"],
    ]),
  );
});

it("names each operation once, each parameter of a path, and only what is there", () => {
  const schema = schemaThatTells(city);
  const document = describe(
    {
      orchestrations: [orchestration("hello", schema, schema), orchestration("terminate")],
      entities: [{ name: "Counter", stateSchema: schema, operations: [{ name: "add", inputSchema: schema }] }],
      events: [{ name: "Approval", schemas: [schema, schema] }],
    },
    [
      fn("order", "orders/{id:int}/{part?}", ["GET", "POST"]),
      // As operations of the management API are called.
      fn("terminate", "terminate"),
      fn("start_hello", "hello"),
    ],
  );
  const ids: string[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, each] of Object.entries(item)) {
      ids.push(each.operationId);
      const listed = (each["parameters"] ?? []) as readonly { readonly in?: string; readonly name: string }[];
      const inPath = listed.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect({ path, method, names: inPath.toSorted() }).toEqual({ path, method, names: named.toSorted() });
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, kind, name] of JSON.stringify(document).matchAll(/#\/components\/(\w+)\/(\w+)/g)) {
    expect(document.components).toHaveProperty([kind!, name!]);
  }
});

it("describes the functions of the app by their routes", () => {
  const paths = pathsOfFunctions(
    fn("file", "api/files/{*path}", []),
    fn("order", "api/orders/{id:int}/{part?}"),
    fn("page", "api/pages/{name=index}"),
    fn("picture", "api/pictures/{file}.{type?}"),
  );

  expect(Object.keys(paths)).toEqual([
    ...["/api/files/{path}", "/api/files", "/api/orders/{id}/{part}", "/api/orders/{id}"],
    ...["/api/pages/{name}", "/api/pages", "/api/pictures/{file}.{type}", "/api/pictures/{file}"],
  ]);
  expect(paths["/api/orders/{id}/{part}"]!["get"]).toMatchObject({
    operationId: "order",
    parameters: [
      { name: "id", in: "path", required: true, schema: { type: "integer" } },
      { name: "part", in: "path", required: true, schema: { type: "string" } },
    ],
  });
  expect(paths["/api/orders/{id}"]!["get"]).toMatchObject({ operationId: "order_without_part" });
  expect(Object.keys(paths["/api/files/{path}"]!)).toEqual(["get", "post", "put", "patch", "delete"]);
});

it.each([
  ["{n:range(1,9)}", { type: "integer", minimum: 1, maximum: 9 }],
  ["{n:int:min(3)}", { type: "integer", minimum: 3 }],
  ["{n:length(2,4)}", { type: "string", minLength: 2, maxLength: 4 }],
  ["{n:length(3)}", { type: "string", minLength: 3, maxLength: 3 }],
  ["{n:alpha:maxlength(5)}", { type: "string", pattern: "^[A-Za-z]*$", maxLength: 5 }],
  ["{n:guid}", { type: "string", format: "uuid" }],
  ["{n:regex(^a{{2}}$)}", { type: "string" }],
])("a route parameter %s is of its constraints", (route, schema) => {
  const { get } = pathsOfFunctions(fn("f", route))["/{n}"]!;

  expect((get!["parameters"] as readonly { readonly schema: object }[])[0]!.schema).toMatchObject(schema);
});

it("writes what a path cannot hold in its percent-encoded form", () => {
  expect(Object.keys(pathsOfFunctions(fn("f", "a {{b}}/c?d")))).toEqual(["/a%20%7Bb%7D/c%3Fd"]);
});

it("has functions with one path at one path, whatever they call its parameters", () => {
  const paths = pathsOfFunctions(
    fn("change", "orders/{key}", ["PUT"]),
    fn("read", "orders/{id}", ["GET", "PUT"]),
    fn("rest", "orders/{*all}", []),
  );

  expect(Object.keys(paths)).toEqual(["/orders/{key}", "/orders"]);
  expect(paths["/orders/{key}"]).toMatchObject({
    put: { summary: "change", parameters: [{ name: "key" }] },
    get: { summary: "read", parameters: [{ name: "key" }] },
    delete: { summary: "rest", parameters: [{ name: "key" }] },
  });
});

it("says which functions ask for a key where they are deployed", () => {
  const paths = pathsOfFunctions(
    fn("a", "a", ["GET"]),
    fn("b", "b", ["GET"], "function"),
    fn("c", "c", ["GET"], "admin"),
  );
  const asked = Object.values(paths).map((item) => item["get"]!["security"]);

  expect(asked).toEqual([
    [],
    [{ functionsKey: ["function"] }, { functionsKeyInQuery: ["function"] }],
    [{ functionsKey: ["admin"] }, { functionsKeyInQuery: ["admin"] }],
  ]);
});

it("says who needs a key on a server that asks for keys: functions by their level, and the whole management API", () => {
  const described = {
    title: "shop",
    version: "1.0.0",
    managementPath,
    functions: [fn("open", "open"), fn("own", "own", ["GET"], "function")],
    durable: { orchestrations: [], entities: [], events: [] },
  };
  const { components, paths } = createOpenApiDocument({ ...described, needsKeys: true }) as unknown as Document & {
    readonly components: { readonly securitySchemes: Readonly<Record<string, { readonly description: string }>> };
  };
  const managed = Object.entries(paths).flatMap(([path, item]) =>
    path.startsWith(managementPath) ? Object.values(item) : [],
  );
  const systemKey = [{ functionsKey: ["system"] }, { functionsKeyInQuery: ["system"] }];

  expect(paths["/open"]!["get"]!["security"]).toEqual([]);
  expect(paths["/own"]!["get"]!["security"]).toEqual([
    { functionsKey: ["function"] },
    { functionsKeyInQuery: ["function"] },
  ]);
  expect(managed.length).toBeGreaterThan(15);
  for (const operation of managed) {
    expect(operation).toMatchObject({ security: systemKey, responses: { 401: {} } });
  }
  expect(components.securitySchemes["functionsKey"]!.description).toContain("durabletask_extension");
  const [first] = Object.values(describe({}).paths);
  expect(Object.values(first!)[0]).not.toHaveProperty("security");
});

it("says of orchestrations what their schemas tell, also where the id is given", () => {
  const { paths, components } = describe({
    orchestrations: [orchestration("hello", schemaThatTells(city), silentSchema), orchestration("open")],
  });
  const start = (route: string) => paths[`${managementPath}/orchestrators/${route}`]?.["post"];

  expect(bodyOf(start("hello"))).toEqual({ $ref: "#/components/schemas/helloInput" });
  expect(bodyOf(start("hello/{instanceId}"))).toEqual({ $ref: "#/components/schemas/helloInput" });
  expect(bodyOf(start("hello"), 200)).toEqual({});
  expect(components.schemas["helloInput"]).toEqual(city);
  expect(bodyOf(start("open"))).toEqual({});
});

it("says of an output that it may also be the status of an instance that has failed", () => {
  const { paths } = describe({ orchestrations: [orchestration("hello", undefined, schemaThatTells(city))] });

  expect(bodyOf(paths[`${managementPath}/orchestrators/hello`]!["post"], 200)).toEqual({
    anyOf: [{ $ref: "#/components/schemas/helloOutput" }, { $ref: "#/components/schemas/InstanceStatus" }],
  });
});

it("says of events and entities what their schemas tell", () => {
  const number = schemaThatTells({ type: "number" });
  const { paths, components } = describe({
    events: [
      { name: "Approval", schemas: [schemaThatTells(city)] },
      { name: "both ways", schemas: [number, number] },
    ],
    entities: [
      {
        name: "Counter",
        stateSchema: number,
        operations: [
          { name: "add", inputSchema: number },
          { name: "sub", inputSchema: number },
        ],
      },
      { name: "Open", stateSchema: undefined, operations: [{ name: "reset", inputSchema: undefined }] },
    ],
  });
  const raise = (name: string) => bodyOf(paths[`${managementPath}/instances/{instanceId}/raiseEvent/${name}`]!["post"]);
  const counter = paths[`${managementPath}/entities/Counter/{key}`]!;

  expect(raise("Approval")).toEqual({ $ref: "#/components/schemas/ApprovalEvent" });
  expect(raise("both%20ways")).toEqual({
    anyOf: [{ $ref: "#/components/schemas/both_waysEvent" }, { $ref: "#/components/schemas/both_waysEvent_2" }],
  });
  expect(bodyOf(counter["get"], 200)).toEqual({ $ref: "#/components/schemas/CounterState" });
  expect(bodyOf(counter["post"])).toEqual({
    anyOf: [{ $ref: "#/components/schemas/Counter_addInput" }, { $ref: "#/components/schemas/Counter_subInput" }],
  });
  expect(counter["post"]!["parameters"]).toContainEqual(
    expect.objectContaining({ name: "op", schema: { type: "string", examples: ["add", "sub"] } }),
  );
  expect(bodyOf(paths[`${managementPath}/entities/Open/{key}`]!["post"])).toEqual({});
  expect(Object.keys(components.schemas)).not.toContain("OpenState");
});

it("gives no schema the name of another", () => {
  const { components } = describe({
    orchestrations: [orchestration("a.b", schemaThatTells({ type: "number" }))],
    events: [{ name: "History", schemas: [schemaThatTells(city)] }],
  });

  expect(components.schemas["HistoryEvent"]).not.toEqual(city);
  expect(components.schemas["HistoryEvent_2"]).toEqual(city);
});

it("moves the references of a recursive schema along with it, and nothing else", () => {
  const node = schemaThatTells({
    $ref: "#/$defs/node",
    $defs: {
      node: { properties: { next: { $ref: "#/$defs/node" }, default: { $ref: "#" } }, default: { $ref: "#/x" } },
    },
  });
  const { components } = describe({ orchestrations: [orchestration("tree", node)] });
  const place = "#/components/schemas/treeInput";

  expect(components.schemas["treeInput"]).toEqual({
    $ref: `${place}/$defs/node`,
    $defs: {
      node: {
        properties: { next: { $ref: `${place}/$defs/node` }, default: { $ref: place } },
        default: { $ref: "#/x" },
      },
    },
  });
});

it("has nothing to manage in an app without durable functions", () => {
  const { paths, components } = createOpenApiDocument({
    title: "web",
    version: "1.0.0",
    managementPath,
    functions: [fn("ping", "api/ping")],
    durable: undefined,
  }) as unknown as Document;

  expect(Object.keys(paths)).toEqual(["/api/ping"]);
  expect(components.schemas).toEqual({});
});
