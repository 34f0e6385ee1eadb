import type { StandardSchema } from "../../core/payloads/standard-schema.ts";

/** JSON Schema as OpenAPI 3.1 takes it: draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

type Convert = (options: { readonly target: string; readonly libraryOptions?: object | undefined }) => unknown;

/** What Standard JSON Schema adds to a Standard Schema. */
interface Converter {
  readonly input?: Convert;
  readonly output?: Convert;
}

/** Leaves open what JSON Schema cannot say, such as a `Date`, instead of telling nothing at all: the words of Zod. */
const lenient = { unrepresentable: "any" };

/**
 * What a schema of a user's library says of the JSON that it takes (`input`) or gives (`output`). `undefined` for a
 * library that does not tell, or cannot: a transformation has no JSON Schema, say.
 */
export function jsonSchemaOf(schema: StandardSchema | undefined, side: "input" | "output"): JsonSchema | undefined {
  const { jsonSchema } = (schema?.["~standard"] ?? {}) as { readonly jsonSchema?: Converter };
  for (const libraryOptions of [undefined, lenient]) {
    const found = convert(jsonSchema, side, libraryOptions);
    if (found !== undefined) return found;
  }
  return undefined;
}

function convert(
  converter: Converter | undefined,
  side: "input" | "output",
  libraryOptions: object | undefined,
): JsonSchema | undefined {
  try {
    const found = converter?.[side]?.({ target: "draft-2020-12", ...(libraryOptions && { libraryOptions }) });
    if (typeof found !== "object" || found === null) return undefined;
    // What is no JSON (a bigint as a default) would make the whole document fail.
    const { $schema: _, $id: __, ...content } = JSON.parse(JSON.stringify(found)) as Record<string, unknown>;
    return Object.keys(content).length === 0 ? undefined : content;
  } catch {
    return undefined;
  }
}
