import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import type { IsKept, IsPlain, JsonOf } from "../core/payloads/json-types.ts";
import {
  isStandardSchema,
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
} from "../core/payloads/standard-schema.ts";
import type { ActivityContext } from "../worker/activity-context.ts";
import type { OrchestrationContext } from "./function-contexts.ts";

type ActivityWith<Input, Output> = (input: Input, context: ActivityContext) => Output | Promise<Output>;
type OrchestratorWith<Input, Output, Given, Converter> = (
  context: OrchestrationContext<NoInfer<Given>, Converter>,
  input: Input,
  // biome-ignore lint/suspicious/noExplicitAny: what a plain `yield` gives back has no common type.
) => Output | Promise<Output> | Generator<unknown, Output, any> | AsyncGenerator<unknown, Output, any>;

/** Refuses a schema that takes what never comes: a `Date` where JSON brings a text, which the schema would refuse. */
export type SchemaOfStored<Converter, In extends StandardSchema> =
  IsPlain<Converter> extends true
    ? IsKept<SchemaInput<In>> extends true
      ? unknown
      : { readonly input: SchemaFrom<JsonOf<SchemaInput<In>>> }
    : unknown;

/** A schema that takes what JSON brings. */
export interface SchemaFrom<Stored> extends StandardSchema {
  readonly "~standard": StandardSchema["~standard"] & {
    readonly types?: { readonly input: Stored; readonly output: unknown } | undefined;
  };
}

/** An activity whose input is checked before it runs. The handler gets what the schema gives back. */
export interface CheckedInputActivity<In extends StandardSchema, Output> {
  /** Checks the input before the handler runs. */
  readonly input: In;
  /** None. */
  readonly output?: undefined;
  /** The code; it is given what the schema makes of the input. */
  readonly handler: ActivityWith<SchemaOutput<In>, Output>;
}

/** An activity whose result is checked before it is stored. */
export interface CheckedOutputActivity<Input, Out extends StandardSchema> {
  /** None. */
  readonly input?: undefined;
  /** Checks the result before it is stored. */
  readonly output: Out;
  /** The code. */
  readonly handler: ActivityWith<Input, SchemaInput<Out>>;
}

/** An activity whose input and result are checked. */
export interface CheckedActivity<In extends StandardSchema, Out extends StandardSchema> {
  /** Checks the input before the handler runs. */
  readonly input: In;
  /** Checks the result before it is stored. */
  readonly output: Out;
  /** The code; it is given what the schema makes of the input. */
  readonly handler: ActivityWith<SchemaOutput<In>, SchemaInput<Out>>;
}

/** An orchestration whose input is checked, when it is started and before it runs. */
export interface CheckedInputOrchestration<In extends StandardSchema, Output, Converter = undefined> {
  /** Checks the input when the orchestration is started, and before it runs. Synchronous. */
  readonly input: In;
  /** None. */
  readonly output?: undefined;
  /** The code; it is given what the schema makes of the input. */
  readonly handler: OrchestratorWith<SchemaOutput<In>, Output, SchemaInput<In>, Converter>;
}

/** An orchestration whose output is checked before it completes. */
export interface CheckedOutputOrchestration<Input, Out extends StandardSchema, Converter = undefined> {
  /** None. */
  readonly input?: undefined;
  /** Checks the output before the orchestration completes. Synchronous. */
  readonly output: Out;
  /** The code. */
  readonly handler: OrchestratorWith<Input, SchemaInput<Out>, Input, Converter>;
}

/** An orchestration whose input and output are checked. */
export interface CheckedOrchestration<In extends StandardSchema, Out extends StandardSchema, Converter = undefined> {
  /** Checks the input when the orchestration is started, and before it runs. Synchronous. */
  readonly input: In;
  /** Checks the output before the orchestration completes. Synchronous. */
  readonly output: Out;
  /** The code; it is given what the schema makes of the input. */
  readonly handler: OrchestratorWith<SchemaOutput<In>, SchemaInput<Out>, SchemaInput<In>, Converter>;
}

/** A definition taken apart. */
export interface ResolvedDefinition<Handler> {
  readonly handler: Handler;
  readonly inputSchema: StandardSchema | undefined;
  readonly outputSchema: StandardSchema | undefined;
}

/** Callers are typed; what JavaScript passes is checked here. @throws DurableError `InvalidOption` */
export function resolveDefinition<Handler>(
  kind: string,
  name: string,
  definition: unknown,
): ResolvedDefinition<Handler> {
  if (typeof definition === "object" && definition !== null) {
    assertOptionNames(definition, ["handler", "input", "output"], `${kind} '${name}'`);
  }
  const { handler, input, output } = (
    typeof definition === "object" && definition !== null ? definition : { handler: definition }
  ) as { readonly handler?: unknown; readonly input?: unknown; readonly output?: unknown };
  if (typeof handler !== "function") {
    throw new DurableError("InvalidOption", `${kind} '${name}' needs a function, or an object with one as 'handler'`);
  }
  return {
    handler: handler as Handler,
    inputSchema: readSchema(input, `'input' of ${kind} '${name}'`),
    outputSchema: readSchema(output, `'output' of ${kind} '${name}'`),
  };
}

/**
 * Takes a registration apart that may leave its name to the function: `("greet", code)` or `(function greet() {})`.
 *
 * @throws DurableError `InvalidOption` for a function without a name
 */
export function resolveName(kind: string, first: unknown, second: unknown): { name: string; definition: unknown } {
  if (typeof first !== "function") {
    if (typeof first === "object" && first !== null) {
      const { name, handler } = first as { readonly name?: unknown; readonly handler?: { readonly name?: unknown } };
      const known = [name, handler?.name].find((text) => typeof text === "string" && text !== "") ?? "name";
      throw new DurableError("InvalidOption", `the name comes first: ${kind}("${known}", { handler, ... })`);
    }
    // Whatever is no text is for the check of names.
    return { name: first as string, definition: second };
  }
  if (second !== undefined) {
    throw new DurableError("InvalidOption", `the name comes first: ${kind}("${first.name || "name"}", function)`);
  }
  if (first.name === "") {
    throw new DurableError(
      "InvalidOption",
      `this ${kind} has no name: give one before the function, or write 'function name(...)'`,
    );
  }
  return { name: first.name, definition: first };
}

/** @throws DurableError `InvalidOption` */
export function readSchema(value: unknown, what: string): StandardSchema | undefined {
  if (value === undefined || isStandardSchema(value)) return value;
  throw new DurableError(
    "InvalidOption",
    `${what} must be a schema that follows Standard Schema (Zod, Valibot, ArkType)`,
  );
}
