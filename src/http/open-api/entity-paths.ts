import type { DescribedEntity } from "./described-app.ts";
import type { JsonSchema } from "./json-schema-of.ts";
import {
  body,
  boolean,
  empty,
  json,
  nextPage,
  operation,
  type PathItem,
  paging,
  path,
  query,
  ref,
  text,
  time,
  tooLarge,
} from "./operation.ts";
import type { SchemaComponents } from "./schema-components.ts";

const name = path("name", "The name of the entity, in any case");
const key = path("key", "The key of the entity; `$` for the empty one");

/** Entities: each that is known, and any by its name. */
export function entityPaths(
  entities: readonly DescribedEntity[],
  components: SchemaComponents,
): Readonly<Record<string, PathItem>> {
  const list = (id: string, parameters: readonly object[]) => ({
    get: operation(
      id,
      "entities",
      "Lists entities",
      [
        ...parameters,
        query("fetchState", { ...boolean, default: false }, "Whether states are shown"),
        query("lastOperationTimeFrom", time, "Changed then or later"),
        query("lastOperationTimeTo", time, "Changed then or earlier"),
        ...paging,
      ],
      { 200: json({ type: "array", items: ref("EntityStatus") }, "A page of them", nextPage) },
    ),
  });
  const change = (suffix: string, what: string, parameters: readonly object[], entity: EntitySchemas) => ({
    post: operation(
      `signalEntity${suffix}`,
      "entities",
      `Signals an operation of ${what}`,
      [...parameters, query("op", entity.operation, "The name of the operation")],
      { 202: empty("Accepted"), ...tooLarge },
      body(entity.input, "The input of the operation; what is not sent as JSON is a text", "text/plain"),
    ),
    delete: operation(`deleteEntity${suffix}`, "entities", `Signals the operation \`delete\` of ${what}`, parameters, {
      202: empty("Accepted"),
    }),
  });
  const one = (suffix: string, what: string, parameters: readonly object[], entity: EntitySchemas) => ({
    get: operation(`readEntity${suffix}`, "entities", `The state of ${what}`, parameters, {
      200: json(entity.state, "Its state"),
      404: empty("There is no such entity"),
    }),
    ...change(suffix, what, parameters, entity),
  });
  const open: EntitySchemas = { state: {}, operation: text, input: {} };
  const known = entities.map((entity) => [
    `/entities/${encodeURIComponent(entity.name)}/{key}`,
    one(`_${entity.name}`, entity.name, [key], schemasOf(entity, components)),
  ]);
  return {
    "/entities": list("listEntities", []),
    "/entities/{name}": {
      ...list("listEntitiesOf", [name]),
      ...change("WithoutKey", "the entity whose key is empty", [name], open),
    },
    ...Object.fromEntries(known),
    "/entities/{name}/{key}": one("", "an entity", [name, key], open),
  };
}

interface EntitySchemas {
  readonly state: JsonSchema;
  readonly operation: JsonSchema;
  readonly input: JsonSchema;
}

function schemasOf(entity: DescribedEntity, components: SchemaComponents): EntitySchemas {
  const { operations } = entity;
  const inputs = operations.map((each) =>
    components.add(`${entity.name}_${each.name}Input`, each.inputSchema, "input"),
  );
  const isOpen = inputs.length === 0 || inputs.some((input) => Object.keys(input).length === 0);
  const names = operations.map((each) => each.name);
  return {
    state: components.add(`${entity.name}State`, entity.stateSchema, "output"),
    // `delete` needs no method, and names are compared ignoring case: a list of them would be too short.
    operation: names.length === 0 ? text : { ...text, examples: names },
    input: isOpen ? {} : { anyOf: inputs },
  };
}
