import { DurableError } from "../../../core/errors.ts";
import type { FailureDetails } from "../../../core/failure-details.ts";
import type { OrchestrationInstance, ParentInstance, Tags, TraceContext } from "../../../core/history-event.ts";
import { formatDate, jsonObject, jsonString, jsonStringOrNull, parseDate } from "./wire-text.ts";

/**
 * Objects inside messages and rows. Messages name their .NET types, table columns do not; both put the members in the
 * same order.
 */
export type TypeNames = "withTypes" | "plain";

const instanceType = "DurableTask.Core.OrchestrationInstance";
const parentType = "DurableTask.Core.ParentInstance";
const traceContextType = "DurableTask.Core.Tracing.DistributedTraceContext";
const failureType = "DurableTask.Core.FailureDetails";

type Members = (readonly [string, string])[];

function typed(types: TypeNames, name: string, members: Members): string {
  return jsonObject(types === "withTypes" ? [["$type", jsonString(name)], ...members] : members);
}

export function formatInstance(instance: OrchestrationInstance, types: TypeNames): string {
  return typed(types, instanceType, [
    ["InstanceId", jsonString(instance.instanceId)],
    ["ExecutionId", jsonStringOrNull(instance.executionId)],
  ]);
}

export function formatParent(parent: ParentInstance, types: TypeNames): string {
  return typed(types, parentType, [
    ["Name", jsonString(parent.name)],
    ["OrchestrationInstance", formatInstance(parent.orchestrationInstance, types)],
    ["TaskScheduleId", String(parent.taskScheduleId)],
    ["Version", jsonString(parent.version ?? "")],
  ]);
}

export function formatTraceContext(trace: TraceContext, types: TypeNames): string {
  return typed(types, traceContextType, [
    ["TraceParent", jsonString(trace.traceParent)],
    ["TraceState", jsonStringOrNull(trace.traceState)],
    ["Id", jsonStringOrNull(trace.id)],
    ["SpanId", jsonStringOrNull(trace.spanId)],
    // A DateTimeOffset, which says its offset in digits.
    [
      "ActivityStartTime",
      trace.activityStartTime ? jsonString(formatDate(trace.activityStartTime).replace("Z", "+00:00")) : "null",
    ],
  ]);
}

export function formatFailure(failure: FailureDetails, types: TypeNames): string {
  return typed(types, failureType, [
    ["ErrorType", jsonString(failure.errorType)],
    ["ErrorMessage", jsonString(failure.errorMessage)],
    ["StackTrace", jsonStringOrNull(failure.stackTrace)],
    ["InnerFailure", failure.innerFailure ? formatFailure(failure.innerFailure, types) : "null"],
    ["IsNonRetriable", String(failure.isNonRetriable)],
    ["Properties", failure.properties ? JSON.stringify(failure.properties, withoutSerializerNames) : "null"],
  ]);
}

/**
 * Names by which a JSON text gives orders to the .NET serializer. In data of users they would make it look for a type or
 * an object that does not exist, and no .NET worker could ever read the message.
 */
const serializerNames: ReadonlySet<string> = new Set(["$type", "$id", "$ref", "$value", "$values"]);

function withoutSerializerNames(name: string, value: unknown): unknown {
  return serializerNames.has(name) ? undefined : value;
}

const dictionaryType =
  "System.Collections.Generic.Dictionary`2[[System.String, System.Private.CoreLib],[System.String, System.Private.CoreLib]]";

export function formatTags(tags: Tags, types: TypeNames): string {
  return typed(
    types,
    dictionaryType,
    Object.entries(tags)
      .filter(([key]) => !serializerNames.has(key))
      .map(([key, value]) => [key, jsonString(value)]),
  );
}

/**
 * A JSON object from outside. A member that is absent or `null` reads as absent, as .NET reads it; one of another type
 * than it should have is `CorruptData`, as it fails the message there. Members of other names are ignored.
 */
export class JsonReader {
  readonly #value: object;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new DurableError("CorruptData", `${what} is not a JSON object`);
    }
    this.#value = value;
    this.#what = what;
  }

  /** For messages about this object. */
  get what(): string {
    return this.#what;
  }

  /** `undefined` for `null` too. The DataContract serializer names members of plain classes by their fields. */
  member(name: string): unknown {
    return this.#ownMember(name) ?? this.#ownMember(`<${name}>k__BackingField`) ?? undefined;
  }

  #ownMember(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? (this.#value as Record<string, unknown>)[name] : undefined;
  }

  text(name: string): string | undefined {
    const value = this.member(name);
    return value === undefined || typeof value === "string" ? value : this.#refuse(name, "a text");
  }

  requiredText(name: string): string {
    return this.text(name) ?? this.#miss(name);
  }

  /** 32 bits with a sign, as columns and .NET have it. */
  int(name: string): number | undefined {
    const value = this.member(name);
    if (value === undefined) return undefined;
    const isInt = typeof value === "number" && (value | 0) === value;
    return isInt ? value : this.#refuse(name, "a whole number of 32 bits");
  }

  requiredInt(name: string): number {
    return this.int(name) ?? this.#miss(name);
  }

  /** A whole number of 64 bits; beyond 2^53 its last digits are lost. */
  long(name: string): number | undefined {
    const value = this.member(name);
    if (value === undefined) return undefined;
    const isLong = typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2 ** 63;
    return isLong ? value : this.#refuse(name, "a whole number of 64 bits");
  }

  /** @defaultValue false */
  boolean(name: string): boolean {
    const value = this.member(name) ?? false;
    return typeof value === "boolean" ? value : this.#refuse(name, "true or false");
  }

  date(name: string): Date | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseDate(text, `${this.#what}.${name}`);
  }

  object(name: string): JsonReader | undefined {
    const value = this.member(name);
    return value === undefined ? undefined : new JsonReader(value, `${this.#what}.${name}`);
  }

  /** The entries of a dictionary: of an object, or as the DataContract serializer has them, of a list of pairs. */
  dictionary(name: string): readonly (readonly [string, unknown])[] | undefined {
    const value = this.member(name);
    if (!Array.isArray(value)) return this.object(name)?.entries();
    return value.map((pair, index) => {
      const reader = new JsonReader(pair, `${this.#what}.${name}[${index}]`);
      return [reader.requiredText("Key"), reader.member("Value") ?? null];
    });
  }

  /** Members in their order, without the name of a .NET type; nor the one name that means something in JavaScript. */
  entries(): readonly (readonly [string, unknown])[] {
    return Object.entries(this.#value).filter(([name]) => name !== "$type" && name !== "__proto__");
  }

  /** An object that says of which .NET type it is must be of this one. An assembly may follow. */
  assertType(typeName: string): this {
    const given = this.text("$type")?.replace(/,.*/s, "").trim();
    if (given === undefined || given === typeName) return this;
    throw new DurableError("CorruptData", `${this.#what} is of the unexpected type ${given.slice(0, 100)}`);
  }

  #refuse(name: string, expected: string): never {
    throw new DurableError("CorruptData", `${this.#what}.${name} is not ${expected}`);
  }

  #miss(name: string): never {
    throw new DurableError("CorruptData", `${this.#what} has no ${name}`);
  }
}

export function readInstance(reader: JsonReader | undefined): OrchestrationInstance | undefined {
  const instanceId = reader?.assertType(instanceType).text("InstanceId");
  return instanceId === undefined ? undefined : { instanceId, executionId: reader?.text("ExecutionId") };
}

export function readParent(reader: JsonReader): ParentInstance {
  const instance = readInstance(reader.assertType(parentType).object("OrchestrationInstance"));
  if (instance === undefined) throw new DurableError("CorruptData", "ParentInstance names no instance");
  return {
    name: reader.text("Name") ?? "",
    version: reader.text("Version") || undefined,
    orchestrationInstance: instance,
    taskScheduleId: reader.requiredInt("TaskScheduleId"),
  };
}

export function readTraceContext(reader: JsonReader): TraceContext | undefined {
  const traceParent = reader.assertType(traceContextType).text("TraceParent");
  if (traceParent === undefined) return undefined;
  return {
    traceParent,
    traceState: reader.text("TraceState"),
    id: reader.text("Id"),
    spanId: reader.text("SpanId"),
    activityStartTime: reader.date("ActivityStartTime"),
  };
}

/** Deeper causes than this are cut off: they would only serve to exhaust the stack. */
const maxInnerFailures = 64;

export function readFailure(reader: JsonReader, depth = 0): FailureDetails {
  reader.assertType(failureType);
  const inner = depth < maxInnerFailures ? reader.object("InnerFailure") : undefined;
  const properties = reader.dictionary("Properties");
  return {
    errorType: reader.text("ErrorType") ?? "",
    errorMessage: reader.text("ErrorMessage") ?? "",
    stackTrace: reader.text("StackTrace"),
    innerFailure: inner && readFailure(inner, depth + 1),
    isNonRetriable: reader.boolean("IsNonRetriable"),
    properties: properties && Object.fromEntries(properties.filter(isHarmless)),
  };
}

/** Of a pair in a list: {@link JsonReader.entries} leaves these out by itself. */
function isHarmless([name]: readonly [string, unknown]): boolean {
  return name !== "$type" && name !== "__proto__";
}

/** Values of other types than text, which no writer makes, are left out. */
export function toTags(entries: readonly (readonly [string, unknown])[]): Tags {
  const tags = entries.filter((entry): entry is readonly [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(tags.filter(isHarmless));
}

export function readTags(reader: JsonReader): Tags {
  return toTags(reader.entries());
}
