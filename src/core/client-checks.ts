import { isInDateRange } from "./date-range.ts";
import type { EntityQuery } from "./entity-client.ts";
import { EntityId } from "./entity-id.ts";
import { DurableError, isDurableError } from "./errors.ts";
import { assertKind } from "./option-names.ts";
import { assertNotReserved } from "./reserved-names.ts";

// What every client of a task hub checks before it reads or sends anything; all throw DurableError `InvalidOption`.

/** No row could hold another date, and a start message is sent before its row. */
export function assertStartTime(at: Date | undefined, option: string): void {
  if (at === undefined || (at instanceof Date && isInDateRange(at))) return;
  throw new DurableError("InvalidOption", `${option} must be a date from the year 1601 to 9999`);
}

export function assertEventName(name: unknown): void {
  if (typeof name !== "string" || name === "") {
    throw new DurableError("InvalidOption", "the name of an event must be a non-empty text");
  }
  if (!name.isWellFormed()) {
    const problem = "the name of an event must be well-formed Unicode (it holds a lone surrogate)";
    throw new DurableError("InvalidOption", problem);
  }
  assertNotReserved(name, "the event name");
}

/** Of a verb such as `terminate`: none, or a text. */
export function assertReason(reason: unknown, what: string): void {
  if (reason !== undefined) assertKind(reason, "text", `the reason of ${what}`);
}

export function assertEntityOperation(operation: unknown): void {
  if (typeof operation === "string" && operation.isWellFormed()) return;
  throw new DurableError("InvalidOption", `the operation of an entity must be a text, but got ${String(operation)}`);
}

/** For verbs that a finished instance ignores: what it rejects with for that is left out. */
export async function unlessFinished(operation: Promise<void>): Promise<void> {
  try {
    await operation;
  } catch (error) {
    if (!isDurableError(error, "InstanceNotActive")) throw error;
  }
}

/** Of a request to an entity. */
export function assertRequestId(id: string | undefined): void {
  if (id === undefined || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return;
  throw new DurableError("InvalidOption", `requestId must be a GUID, but got '${id}'`);
}

/** @returns how the instance ids of the entities begin that a query asks for */
export function entityPrefixOf({ name, keyPrefix }: EntityQuery): string {
  if (name !== undefined) return new EntityId(name, keyPrefix ?? "").toString();
  if (keyPrefix === undefined) return "@";
  throw new DurableError("InvalidOption", "keyPrefix needs a name: entities are looked up by name first");
}
