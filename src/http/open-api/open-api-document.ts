import type { DescribedApp, DescribedDurable } from "./described-app.ts";
import { entityPaths } from "./entity-paths.ts";
import { functionPaths } from "./function-paths.ts";
import { instancePaths } from "./instance-paths.ts";
import { managementParameters, type PathItem, securitySchemes } from "./operation.ts";
import { orchestrationPaths } from "./orchestration-paths.ts";
import { SchemaComponents } from "./schema-components.ts";
import { managementSchemas } from "./schemas.ts";
import { uniqueName } from "./unique-name.ts";

export interface OpenApiOptions extends DescribedApp {
  readonly title: string;
  readonly version: string;
  /** Where the management API answers, without a trailing slash: `/runtime/webhooks/durabletask`. */
  readonly managementPath: string;
}

/** A document of OpenAPI 3.1, as `JSON.stringify` takes it. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/**
 * Describes what can be asked over HTTP: the functions of the app, and the management API, with what schemas tell of
 * inputs, outputs, events and states.
 */
export function createOpenApiDocument(options: OpenApiOptions): OpenApiDocument {
  const { title, version, managementPath, functions, durable } = options;
  const components = new SchemaComponents(durable === undefined ? {} : managementSchemas);
  const managed = durable === undefined ? {} : managementPaths(durable, components);
  const ids = new Set<string>();
  const management = Object.entries(managed).map(([path, item]) => [managementPath + path, withOwnIds(item, ids)]);
  return {
    openapi: "3.1.0",
    info: { title, version },
    servers: [{ url: "/" }],
    tags: [
      { name: "functions", description: "HTTP functions of the app" },
      ...(durable === undefined
        ? []
        : [
            { name: "orchestrations", description: "Starts" },
            { name: "instances", description: "What was started" },
            { name: "entities", description: "Durable entities" },
          ]),
    ],
    paths: { ...functionPaths(functions, ids), ...Object.fromEntries(management) },
    components: {
      schemas: components.all,
      ...(durable !== undefined && { parameters: managementParameters }),
      securitySchemes,
    },
  };
}

function managementPaths(durable: DescribedDurable, components: SchemaComponents): Readonly<Record<string, PathItem>> {
  return {
    ...orchestrationPaths(durable.orchestrations, components),
    ...instancePaths(durable.events, components),
    ...entityPaths(durable.entities, components),
  };
}

/** Two orchestrations may differ in what an id made of their names does not keep apart. */
function withOwnIds(item: PathItem, taken: Set<string>): PathItem {
  const members = Object.entries(item as Record<string, PathItem>).map(([method, operation]) => {
    const operationId = uniqueName(String(operation["operationId"]), (id) => taken.has(id));
    taken.add(operationId);
    return [method, { ...operation, operationId }];
  });
  return Object.fromEntries(members) as PathItem;
}
