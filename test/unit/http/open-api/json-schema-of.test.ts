import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { expect, it } from "vitest";
import { z } from "zod";
import type { StandardSchema } from "../../../../src/core/payloads/standard-schema.ts";
import { jsonSchemaOf } from "../../../../src/http/open-api/json-schema-of.ts";
import { silentSchema } from "./schemas.ts";

it.each<[string, StandardSchema]>([
  ["Zod", z.object({ article: z.string(), count: z.number() })],
  ["ArkType", type({ article: "string", count: "number" })],
  ["Valibot", toStandardJsonSchema(v.object({ article: v.string(), count: v.number() }))],
])("reads what schemas of %s tell", (_, schema) => {
  const told = {
    type: "object",
    properties: { article: { type: "string" }, count: { type: "number" } },
    required: ["article", "count"],
  };

  expect(jsonSchemaOf(schema, "input")).toEqual(told);
  expect(jsonSchemaOf(schema, "output")).toMatchObject(told);
});

it("tells what is taken apart from what is given", () => {
  const schema = z.object({ count: z.number().default(1) });

  expect(jsonSchemaOf(schema, "input")?.["required"]).toBeUndefined();
  expect(jsonSchemaOf(schema, "output")?.["required"]).toEqual(["count"]);
});

it("leaves open what JSON Schema cannot say, and tells the rest", () => {
  const schema = z.object({ at: z.coerce.date(), article: z.string() });

  expect(jsonSchemaOf(schema, "input")).toMatchObject({ properties: { at: {}, article: { type: "string" } } });
});

const told = (input: () => unknown) =>
  ({ "~standard": { ...silentSchema["~standard"], jsonSchema: { input } } }) as StandardSchema;
const circle: { self?: unknown } = {};
circle.self = circle;

it.each<[string, StandardSchema]>([
  ["does not tell", silentSchema],
  [
    "throws",
    told(() => {
      throw new Error("no");
    }),
  ],
  ["tells nothing", told(() => ({}))],
  ["tells no object", told(() => "string")],
  ["tells what is no JSON", told(() => ({ default: 1n }))],
  ["goes in a circle", told(() => circle)],
])("leaves all open where a schema %s", (_, schema) => {
  expect(jsonSchemaOf(schema, "input")).toBeUndefined();
});
