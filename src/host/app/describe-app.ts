import {
  createOpenApiDocument,
  type OpenApiDocument,
  type OpenApiOptions,
} from "../../http/open-api/open-api-document.ts";
import type { EmbeddedApps } from "./embedded-apps.ts";
import type { FunctionApp } from "./function-app.ts";

/** What can be asked of an app over HTTP, as OpenAPI. */
export function describeApp(
  app: FunctionApp,
  apps: EmbeddedApps,
  host: Pick<OpenApiOptions, "title" | "version" | "managementPath" | "needsKeys">,
): OpenApiDocument {
  return createOpenApiDocument({
    ...host,
    // Routes of the app have it.
    routePrefix: "",
    functions: app.functions.flatMap(({ name, route, methods, authLevel }) => {
      const isAnonymous = host.needsKeys === true && authLevel === "anonymous";
      return route === undefined ? [] : { name, route, methods, isAnonymous };
    }),
    orchestrations: apps.orchestrations,
  });
}
