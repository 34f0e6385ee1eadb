import { DurableError } from "../core/errors.ts";
import { assertKind, assertOptionNames } from "../core/option-names.ts";
import type { SchemaInput, SchemaOutput, StandardSchema } from "../core/payloads/standard-schema.ts";
import type { EntityClass, EntityFunction, OperationSchemas } from "../worker/entities/entity-definition.ts";
import type { ActivityContext } from "./activity-context.ts";
import { assertHandler, type Definition, type DefinitionKind, definitionOf, mark, readSchema } from "./definitions.ts";
import type { OrchestrationContext } from "./orchestration-context.ts";

type Arguments = [input?: unknown];

/** An orchestration as a generator or async generator. */
export type GeneratorOrchestration<Input extends Arguments, Output> = (
  context: OrchestrationContext,
  ...input: Input
  // biome-ignore lint/suspicious/noExplicitAny: what a plain `yield` gives back has no common type.
) => Generator<unknown, Output, any> | AsyncGenerator<unknown, Output, any>;

/** An orchestration as an async function, or as one that waits for nothing. */
export type AsyncOrchestration<Input extends Arguments, Output> = (
  context: OrchestrationContext,
  ...input: Input
) => Output | Promise<Output>;

/** An activity: the code that does the work. It may run more than once for one call. */
export type Activity<Input extends Arguments, Output> = (
  context: ActivityContext,
  ...input: Input
) => Output | Promise<Output>;

/** What a definition says besides its code. */
export interface DefinitionOptions<In extends StandardSchema | undefined = undefined> {
  /** @defaultValue the name of the function */
  readonly name?: string | undefined;
  /** Checks the input before it is sent, and again before the code runs, which gets what the schema gives back. */
  readonly input: In;
  /** Checks what the code returns. */
  readonly output?: StandardSchema | undefined;
}

/** What the definition of an entity says besides its code. */
export interface EntityOptions {
  /** @defaultValue the name of the class or function */
  readonly name?: string | undefined;
  /** Checks the state before it is stored, and reads it again. Synchronous. */
  readonly state?: StandardSchema | undefined;
  /** By the name of the operation. */
  readonly operations?: Readonly<Record<string, OperationSchemas>> | undefined;
}

type Unchecked = Omit<DefinitionOptions, "input"> & { readonly input?: undefined };

/**
 * Marks a function as an orchestration, and gives it its types. The function itself is given back, and nothing is
 * registered: `worker.addOrchestration` does that. Plain functions may be registered and called too.
 *
 * Without a name it has that of the function: give one where a bundler changes names.
 *
 * @example
 * const processOrder = orchestration(function* processOrder(ctx, order: Order) {
 *   return yield* ctx.callActivity(charge, order);
 * });
 * @throws DurableError `InvalidOption` for a function without a name, or of another kind
 */
// Generators first: only so does the compiler give a plain `yield` its type, which is any.
export function orchestration<Input extends Arguments, Output>(
  code: GeneratorOrchestration<Input, Output>,
): GeneratorOrchestration<Input, Output>;
export function orchestration<Input extends Arguments, Output>(
  code: AsyncOrchestration<Input, Output>,
): AsyncOrchestration<Input, Output>;
export function orchestration<Input extends Arguments, Output>(
  name: string | Unchecked,
  code: GeneratorOrchestration<Input, Output>,
): GeneratorOrchestration<Input, Output>;
export function orchestration<Input extends Arguments, Output>(
  name: string | Unchecked,
  code: AsyncOrchestration<Input, Output>,
): AsyncOrchestration<Input, Output>;
export function orchestration<In extends StandardSchema, Output>(
  options: DefinitionOptions<In>,
  code: GeneratorOrchestration<[input: SchemaOutput<In>], Output>,
): GeneratorOrchestration<[input: SchemaInput<In>], Output>;
export function orchestration<In extends StandardSchema, Output>(
  options: DefinitionOptions<In>,
  code: AsyncOrchestration<[input: SchemaOutput<In>], Output>,
): AsyncOrchestration<[input: SchemaInput<In>], Output>;
export function orchestration(first: unknown, second?: unknown): never {
  return define("orchestration", first, second) as never;
}

/**
 * Marks a function as an activity, and gives it its types. The function itself is given back, and nothing is registered:
 * `worker.addActivity` does that. Plain functions may be registered and called too.
 *
 * Without a name it has that of the function: give one where a bundler changes names.
 *
 * @example
 * const charge = activity(async function charge(ctx, order: Order) { return pay(order, ctx.signal); });
 * @throws DurableError `InvalidOption` for a function without a name, or of another kind
 */
export function activity<Input extends Arguments, Output>(code: Activity<Input, Output>): Activity<Input, Output>;
export function activity<Input extends Arguments, Output>(
  name: string | Unchecked,
  code: Activity<Input, Output>,
): Activity<Input, Output>;
export function activity<In extends StandardSchema, Output>(
  options: DefinitionOptions<In>,
  code: Activity<[input: SchemaOutput<In>], Output>,
): Activity<[input: SchemaInput<In>], Output>;
export function activity(first: unknown, second?: unknown): never {
  return define("activity", first, second) as never;
}

/**
 * Marks a class, whose public methods are operations and whose fields are the state, or a function that is given every
 * operation, as an entity. It is given back itself, and nothing is registered: `worker.addEntity` does that.
 *
 * @example
 * const Counter = entity(
 *   class Counter {
 *     value = 0;
 *     add(amount: number) {
 *       return (this.value += amount);
 *     }
 *   },
 * );
 *
 * @throws DurableError `InvalidOption` for one without a name, or of another kind
 */
// biome-ignore lint/suspicious/noExplicitAny: functions of every state.
export function entity<E extends EntityClass | EntityFunction<any>>(code: E): E;
// biome-ignore lint/suspicious/noExplicitAny: functions of every state.
export function entity<E extends EntityClass | EntityFunction<any>>(name: string | EntityOptions, code: E): E;
export function entity(first: unknown, second?: unknown): never {
  return define("entity", first, second) as never;
}

const definitionNames: Readonly<Record<DefinitionKind, readonly string[]>> = {
  orchestration: ["name", "input", "output"],
  activity: ["name", "input", "output"],
  entity: ["name", "state", "operations"],
};

interface GivenOptions {
  readonly name?: unknown;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly state?: unknown;
  readonly operations?: unknown;
}

function define(kind: DefinitionKind, first: unknown, second: unknown): unknown {
  if (typeof first === "function") {
    if (second !== undefined)
      throw new DurableError("InvalidOption", `the name or the options come first: ${kind}("name", code)`);
    mark(definitionOf(kind, first), first);
    return first;
  }
  if (typeof first !== "string") assertOptionNames(first, definitionNames[kind], `${kind}(...)`);
  const options = (typeof first === "string" ? { name: first } : first) as GivenOptions;
  assertKind(options.name, "text", `the name of ${kind}(...)`, true);
  const name = typeof options.name === "string" ? options.name : undefined;
  assertHandler(kind, name, second);
  const code = second as (...args: never[]) => unknown;
  mark(createDefinition(kind, name ?? definitionOf(kind, code).name, options), code);
  return code;
}

function createDefinition(kind: DefinitionKind, name: string, options: GivenOptions): Definition {
  const schemas = {
    inputSchema: readSchema(options.input, `'input' of ${kind} '${name}'`),
    outputSchema: readSchema(options.output, `'output' of ${kind} '${name}'`),
    stateSchema: readSchema(options.state, `'state' of ${kind} '${name}'`),
  };
  const operationSchemas = options.operations as Definition["operationSchemas"];
  return { kind, name, ...schemas, operationSchemas };
}
