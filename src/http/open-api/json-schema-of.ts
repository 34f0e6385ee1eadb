import type { StandardSchema } from "../../core/payloads/standard-schema.ts";

/** JSON Schema as OpenAPI 3.1 takes it: draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What Standard JSON Schema adds to a Standard Schema; Zod, Valibot and ArkType have it in their newer versions. */
interface Converter {
  readonly input?: (options: { readonly target: string }) => unknown;
  readonly output?: (options: { readonly target: string }) => unknown;
}

/**
 * What a schema of a user's library says of the JSON that it takes (`input`) or gives (`output`). A library that does not
 * tell, or cannot (a transformation, say), leaves it open: `{}`.
 *
 * @param id a URI for it: references inside of it are meant from its own root
 */
export function jsonSchemaOf(schema: StandardSchema | undefined, side: "input" | "output", id: string): JsonSchema {
  const standard = schema?.["~standard"] as { readonly jsonSchema?: Converter } | undefined;
  try {
    const found = standard?.jsonSchema?.[side]?.({ target: "draft-2020-12" });
    if (typeof found !== "object" || found === null) return {};
    const { $schema: _, ...content } = found as Record<string, unknown>;
    return JSON.stringify(content).includes('"$ref":"#') ? { $id: id, ...content } : content;
  } catch {
    return {};
  }
}
