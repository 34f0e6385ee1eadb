import type { StandardSchema } from "../../../../src/core/payloads/standard-schema.ts";

/** A schema of a library that says nothing of its form. */
export const silentSchema: StandardSchema = {
  "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) },
};

/** As the newer versions of Zod, Valibot and ArkType do. */
export function schemaThatTells(jsonSchema: object): StandardSchema {
  const tell = ({ target }: { readonly target: string }) => ({ $schema: target, ...jsonSchema });
  const standard = { ...silentSchema["~standard"], jsonSchema: { input: tell, output: tell } };
  return { "~standard": standard };
}
