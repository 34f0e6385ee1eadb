import type { StandardSchema } from "../../core/payloads/standard-schema.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema-of.ts";
import { uniqueName } from "./unique-name.ts";

/**
 * The schemas of a document, by name. Those of the app stand beside those of the API: tools make types of them, and find
 * what a recursive schema refers to.
 */
export class SchemaComponents {
  readonly #schemas: Record<string, JsonSchema>;

  constructor(known: Readonly<Record<string, JsonSchema>>) {
    this.#schemas = { ...known };
  }

  get all(): Readonly<Record<string, JsonSchema>> {
    return this.#schemas;
  }

  /** Takes in what a schema tells. Returns what refers to it: `{}`, which is anything, where it tells nothing. */
  add(name: string, schema: StandardSchema | undefined, side: "input" | "output"): JsonSchema {
    const told = jsonSchemaOf(schema, side);
    if (told === undefined) return {};
    const key = uniqueName(name.replace(/[^A-Za-z0-9._-]/g, "_"), (taken) => Object.hasOwn(this.#schemas, taken));
    const place = `#/components/schemas/${key}`;
    this.#schemas[key] = movedTo(place, told) as JsonSchema;
    return { $ref: place };
  }
}

/** Keywords whose values are data, whatever they look like. */
const ofData: ReadonlySet<string> = new Set(["const", "enum", "default", "example", "examples"]);
/** Keywords whose members are schemas by names of the user. */
const ofNames: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "dependentSchemas",
  "$defs",
  "definitions",
]);

/** The same schema, whose references from its root (`#`, `#/$defs/node`) start at the place that it is put. */
function movedTo(place: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => movedTo(place, item));
  if (typeof value !== "object" || value === null) return value;
  // A schema with an id of its own is its own root.
  if ("$id" in value) return value;
  const move = ([key, item]: [string, unknown]): [string, unknown] => {
    if (key === "$ref" && typeof item === "string" && /^#(?:\/|$)/.test(item)) return [key, place + item.slice(1)];
    if (ofData.has(key)) return [key, item];
    if (!ofNames.has(key) || typeof item !== "object" || item === null) return [key, movedTo(place, item)];
    return [key, Object.fromEntries(Object.entries(item).map(([name, schema]) => [name, movedTo(place, schema)]))];
  };
  return Object.fromEntries(Object.entries(value).map(move));
}
