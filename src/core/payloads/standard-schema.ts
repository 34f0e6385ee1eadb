import { DurableError } from "../errors.ts";

/**
 * A schema of any library that follows Standard Schema version 1 (Zod, Valibot, ArkType, ...), as far as it is used here.
 */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What may be passed to a schema, as its types say. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["input"];
/** What a schema gives back, as its types say. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["output"];

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** `true` for a value that can be used as a schema. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as Partial<StandardSchema>)["~standard"]?.validate === "function";
}

/** Schemas of events by their names in lower case. Copies of this package share them; the number changes with the shape. */
const eventSchemasKey = Symbol.for("durable-functions-ts.event-schemas.1");

type EventSchemas = Map<string, Set<WeakRef<StandardSchema>>>;

/** As long as somebody has the schema: an orchestrator may define events of many names, in every replay again. */
export function rememberEventSchema(name: string, schema: StandardSchema): void {
  const globals = globalThis as { [eventSchemasKey]?: EventSchemas };
  globals[eventSchemasKey] ??= new Map();
  const known = globals[eventSchemasKey];
  const key = name.toLowerCase();
  const schemas = known.get(key) ?? new Set();
  known.set(key, schemas);
  const alive = [...schemas].some((reference) => reference.deref() === schema);
  if (alive) return;
  const reference = new WeakRef(schema);
  schemas.add(reference);
  forgotten.register(schema, () => {
    schemas.delete(reference);
    if (schemas.size === 0 && known.get(key) === schemas) known.delete(key);
  });
}

const forgotten = new FinalizationRegistry<() => void>((forget) => forget());

/** What the process has defined events of that name with. */
export function eventSchemasOf(name: string): readonly StandardSchema[] {
  const known = (globalThis as { readonly [eventSchemasKey]?: EventSchemas })[eventSchemasKey];
  return [...(known?.get(name.toLowerCase()) ?? [])].flatMap((reference) => reference.deref() ?? []);
}

/**
 * The value as the schema gives it back.
 *
 * @param what names the value in the error
 * @throws DurableError `InvalidPayload` with the path of each fault
 */
export async function validate<Output>(
  schema: StandardSchema<Output> | undefined,
  value: unknown,
  what: string,
): Promise<Output> {
  if (schema === undefined) return value as Output;
  return accept(await schema["~standard"].validate(value), what);
}

/**
 * {@link validate} where nothing may be awaited: in orchestrators, and for states of entities.
 *
 * @throws DurableError also `OrchestrationMisuse` when the schema is asynchronous
 */
export function validateSync<Output>(schema: StandardSchema<Output> | undefined, value: unknown, what: string): Output {
  if (schema === undefined) return value as Output;
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new DurableError(
      "OrchestrationMisuse",
      `the schema of ${what} is asynchronous; what orchestrators and states of entities are checked with must not be`,
    );
  }
  return accept(result, what);
}

function accept<Output>(result: SchemaResult<Output>, what: string): Output {
  if (result.issues === undefined) return result.value;
  const faults = result.issues.map(({ message, path }) => (path?.length ? `${formatPath(path)}: ${message}` : message));
  throw new DurableError("InvalidPayload", `${what} is not valid: ${faults.join("; ")}`);
}

function formatPath(path: NonNullable<SchemaIssue["path"]>): string {
  return path
    .map((segment) => (typeof segment === "object" ? segment.key : segment))
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}
