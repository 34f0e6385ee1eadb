import { DurableError } from "../core/errors.ts";
import { isStandardSchema, rememberEventSchema, type StandardSchema } from "../core/payloads/standard-schema.ts";
import { assertNotReserved } from "../core/reserved-names.ts";
import { assertText } from "./call-options.ts";
import type { DurableTask } from "./durable-task.ts";

declare const payloadType: unique symbol;

/** An external event by name, with the type of what it is raised with. Who waits for it gets that as it was stored. */
export interface ExternalEvent<Payload> {
  /** Tells handles apart. */
  readonly kind: "event";
  /** Name of the event; compared ignoring case. */
  readonly name: string;
  /** Checks what it is raised with, where it is raised and where it is received. */
  readonly schema: StandardSchema<Payload> | undefined;
  /** @internal */
  readonly [payloadType]?: Payload;
}

/** What an event is raised with, as the last argument of a call: not needed where it may be `undefined`. */
export type PayloadArguments<Payload> = undefined extends Payload ? [payload?: Payload] : [payload: Payload];

/**
 * Defines an event once, for those who raise it and those who wait for it.
 *
 * @param schema checks what is raised before it is sent, also over HTTP: there by the name alone, so that events of one
 * name which one process defines with several schemas must be as one of them says. @defaultValue no check
 * @example
 * const approval = defineEvent<{ approved: boolean }>("Approval");
 * const { approved } = yield* context.waitForExternalEvent(approval);
 * await client.raiseEvent(id, approval, { approved: true });
 *
 * @throws DurableError `OrchestrationMisuse` without a name, `InvalidOption` for a name that begins with `BuiltIn__` and
 * for what is no schema
 */
export function defineEvent<Payload = unknown>(name: string, schema?: StandardSchema<Payload>): ExternalEvent<Payload> {
  assertEventName(name, "the name of an external event");
  if (schema !== undefined && !isStandardSchema(schema)) {
    const wanted = "a schema that follows Standard Schema (Zod, Valibot, ArkType)";
    throw new DurableError("InvalidOption", `the schema of event '${name}' must be ${wanted}`);
  }
  if (schema !== undefined) rememberEventSchema(name, schema);
  return Object.freeze({ kind: "event", name, schema });
}

/** @throws DurableError `OrchestrationMisuse`, `InvalidOption` for a name that belongs to the engine */
export function assertEventName(name: unknown, what: string): asserts name is string {
  assertText(name, what);
  assertNotReserved(name, what);
}

/**
 * The events of one name, one after the other.
 *
 * @example
 * for await (const item of context.events<Item>("item")) ...          // async orchestrators
 * for (const next of context.events<Item>("item")) { const item = yield* next; ... }   // generators
 *
 * @remarks The async iterator is like any other: a `next()` that lost a `Promise.race` still gets the next event, so keep
 * its promise for the next round.
 */
export interface ExternalEventStream<Payload> extends AsyncIterable<Payload>, Iterable<DurableTask<Payload>> {}

/** A stream without end over single waits. */
export function createEventStream<Payload>(wait: () => DurableTask<Payload>): ExternalEventStream<Payload> {
  return {
    *[Symbol.iterator]() {
      while (true) yield wait();
    },
    [Symbol.asyncIterator]: () => ({
      next: () => wait().then((value) => ({ value, done: false })) as Promise<IteratorResult<Payload>>,
    }),
  };
}
