import type { DescribedFunction, RouteParameter, RouteSegment } from "./described-app.ts";
import type { JsonSchema } from "./json-schema-of.ts";
import type { PathItem } from "./operation.ts";
import { shownKey } from "./security.ts";
import { uniqueName } from "./unique-name.ts";

/** What a path of OpenAPI can say of methods; others are left out. */
const describedMethods: readonly string[] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"];
/** Of a function that serves all methods, those that its callers use. */
const usualMethods: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const withBody: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];
/** Nothing is known of it. */
const anything = { "*/*": { schema: {} } };

interface WrittenPath {
  /** As the first of its functions has it. */
  readonly path: string;
  readonly names: readonly string[];
  readonly item: Record<string, unknown>;
}

/**
 * The paths of an app's HTTP functions. A route that ends in a parameter which may be left out has two: with it and
 * without. Of two functions with one path and method the first one counts, as it is the one that serves.
 *
 * @param takenIds names of operations that are in use; those of the functions are added
 */
export function functionPaths(
  functions: readonly DescribedFunction[],
  takenIds: Set<string>,
): Readonly<Record<string, PathItem>> {
  const paths = new Map<string, WrittenPath>();
  for (const fn of functions) {
    const variants = variantsOf(fn.segments);
    for (const segments of variants) {
      const names = parametersOf(segments).map(({ name }) => name);
      const path = formatPath(segments);
      // Paths that differ in the names of their parameters only are one path.
      const key = path.replace(/\{[^{}]*\}/g, "{}").toLowerCase();
      const written = paths.get(key) ?? { path, names, item: {} };
      paths.set(key, written);
      const absent = parametersOf(fn.segments).slice(names.length);
      for (const method of fn.methods.length === 0 ? usualMethods : fn.methods) {
        const member = method.toLowerCase();
        if (!describedMethods.includes(method) || member in written.item) continue;
        const words = [fn.name, ...(fn.methods.length === 1 ? [] : [member])];
        const wanted = [...words, ...(absent.length === 0 ? [] : ["without", ...absent.map(({ name }) => name)])];
        const operationId = uniqueName(wanted.join("_"), (id) => takenIds.has(id));
        takenIds.add(operationId);
        written.item[member] = describeCall(fn, operationId, method, parametersOf(segments), written.names);
      }
    }
  }
  const written = [...paths.values()].filter(({ item }) => Object.keys(item).length > 0);
  return Object.fromEntries(written.map(({ path, item }) => [path, item]));
}

/** @param names of the parameters in the path */
function describeCall(
  fn: DescribedFunction,
  operationId: string,
  method: string,
  parameters: readonly RouteParameter[],
  names: readonly string[],
): PathItem {
  const { name, authLevel } = fn;
  return {
    operationId,
    tags: ["functions"],
    summary: name,
    security: authLevel === "anonymous" ? [] : shownKey(authLevel),
    ...(parameters.length > 0 && {
      parameters: parameters.map((parameter, at) => describeParameter(parameter, names[at]!)),
    }),
    ...(withBody.includes(method) && { requestBody: { required: false, content: anything } }),
    responses: { default: { description: "What the function answers", content: anything } },
  };
}

function parametersOf(segments: readonly RouteSegment[]): readonly RouteParameter[] {
  return segments.flat().filter((piece) => typeof piece !== "string");
}

function variantsOf(segments: readonly RouteSegment[]): readonly (readonly RouteSegment[])[] {
  const last = segments.at(-1) ?? [];
  const piece = last.at(-1);
  if (piece === undefined || typeof piece === "string") return [segments];
  const before = segments.slice(0, -1);
  // `{file}.{ext?}`: the dot goes with it.
  if (last.length > 1) return piece.optional ? [segments, [...before, last.slice(0, -2)]] : [segments];
  const canBeAbsent = piece.optional || piece.catchAll || piece.defaultValue !== undefined;
  return canBeAbsent ? [segments, ...variantsOf(before)] : [segments];
}

function formatPath(segments: readonly RouteSegment[]): string {
  const format = (piece: string | RouteParameter) =>
    typeof piece === "string" ? encodeURI(piece).replaceAll("?", "%3F").replaceAll("#", "%23") : `{${piece.name}}`;
  return `/${segments.map((segment) => segment.map(format).join("")).join("/")}`;
}

function describeParameter(parameter: RouteParameter, name: string): object {
  const { catchAll, defaultValue } = parameter;
  return {
    name,
    in: "path",
    required: true,
    ...(catchAll && { description: "The rest of the path, which may have slashes" }),
    ...(defaultValue !== undefined && { description: `Where it is left out: ${defaultValue}` }),
    schema: schemaOfRules(parameter.rules),
  };
}

/** Constraints of route templates, as far as JSON Schema can say the same. */
const schemaOfRule: Readonly<Record<string, JsonSchema>> = {
  int: { type: "integer", format: "int32" },
  long: { type: "integer", format: "int64" },
  bool: { type: "boolean" },
  guid: { type: "string", format: "uuid" },
  datetime: { type: "string", format: "date-time" },
  decimal: { type: "number" },
  double: { type: "number", format: "double" },
  float: { type: "number", format: "float" },
  alpha: { type: "string", pattern: "^[A-Za-z]*$" },
};

function schemaOfRules(rules: RouteParameter["rules"]): JsonSchema {
  return Object.assign({ type: "string" }, ...rules.map(schemaOf)) as JsonSchema;
}

function schemaOf({ name, argument = "" }: RouteParameter["rules"][number]): JsonSchema {
  const [first = Number.NaN, second = first] = argument.split(",").map(Number);
  switch (name.toLowerCase()) {
    case "min":
      return { type: "integer", minimum: first };
    case "max":
      return { type: "integer", maximum: first };
    case "range":
      return { type: "integer", minimum: first, maximum: second };
    case "length":
      return { minLength: first, maxLength: second };
    case "minlength":
      return { minLength: first };
    case "maxlength":
      return { maxLength: first };
    default:
      return schemaOfRule[name.toLowerCase()] ?? {};
  }
}
