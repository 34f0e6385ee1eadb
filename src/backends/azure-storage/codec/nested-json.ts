import { DurableError } from "../../../core/errors.ts";
import type { FailureDetails } from "../../../core/failure-details.ts";
import type { OrchestrationInstance, ParentInstance, Tags, TraceContext } from "../../../core/history-event.ts";
import { formatDate, jsonObject, jsonString, jsonStringOrNull, parseDate } from "./wire-text.ts";

/**
 * Objects inside messages and rows. Messages name their .NET types, table columns do not; both put the members in the
 * same order.
 */
export type TypeNames = "withTypes" | "plain";

type Members = (readonly [string, string])[];

function typed(types: TypeNames, name: string, members: Members): string {
  return jsonObject(types === "withTypes" ? [["$type", jsonString(name)], ...members] : members);
}

export function formatInstance(instance: OrchestrationInstance, types: TypeNames): string {
  return typed(types, "DurableTask.Core.OrchestrationInstance", [
    ["InstanceId", jsonString(instance.instanceId)],
    ["ExecutionId", jsonStringOrNull(instance.executionId)],
  ]);
}

export function formatParent(parent: ParentInstance, types: TypeNames): string {
  return typed(types, "DurableTask.Core.ParentInstance", [
    ["Name", jsonString(parent.name)],
    ["OrchestrationInstance", formatInstance(parent.orchestrationInstance, types)],
    ["TaskScheduleId", String(parent.taskScheduleId)],
    ["Version", jsonString(parent.version ?? "")],
  ]);
}

export function formatTraceContext(trace: TraceContext, types: TypeNames): string {
  return typed(types, "DurableTask.Core.Tracing.DistributedTraceContext", [
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
  return typed(types, "DurableTask.Core.FailureDetails", [
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

/** A JSON object from outside; members are read by name and type, anything unexpected reads as absent. */
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

  member(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? (this.#value as Record<string, unknown>)[name] : undefined;
  }

  text(name: string): string | undefined {
    const value = this.member(name);
    return typeof value === "string" ? value : undefined;
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new DurableError("CorruptData", `${this.#what} has no ${name}`);
    return value;
  }

  int(name: string): number | undefined {
    const value = this.member(name);
    return typeof value === "number" && Number.isInteger(value) ? value : undefined;
  }

  boolean(name: string): boolean {
    return this.member(name) === true;
  }

  date(name: string): Date | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseDate(text, `${this.#what}.${name}`);
  }

  object(name: string): JsonReader | undefined {
    const value = this.member(name);
    return value === undefined || value === null ? undefined : new JsonReader(value, `${this.#what}.${name}`);
  }

  entries(): [string, unknown][] {
    return Object.entries(this.#value);
  }
}

export function readInstance(reader: JsonReader | undefined): OrchestrationInstance | undefined {
  const instanceId = reader?.text("InstanceId");
  return instanceId === undefined ? undefined : { instanceId, executionId: reader?.text("ExecutionId") };
}

export function readParent(reader: JsonReader): ParentInstance {
  const instance = readInstance(reader.object("OrchestrationInstance"));
  if (instance === undefined) throw new DurableError("CorruptData", "ParentInstance names no instance");
  return {
    name: reader.text("Name") ?? "",
    version: reader.text("Version") || undefined,
    orchestrationInstance: instance,
    taskScheduleId: reader.int("TaskScheduleId") ?? 0,
  };
}

export function readTraceContext(reader: JsonReader): TraceContext | undefined {
  const traceParent = reader.text("TraceParent");
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
  const inner = depth < maxInnerFailures ? reader.object("InnerFailure") : undefined;
  const properties = reader.object("Properties")?.entries();
  return {
    errorType: reader.text("ErrorType") ?? "",
    errorMessage: reader.text("ErrorMessage") ?? "",
    stackTrace: reader.text("StackTrace"),
    innerFailure: inner && readFailure(inner, depth + 1),
    isNonRetriable: reader.boolean("IsNonRetriable"),
    properties: properties && Object.fromEntries(properties.filter(([name]) => name !== "$type")),
  };
}

export function readTags(reader: JsonReader): Tags {
  const tags = reader.entries().filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(tags.filter(([name]) => name !== "$type"));
}
