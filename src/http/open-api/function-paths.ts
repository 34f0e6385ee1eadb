import type { JsonSchema } from "./json-schema-of.ts";
import type { PathItem } from "./management-paths.ts";

/** An HTTP function of an app. */
export interface DescribedFunction {
  readonly name: string;
  /** Below the route prefix, without a leading slash: `orders/{id:int}/{part?}`. */
  readonly route: string;
  /** Upper case; empty for all. */
  readonly methods: readonly string[];
  /** Needs no key, also where others do. @defaultValue false */
  readonly isAnonymous?: boolean | undefined;
}

/** Constraints of route templates, as far as JSON Schema can say the same. */
const schemaOfConstraint: Readonly<Record<string, JsonSchema>> = {
  int: { type: "integer", format: "int32" },
  long: { type: "integer", format: "int64" },
  bool: { type: "boolean" },
  guid: { type: "string", format: "uuid" },
  datetime: { type: "string", format: "date-time" },
  decimal: { type: "number" },
  double: { type: "number", format: "double" },
  float: { type: "number", format: "float" },
};

/** What a path of OpenAPI can say of methods; others are left out. */
const describedMethods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"];
/** Of a function that serves all methods, those that its callers use. */
const usualMethods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The paths of an app's HTTP functions. A route that ends in an optional parameter has two: with it and without. */
export function functionPaths(functions: readonly DescribedFunction[]): Readonly<Record<string, PathItem>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { name, route, methods, isAnonymous } of functions) {
    for (const [index, variant] of variantsOf(route).entries()) {
      const { path, parameters } = readTemplate(variant);
      paths[path] ??= parameters.length === 0 ? {} : { parameters };
      const item = paths[path];
      for (const method of methods.length === 0 ? usualMethods : methods) {
        if (!describedMethods.includes(method)) continue;
        const suffix = [methods.length === 1 ? "" : method.toLowerCase(), index === 0 ? "" : "short"];
        item[method.toLowerCase()] ??= {
          operationId: [name, ...suffix].filter((part) => part !== "").join("."),
          tags: ["functions"],
          summary: name,
          ...(isAnonymous === true && { security: [] }),
          responses: { default: { description: "What the function answers" } },
        };
      }
    }
  }
  return paths;
}

function variantsOf(route: string): readonly string[] {
  const optional = /\/?\{[^{}]*\?\}$/.exec(route);
  return optional === null ? [route] : [route, ...variantsOf(route.slice(0, optional.index))];
}

function readTemplate(route: string): { readonly path: string; readonly parameters: readonly object[] } {
  const parameters: object[] = [];
  const path = route.replace(/\{\*{0,2}([^{}:=?]+)(?::([a-z]+))?[^{}]*\}/gi, (_, name: string, constraint?: string) => {
    const schema = schemaOfConstraint[constraint?.toLowerCase() ?? ""] ?? { type: "string" };
    parameters.push({ name, in: "path", required: true, schema });
    return `{${name}}`;
  });
  return { path: `/${path}`, parameters };
}
