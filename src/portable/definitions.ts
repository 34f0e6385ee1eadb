import { DurableError } from "../core/errors.ts";
import { isStandardSchema, type StandardSchema } from "../core/payloads/standard-schema.ts";
import type { OperationSchemas } from "../worker/entities/entity-definition.ts";

export type DefinitionKind = "orchestration" | "activity" | "entity";

/** What is known of a function that is registered, called and started by reference. */
export interface Definition {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
  readonly stateSchema?: StandardSchema | undefined;
  readonly operationSchemas?: Readonly<Record<string, OperationSchemas>> | undefined;
}

/** Where a function keeps its definition, for every copy of this package. */
const definitionKey = Symbol.for("durable-functions-ts.definition.1");

const articles: Readonly<Record<DefinitionKind, string>> = {
  orchestration: "an orchestration",
  activity: "an activity",
  entity: "an entity",
};

/** What a function was marked with, if it was. A class does not have the mark of its base. */
function markOf(target: object): Definition | undefined {
  return Object.hasOwn(target, definitionKey)
    ? (target as { readonly [definitionKey]?: Definition })[definitionKey]
    : undefined;
}

/** What a function was marked as, by a helper or a registration under a name; `undefined` when nobody has said. */
export function kindOf(target: object): DefinitionKind | undefined {
  return markOf(target)?.kind;
}

/** Somebody has said what it is: a helper, or a registration under a name. */
export function isMarked(target: object): boolean {
  return markOf(target) !== undefined;
}

/**
 * Writes on a function what it is. The first name that a function is given stays the one by which references to it are
 * resolved.
 *
 * @throws DurableError `InvalidOption` when it is something else already
 */
export function mark(definition: Definition, target: object): void {
  const known = markOf(target);
  if (known === undefined) {
    Object.defineProperty(target, definitionKey, { value: Object.freeze(definition) });
    return;
  }
  if (known.kind === definition.kind && known.name === definition.name) return;
  throw new DurableError(
    "InvalidOption",
    `${articles[definition.kind]} '${definition.name}' is ${articles[known.kind]} '${known.name}' already; a function has one name`,
  );
}

/**
 * What a reference stands for: as it was marked, else by the name of the function.
 *
 * @throws DurableError `InvalidOption` for a function without a name, and for one that is something else
 */
export function definitionOf(kind: DefinitionKind, target: unknown): Definition {
  if (typeof target !== "function") {
    throw invalid(`${articles[kind]} is given as a function or by name, but got ${describe(target)}`);
  }
  const known = markOf(target);
  if (known === undefined) return { kind, name: nameOf(kind, target) };
  if (known.kind === kind) return known;
  throw invalid(`'${known.name}' is ${articles[known.kind]}, and ${articles[kind]} is wanted`);
}

/** @throws DurableError `InvalidOption` */
function nameOf(kind: DefinitionKind, target: { readonly name: string }): string {
  // What a class or a bundle makes of `name` need not be a text.
  if (typeof target.name === "string" && target.name !== "" && target.name !== "default") return target.name;
  throw invalid(
    `this function has no name, by which ${articles[kind]} is registered and called: write \`function name(...)\`, or give one: ${kind}("name", ...)`,
  );
}

/** @throws DurableError `InvalidOption` */
export function assertHandler(kind: DefinitionKind, name: string | undefined, handler: unknown): void {
  if (typeof handler === "function") return;
  const named = name === undefined ? "" : ` '${name}'`;
  throw invalid(
    `${articles[kind]}${named} is a function${kind === "entity" ? " or a class" : ""}, but got ${describe(handler)}`,
  );
}

/** @throws DurableError `InvalidOption` */
export function readSchema(value: unknown, what: string): StandardSchema | undefined {
  if (value === undefined || isStandardSchema(value)) return value;
  throw invalid(`${what} must be a schema that follows Standard Schema (Zod, Valibot, ArkType)`);
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}
