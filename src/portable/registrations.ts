import { DurableError } from "../core/errors.ts";
import type { EntityDefinition } from "../worker/entities/entity-definition.ts";
import type { Registry } from "../worker/registry.ts";
import { type ActivityContext, createActivityContext } from "./activity-context.ts";
import { assertHandler, type Definition, type DefinitionKind, definitionOf, isMarked, mark } from "./definitions.ts";
import type { OrchestrationContext } from "./orchestration-context.ts";
import { PortableContext } from "./portable-context.ts";

type Code<Context> = (context: Context, input: unknown) => unknown;

/**
 * Adds an orchestration: a function, or a name and a function.
 *
 * @returns the name it has now
 * @throws DurableError `InvalidOption`, `DuplicateRegistration`
 */
export function addOrchestration(registry: Registry, first: unknown, second: unknown): string {
  const { definition, code } = resolve<Code<OrchestrationContext>>("orchestration", first, second);
  const { name, inputSchema, outputSchema } = definition;
  registry.addOrchestration({
    name,
    inputSchema,
    outputSchema,
    orchestrator: (context, input) => code(new PortableContext(context), input),
  });
  return name;
}

/** Adds an activity, as {@link addOrchestration} does. */
export function addActivity(registry: Registry, first: unknown, second: unknown): string {
  const { definition, code } = resolve<Code<ActivityContext>>("activity", first, second);
  const { name, inputSchema, outputSchema } = definition;
  registry.addActivity({
    name,
    inputSchema,
    outputSchema,
    activity: (input, context) => code(createActivityContext(context), input),
  });
  return name;
}

/** Adds an entity, as {@link addOrchestration} does. */
export function addEntity(registry: Registry, first: unknown, second: unknown): string {
  const { definition, code } = resolve<EntityDefinition["entity"]>("entity", first, second);
  const { name, stateSchema, operationSchemas } = definition;
  if (/^(?:Async)?GeneratorFunction$/.test(Object.prototype.toString.call(code).slice(8, -1))) {
    throw invalid(`entity '${name}' must not be a generator function: entities wait with 'await'`);
  }
  registry.addEntity({ name, entity: code, stateSchema, operationSchemas });
  return name;
}

function resolve<T>(kind: DefinitionKind, first: unknown, second: unknown): { definition: Definition; code: T } {
  if (typeof first === "string") {
    assertHandler(kind, first, second);
    const code = second as { readonly name: string };
    return { definition: named(kind, first, code), code: code as T };
  }
  assertHandler(kind, undefined, first);
  if (second !== undefined) throw invalid(`the name comes first: "name", ${kind}`);
  return { definition: definitionOf(kind, first), code: first as T };
}

/** Under a given name; references to a function that has no mark yet find it there. */
function named(kind: DefinitionKind, name: string, code: object): Definition {
  if (isMarked(code)) return { ...definitionOf(kind, code), name };
  const definition: Definition = { kind, name };
  mark(definition, code);
  return definition;
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
