import { expect, it } from "vitest";
import type { StandardSchema } from "../../../../src/core/payloads/standard-schema.ts";
import { parseManagementRoute } from "../../../../src/http/management-route.ts";
import { createOpenApiDocument } from "../../../../src/http/open-api/open-api-document.ts";

const managementPath = "/runtime/webhooks/durabletask";
const nothing = {
  title: "shop",
  version: "1.0.0",
  managementPath,
  routePrefix: "api",
  functions: [],
  orchestrations: [],
};

const silent: StandardSchema = { "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } };

/** As the newer versions of Zod, Valibot and ArkType do. */
function schemaThatTells(jsonSchema: object): StandardSchema {
  const tell = ({ target }: { readonly target: string }) => ({ $schema: target, ...jsonSchema });
  const standard = { ...silent["~standard"], jsonSchema: { input: tell, output: tell } };
  return { "~standard": standard };
}

type Paths = Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;

function pathsOf(options: Partial<Parameters<typeof createOpenApiDocument>[0]>): Paths {
  return createOpenApiDocument({ ...nothing, ...options })["paths"] as Paths;
}

it("describes exactly the routes of the management API", () => {
  const routes = Object.entries(pathsOf({})).flatMap(([path, item]) =>
    Object.keys(item).map((method) => {
      const below = path.slice(managementPath.length).replaceAll(/\{(\w+)\}/g, "$1");
      return parseManagementRoute(method.toUpperCase(), below)?.kind;
    }),
  );

  expect(routes).not.toContain(undefined);
  expect(new Set(routes)).toEqual(
    new Set([
      ...["start", "list", "purgeBy", "status", "purge", "raiseEvent", "terminate", "suspend", "resume", "rewind"],
      ...["restart", "listEntities", "readEntity", "signalEntity", "deleteEntity"],
    ]),
  );
});

it("names each operation once, each parameter of a path, and only schemas that are there", () => {
  const document = createOpenApiDocument({
    ...nothing,
    functions: [{ name: "order", route: "orders/{id:int}/{part?}", methods: ["GET", "POST"] }],
    orchestrations: [{ name: "hello", inputSchema: undefined, outputSchema: undefined }],
  });
  const paths = document["paths"] as Paths;
  const operations = Object.values(paths).flatMap((item) =>
    Object.entries(item).flatMap(([method, each]) => (method === "parameters" ? [] : [each])),
  );
  const ids = operations.map((each) => each["operationId"]);
  const schemas = (document["components"] as { readonly schemas: object }).schemas;

  expect(new Set(ids).size).toBe(ids.length);
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, each] of Object.entries(item)) {
      if (method === "parameters") continue;
      const listed = [...(((each["parameters"] as object[]) ?? []) as { in: string; name: string }[])];
      listed.push(...((item["parameters"] as unknown as { in: string; name: string }[]) ?? []));
      const inPath = listed.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      expect({ path, method, names: inPath.toSorted() }).toEqual({
        path,
        method,
        names: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted(),
      });
    }
  }
  for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    expect(schemas).toHaveProperty(name!);
  }
});

it("describes the functions of the app by their routes", () => {
  const paths = pathsOf({
    functions: [
      { name: "order", route: "orders/{id:int}/{part?}", methods: ["GET"] },
      { name: "file", route: "files/{*path}", methods: [] },
    ],
  });

  expect(paths["/api/orders/{id}/{part}"]).toMatchObject({
    parameters: [
      { name: "id", in: "path", schema: { type: "integer" } },
      { name: "part", in: "path", schema: { type: "string" } },
    ],
    get: { operationId: "order" },
  });
  expect(paths["/api/orders/{id}"]).toMatchObject({ get: { operationId: "order.short" } });
  expect(Object.keys(paths["/api/files/{path}"]!)).toEqual(["parameters", "get", "post", "put", "patch", "delete"]);
});

it("says of an orchestration what its schemas tell", () => {
  const inputSchema = schemaThatTells({ type: "object", properties: { city: { type: "string" } } });
  const paths = pathsOf({
    orchestrations: [
      { name: "hello", inputSchema, outputSchema: silent },
      { name: "open", inputSchema: undefined, outputSchema: undefined },
    ],
  });
  const schemaOf = (name: string) => {
    const { requestBody } = paths[`${managementPath}/orchestrators/${name}`]!["post"] as {
      readonly requestBody: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
    };
    return requestBody.content["application/json"]!.schema;
  };

  expect(schemaOf("hello")).toMatchObject({ type: "object", properties: { city: { type: "string" } } });
  expect(schemaOf("open")).toEqual({});
});

it("leaves the references of a recursive schema to the schema", () => {
  const node = schemaThatTells({ $defs: { node: { items: { $ref: "#/$defs/node" } } }, $ref: "#/$defs/node" });
  const text = JSON.stringify(
    pathsOf({ orchestrations: [{ name: "tree", inputSchema: node, outputSchema: undefined }] }),
  );

  expect(text).toContain('"$ref":"#');
  expect(text).toContain('"$id":"urn:orchestration:tree:input"');
});
