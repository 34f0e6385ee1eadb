import { EntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { assertKind } from "../core/option-names.ts";
import type { IsKept, IsPlain, StoredAs, StoredOrNot, WithStoredInput } from "../core/payloads/json-types.ts";
import { isStandardSchema, type StandardSchema } from "../core/payloads/standard-schema.ts";
import type { DurableTask } from "./durable-task.ts";

declare const operationsType: unique symbol;

/**
 * A registered entity, for operations whose names, inputs and results are checked by the compiler.
 *
 * @typeParam T a class, or any type whose methods are the operations; {@link UntypedOperations} when they are not known
 */
export interface EntityHandle<T> {
  /** Tells handles apart. */
  readonly kind: "entity";
  /** Name of the entity. */
  readonly name: string;
  /** Checks inputs before they are sent, by the name of the operation. */
  readonly inputSchemas?: Readonly<Record<string, StandardSchema>> | undefined;
  /** @internal */
  readonly [operationsType]?: T;
}

/** Operations of an entity that is a function: any name, any input, an unknown result. */
export interface UntypedOperations {
  readonly [operation: string]: (input?: unknown) => unknown;
}

/** Names of the operations: public methods, but for those that every object has (`toString`, `valueOf`, ...). */
export type OperationNames<T> = Exclude<
  { [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T],
  // biome-ignore lint/complexity/noBannedTypes: the members that every object has are meant.
  keyof Object | symbol | number
>;

/** What an operation is given: nothing, one input, or one that may be left out. */
type InputArguments<Parameters extends readonly unknown[]> = Parameters extends readonly []
  ? []
  : Parameters extends readonly [infer Input, ...unknown[]]
    ? undefined extends Input
      ? [input?: Input]
      : [input: Input]
    : Parameters extends readonly [input?: infer Input, ...rest: unknown[]]
      ? [input?: Input]
      : [];

/**
 * The operations of a class as those who call them see them: one input at most, and a result that is awaited.
 *
 * @example
 * class Counter {
 *   value = 0;
 *   async add(amount: number, context: EntityContext) { ... return this.value; }
 * }
 * OperationsOf<Counter> // { add: (input: number) => number }
 */
export type OperationsOf<T> = {
  readonly [K in OperationNames<T>]: T[K] extends (...args: infer Parameters) => infer Result
    ? (...input: InputArguments<Parameters>) => Awaited<Result>
    : never;
};

/** Input of one operation, as the arguments of a call. */
export type OperationInput<T, K extends OperationNames<T>> = Parameters<OperationsOf<T>[K]>;

/**
 * Refuses a class whose operations or fields are typed as what they will not be: fields come back from JSON before each
 * operation. Those that nobody can set (`readonly`, a getter) are not looked at.
 */
export type EntityAsStored<Converter, T extends object> =
  IsPlain<Converter> extends true
    ? [UntrueMembers<T>] extends [never]
      ? unknown
      : new () => StoredMembers<T>
    : unknown;

/** What such members are in truth. */
export type StoredMembers<T> = {
  -readonly [K in UntrueMembers<T>]: K extends OperationNames<T>
    ? WithStoredInput<StoredOrNot<OperationInput<T, K>[0]>>
    : StoredOrNot<T[K]>;
};

type UntrueMembers<T> = {
  [K in keyof T]-?: K extends OperationNames<T>
    ? IsKept<OperationInput<T, K>[0]> extends true
      ? never
      : K
    : T[K] extends (...args: never[]) => unknown
      ? never
      : IsKept<T[K]> extends true
        ? never
        : IsWritable<T, K> extends true
          ? K
          : never;
}[keyof T];

type IsWritable<T, K extends keyof T> =
  (<X>() => X extends Pick<T, K> ? 1 : 2) extends <X>() => X extends {
    -readonly [P in K]: T[P];
  }
    ? 1
    : 2
    ? true
    : false;

/** Operations that somebody waits for. Their results are typed as they come back: without a converter as JSON gives them. */
export type EntityOperationCalls<T, Converter = undefined> = {
  readonly [K in OperationNames<T>]: (
    ...input: Parameters<OperationsOf<T>[K]>
  ) => DurableTask<StoredAs<Converter, ReturnType<OperationsOf<T>[K]>>>;
};

/** Operations that nobody waits for. */
export type EntityOperationSignals<T> = {
  readonly [K in OperationNames<T>]: (...input: Parameters<OperationsOf<T>[K]>) => void;
};

/**
 * Handle of an entity that is registered under that name, here or by other workers of the hub.
 *
 * @example
 * const counter = createEntityHandle<Counter>("Counter");
 * @throws DurableError `InvalidEntityId`, `InvalidOption`
 */
export function createEntityHandle<T = UntypedOperations>(
  name: string,
  inputSchemas?: Readonly<Record<string, StandardSchema>>,
): EntityHandle<T> {
  new EntityId(name, "");
  if (inputSchemas !== undefined) assertKind(inputSchemas, "object", `the schemas of entity '${name}'`);
  for (const [operation, schema] of Object.entries(inputSchemas ?? {})) {
    if (schema === undefined || isStandardSchema(schema)) continue;
    throw new DurableError("InvalidOption", `the schema of operation '${operation}' follows no Standard Schema`);
  }
  return Object.freeze({ kind: "entity", name, inputSchemas });
}

/** `true` for a handle, also one of another copy of the package. */
export function isEntityHandle(value: unknown): value is EntityHandle<unknown> {
  return typeof value === "object" && value !== null && (value as { readonly kind?: unknown }).kind === "entity";
}

/** What checks the input of an operation before it is sent. Names come from callers, so only own ones count. */
export function inputSchemaOf({ inputSchemas }: EntityHandle<unknown>, operation: string): StandardSchema | undefined {
  return inputSchemas !== undefined && Object.hasOwn(inputSchemas, operation) ? inputSchemas[operation] : undefined;
}
