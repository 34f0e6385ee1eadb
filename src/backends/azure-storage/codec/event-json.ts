import { DurableError } from "../../../core/errors.ts";
import type { FailureDetails } from "../../../core/failure-details.ts";
import type {
  HistoryEvent,
  HistoryEventType,
  OrchestrationInstance,
  ParentInstance,
  Tags,
  TraceContext,
} from "../../../core/history-event.ts";
import { type OrchestrationRuntimeStatus, orchestrationStatuses } from "../../../core/orchestration-status.ts";
import { type EventMember, eventMembers, eventTypeNumber, requiredTexts } from "./event-members.ts";
import {
  formatFailure,
  formatInstance,
  formatParent,
  formatTags,
  formatTraceContext,
  type JsonReader,
  readFailure,
  readInstance,
  readParent,
  readTags,
  readTraceContext,
  type TypeNames,
  toTags,
} from "./nested-json.ts";
import { formatDate, jsonObject, jsonString, jsonStringOrNull } from "./wire-text.ts";

const typePrefix = "DurableTask.Core.History.";

/** The `$type` of an event: its name and `Event`, which the generic one has in its name already. */
function typeNameOf(type: HistoryEventType): string {
  return type === "GenericEvent" ? `${typePrefix}GenericEvent` : `${typePrefix}${type}Event`;
}

const typesByName = new Map(
  (Object.keys(eventMembers) as HistoryEventType[]).map((type) => [typeNameOf(type), type] as const),
);

/** The event as a member of a queue message. */
export function formatEvent(event: HistoryEvent): string {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  return jsonObject([
    ["$type", jsonString(typeNameOf(event.type))],
    ...eventMembers[event.type].map((member) => [member.name, formatMember(member, values[member.property])] as const),
    ["EventId", String(event.eventId)],
    ["IsPlayed", "false"],
    ["Timestamp", jsonString(formatDate(event.timestamp))],
  ]);
}

function formatMember({ kind }: EventMember, value: unknown): string {
  switch (kind) {
    case "eventType":
      return String(eventTypeNumber(value as HistoryEventType));
    case "version":
      return jsonString((value as string | undefined) ?? "");
    case "text":
      return jsonStringOrNull(value as string | undefined);
    case "date":
      return value === undefined ? "null" : jsonString(formatDate(value as Date));
    case "status":
      return String(orchestrationStatuses.indexOf(value as OrchestrationRuntimeStatus));
    case "int":
    case "optionalInt":
    case "boolean":
      return value === undefined ? "null" : String(value);
    default:
      return formatNested(kind, value, "withTypes");
  }
}

export type NestedKind = "instance" | "parent" | "tags" | "traceContext" | "failure";

export function formatNested(kind: NestedKind, value: unknown, types: TypeNames): string {
  if (value === undefined) return "null";
  switch (kind) {
    case "instance":
      return formatInstance(value as OrchestrationInstance, types);
    case "parent":
      return formatParent(value as ParentInstance, types);
    case "tags":
      return formatTags(value as Tags, types);
    case "traceContext":
      return formatTraceContext(value as TraceContext, types);
    case "failure":
      return formatFailure(value as FailureDetails, types);
  }
}

export function readNested(kind: NestedKind, reader: JsonReader | undefined): unknown {
  if (reader === undefined) return undefined;
  switch (kind) {
    case "instance":
      return readInstance(reader);
    case "parent":
      return readParent(reader);
    case "tags":
      return readTags(reader);
    case "traceContext":
      return readTraceContext(reader);
    case "failure":
      return readFailure(reader);
  }
}

/** Of an event in a message: without these it names no question, or no time. Rows of other workers are read as they are. */
const requiredInMessages: ReadonlyMap<HistoryEventType, readonly string[]> = new Map<
  HistoryEventType,
  readonly string[]
>([
  ["TaskCompleted", ["TaskScheduledId"]],
  ["TaskFailed", ["TaskScheduledId"]],
  ["SubOrchestrationInstanceCompleted", ["TaskScheduledId"]],
  ["SubOrchestrationInstanceFailed", ["TaskScheduledId"]],
  ["TimerFired", ["TimerId", "FireAt"]],
]);

/** @throws DurableError `CorruptData` */
export function readEvent(reader: JsonReader): HistoryEvent {
  const type = typeOfEvent(reader);
  const required = requiredInMessages.get(type) ?? [];
  const read = (member: EventMember): unknown => {
    if (required.includes(member.name) && reader.member(member.name) === undefined) {
      throw new DurableError("CorruptData", `${type} has no ${member.name}`);
    }
    return readMember(member, reader);
  };
  return buildEvent(type, read, {
    eventId: reader.int("EventId") ?? -1,
    timestamp: reader.date("Timestamp") ?? new Date(0),
  });
}

/** The DataContract serializer writes `TimerFiredEvent:#DurableTask.Core.History`, under another name. @throws DurableError `CorruptData` */
export function typeOfEvent(reader: JsonReader): HistoryEventType {
  const [contract, namespace] = (reader.text("__type") ?? "").split(":#", 2);
  // An assembly name after the type is what other serializer settings add.
  const typeName =
    reader.text("$type") === undefined && namespace !== undefined
      ? `${namespace}.${contract}`
      : reader.requiredText("$type").split(",", 1)[0]!.trim();
  const type = typesByName.get(typeName);
  if (type === undefined) throw new DurableError("CorruptData", `unknown event type ${typeName.slice(0, 100)}`);
  return type;
}

/** An event from its members, wherever they come from. @throws DurableError `CorruptData` when one is missing */
export function buildEvent(
  type: HistoryEventType,
  read: (member: EventMember) => unknown,
  header: { readonly eventId: number; readonly timestamp: Date },
): HistoryEvent {
  const required = requiredTexts.get(type) ?? [];
  const event: Record<string, unknown> = { type, ...header };
  for (const member of eventMembers[type]) {
    if (member.kind === "eventType") continue;
    const value = read(member);
    const missing = value === undefined && (member.kind === "instance" || required.includes(member.name));
    if (missing) throw new DurableError("CorruptData", `${type} has no ${member.name}`);
    event[member.property] = value;
  }
  return event as unknown as HistoryEvent;
}

function readMember({ name, kind }: EventMember, reader: JsonReader): unknown {
  switch (kind) {
    case "eventType":
      // The type says it all; a number beside it is not looked at.
      return undefined;
    case "text":
      return reader.text(name);
    case "version":
      return reader.text(name) || undefined;
    case "date":
      return reader.date(name);
    case "tags": {
      const entries = reader.dictionary(name);
      return entries && toTags(entries);
    }
    case "status": {
      const value = reader.member(name);
      return typeof value === "number" ? orchestrationStatuses[value] : readStatus(value);
    }
    case "int":
      return reader.int(name) ?? 0;
    case "optionalInt":
      return reader.int(name);
    case "boolean":
      return reader.boolean(name);
    default:
      return readNested(kind, reader.object(name));
  }
}

export function readStatus(value: unknown): OrchestrationRuntimeStatus | undefined {
  return orchestrationStatuses.find((status) => status === value);
}
