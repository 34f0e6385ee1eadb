import { type DescribedFunction, functionPaths } from "./function-paths.ts";
import { type DescribedOrchestration, managementPaths } from "./management-paths.ts";
import { managementSchemas } from "./schemas.ts";

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  /** Where the management API answers, without a trailing slash: `/runtime/webhooks/durabletask`. */
  readonly managementPath: string;
  /** Where the app's HTTP functions answer, without slashes: `api`; empty for the root. */
  readonly routePrefix: string;
  readonly functions: readonly DescribedFunction[];
  readonly orchestrations: readonly DescribedOrchestration[];
  /** Callers show keys, but for functions of the level `anonymous`. @defaultValue false */
  readonly needsKeys?: boolean | undefined;
}

/** As the Functions host takes keys. */
const securitySchemes = {
  keyHeader: { type: "apiKey", in: "header", name: "x-functions-key" },
  keyQuery: { type: "apiKey", in: "query", name: "code" },
} as const;

/** A document of OpenAPI 3.1, as `JSON.stringify` takes it. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/**
 * Describes what can be asked over HTTP: the management API, with what the schemas of orchestrations say of their inputs
 * and outputs, and the functions of the app.
 */
export function createOpenApiDocument(options: OpenApiOptions): OpenApiDocument {
  const prefix = options.routePrefix === "" ? "" : `/${options.routePrefix}`;
  return {
    openapi: "3.1.0",
    info: { title: options.title, version: options.version },
    servers: [{ url: "/" }],
    tags: [
      { name: "functions", description: "HTTP functions of the app" },
      { name: "orchestrations", description: "Starts" },
      { name: "instances", description: "What was started" },
      { name: "entities", description: "Durable entities" },
    ],
    paths: {
      ...below(prefix, functionPaths(options.functions)),
      ...below(options.managementPath, managementPaths(options.orchestrations)),
    },
    ...(options.needsKeys === true && { security: Object.keys(securitySchemes).map((name) => ({ [name]: [] })) }),
    components: { schemas: managementSchemas, ...(options.needsKeys === true && { securitySchemes }) },
  };
}

function below(prefix: string, paths: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [prefix + path, item]));
}
