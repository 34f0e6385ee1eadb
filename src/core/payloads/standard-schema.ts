import { DurableError } from "../errors.ts";

/**
 * A schema of any library that follows Standard Schema version 1 (Zod, Valibot, ArkType, ...), as far as it is used here.
 */
export interface StandardSchema<Output = unknown> {
  /** What the library says of the schema, by the specification. */
  readonly "~standard": {
    /** Version of the specification. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Checks a value: gives it as the schema has it, or issues. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types of what goes in and what comes out, for the compiler alone. */
    readonly types?:
      | {
          /** What may go in. */
          readonly input: unknown;
          /** What comes out. */
          readonly output: Output;
        }
      | undefined;
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

/** Events by their names in lower case. Copies of this package share them; the number changes with the shape. */
const eventSchemasKey = Symbol.for("durable-functions-ts.event-schemas.2");

interface DefinedEvent {
  /** As it was defined first. */
  readonly name: string;
  readonly schemas: Set<WeakRef<StandardSchema>>;
}

/** As long as somebody has the schema: an orchestrator may define events of many names, in every replay again. */
export function rememberEventSchema(name: string, schema: StandardSchema): void {
  const globals = globalThis as { [eventSchemasKey]?: Map<string, DefinedEvent> };
  globals[eventSchemasKey] ??= new Map();
  const known = globals[eventSchemasKey];
  const key = name.toLowerCase();
  const event = known.get(key) ?? { name, schemas: new Set() };
  known.set(key, event);
  const alive = [...event.schemas].some((reference) => reference.deref() === schema);
  if (alive) return;
  const reference = new WeakRef(schema);
  event.schemas.add(reference);
  forgotten.register(schema, () => {
    event.schemas.delete(reference);
    if (event.schemas.size === 0 && known.get(key) === event) known.delete(key);
  });
}

const forgotten = new FinalizationRegistry<() => void>((forget) => forget());

/** What the process has defined events of that name with. */
export function eventSchemasOf(name: string): readonly StandardSchema[] {
  return schemasOf(definedEvents()?.get(name.toLowerCase()));
}

/** All events that the process has defined with schemas, by name. */
export function listEventSchemas(): readonly { readonly name: string; readonly schemas: readonly StandardSchema[] }[] {
  const events = [...(definedEvents()?.values() ?? [])].map((event) => ({
    name: event.name,
    schemas: schemasOf(event),
  }));
  return events.filter(({ schemas }) => schemas.length > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function definedEvents(): ReadonlyMap<string, DefinedEvent> | undefined {
  return (globalThis as { readonly [eventSchemasKey]?: ReadonlyMap<string, DefinedEvent> })[eventSchemasKey];
}

function schemasOf(event: DefinedEvent | undefined): readonly StandardSchema[] {
  return [...(event?.schemas ?? [])].flatMap((reference) => reference.deref() ?? []);
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
