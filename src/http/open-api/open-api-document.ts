import type { DescribedApp, DescribedDurable } from "./described-app.ts";
import { entityPaths } from "./entity-paths.ts";
import { functionPaths } from "./function-paths.ts";
import { instancePaths } from "./instance-paths.ts";
import { managementParameters, type PathItem } from "./operation.ts";
import { orchestrationPaths } from "./orchestration-paths.ts";
import { SchemaComponents } from "./schema-components.ts";
import { managementSchemas } from "./schemas.ts";
import { asksForKey, createSecuritySchemes } from "./security.ts";
import { uniqueName } from "./unique-name.ts";

export interface OpenApiOptions extends DescribedApp {
  readonly title: string;
  readonly version: string;
  /** Where the management API answers, without a trailing slash: `/runtime/webhooks/durabletask`. */
  readonly managementPath: string;
  /** Callers of this server show keys: for the management API, too. @defaultValue false */
  readonly needsKeys?: boolean | undefined;
}

/** A document of OpenAPI 3.1, as `JSON.stringify` takes it. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/**
 * Describes what can be asked over HTTP: the functions of the app, and the management API, with what schemas tell of
 * inputs, outputs, events and states.
 */
export function createOpenApiDocument(options: OpenApiOptions): OpenApiDocument {
  const { title, version, managementPath, functions, durable, needsKeys = false } = options;
  const components = new SchemaComponents(durable === undefined ? {} : managementSchemas);
  const managed = durable === undefined ? {} : managementPaths(durable, components);
  const ids = new Set<string>();
  const management = Object.entries(managed).map(([path, item]) => {
    return [managementPath + path, finished(item, ids, needsKeys)];
  });
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
      securitySchemes: createSecuritySchemes(needsKeys),
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

/**
 * Operations with ids of their own, for two orchestrations may differ in what an id made of their names does not keep
 * apart, and with the key that they ask for.
 */
function finished(item: PathItem, takenIds: Set<string>, needsKeys: boolean): PathItem {
  const members = Object.entries(item as Record<string, PathItem>).map(([method, operation]) => {
    const operationId = uniqueName(String(operation["operationId"]), (id) => takenIds.has(id));
    takenIds.add(operationId);
    const described = { ...operation, operationId };
    return [method, needsKeys ? { ...described, ...asksForKey(operation) } : described];
  });
  return Object.fromEntries(members) as PathItem;
}
