import { basename } from "node:path";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import { listEventSchemas, type StandardSchema } from "../../core/payloads/standard-schema.ts";
import type { DescribedDurable, DescribedEntity, DescribedFunction } from "../../http/open-api/described-app.ts";
import { createOpenApiDocument, type OpenApiDocument } from "../../http/open-api/open-api-document.ts";
import { findOperations } from "../../worker/entities/class-entity.ts";
import { type EntityDefinition, isEntityClass } from "../../worker/entities/entity-definition.ts";
import type { Registry } from "../../worker/registry.ts";
import { RouteTemplate } from "../routing/route-template.ts";
import type { EmbeddedApps } from "./embedded-apps.ts";
import type { FunctionApp, ServedFunction } from "./function-app.ts";
import { readManifest } from "./load-app.ts";

/** Where the local host serves the management API. */
export const managementPath = "/runtime/webhooks/durabletask";

/** What a document is called. */
interface AppIdentity {
  readonly title: string;
  readonly version: string;
}

/** As package.json names the app; else as its folder is called. */
export async function identifyApp(appFolder: string): Promise<AppIdentity> {
  const { name, version } = await readManifest(appFolder);
  return { title: name ?? (basename(appFolder) || "app"), version: version ?? "0.0.0" };
}

/** How a host serves the app that it describes. */
interface DescribedHost extends AppIdentity {
  /** Whether there is anything to manage. */
  readonly isDurable: boolean;
  /** Whether callers show keys. */
  readonly needsKeys: boolean;
}

/** What can be asked of an app over HTTP, as OpenAPI. */
export function describeApp(app: FunctionApp, apps: EmbeddedApps, host: DescribedHost): OpenApiDocument {
  const { title, version, isDurable, needsKeys } = host;
  return createOpenApiDocument({
    title,
    version,
    needsKeys,
    managementPath,
    functions: app.functions.flatMap((served) => describeFunction(served) ?? []),
    durable: isDurable ? describeDurable(apps) : undefined,
  });
}

function describeFunction({ name, route, methods, authLevel }: ServedFunction): DescribedFunction | undefined {
  return route === undefined ? undefined : { name, segments: new RouteTemplate(route).segments, methods, authLevel };
}

/** Each once, as the app that serves it has it. */
function describeDurable({ registries, orchestrationNames, entityNames }: EmbeddedApps): DescribedDurable {
  const findIn = <T>(find: (registry: Registry) => T | undefined) => {
    for (const registry of registries) {
      const found = find(registry);
      if (found !== undefined) return { found, isPlain: keepsPlainJson(registry.dataConverter) };
    }
    return undefined;
  };
  return {
    orchestrations: orchestrationNames.map((name) => {
      const { found, isPlain } = findIn((registry) => registry.findOrchestration(name)) ?? {};
      const told = (schema: StandardSchema | undefined) => (isPlain ? schema : undefined);
      return { name, inputSchema: told(found?.inputSchema), outputSchema: told(found?.outputSchema) };
    }),
    entities: entityNames.flatMap((name) => {
      const { found, isPlain } = findIn((registry) => registry.findEntity(name)) ?? {};
      return found === undefined ? [] : describeEntity(found, isPlain ?? false);
    }),
    events: registries.every(({ dataConverter }) => keepsPlainJson(dataConverter)) ? listEventSchemas() : [],
  };
}

function describeEntity({ name, entity, stateSchema, operationSchemas = {} }: EntityDefinition, isPlain: boolean) {
  const schemas = new Map(Object.entries(operationSchemas).map(([key, { input }]) => [key.toLowerCase(), input]));
  const names = isEntityClass(entity) ? findOperations(entity).names : Object.keys(operationSchemas);
  const described: DescribedEntity = {
    name,
    stateSchema: isPlain ? stateSchema : undefined,
    operations: names.map((operation) => ({
      name: operation,
      inputSchema: isPlain ? schemas.get(operation.toLowerCase()) : undefined,
    })),
  };
  return described;
}

/** What schemas say is not what callers send where a converter writes payloads in its own way: encrypted ones, say. */
function keepsPlainJson(converter: DataConverter): boolean {
  const sample = { text: "a", list: [1, true, null] };
  try {
    return converter.serialize(sample, "a sample") === JSON.stringify(sample);
  } catch {
    return false;
  }
}
