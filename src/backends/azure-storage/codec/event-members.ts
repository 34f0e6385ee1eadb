import type { HistoryEventType } from "../../../core/history-event.ts";

/**
 * How a member is carried. `version` is a text whose absence is written as an empty one; the `json` kinds are nested
 * objects in messages and JSON texts in rows.
 */
type MemberKind =
  | "text"
  | "version"
  | "int"
  | "optionalInt"
  | "boolean"
  | "date"
  | "status"
  | "instance"
  | "parent"
  | "tags"
  | "traceContext"
  | "failure"
  /** The position of the event's number among the members. */
  | "eventType";

export interface EventMember {
  /** On the wire and as a column. */
  readonly name: string;
  /** In our event types. */
  readonly property: string;
  readonly kind: MemberKind;
  /** Left out of history rows unless the hub is told to keep the inputs of tasks. */
  readonly taskInput?: boolean;
}

const eventType: EventMember = { name: "EventType", property: "type", kind: "eventType" };
const text = (name: string): EventMember => member(name, "text");
const member = (name: string, kind: MemberKind): EventMember => ({
  name,
  property: name.charAt(0).toLowerCase() + name.slice(1),
  kind,
});
const taskInput: EventMember = { ...text("Input"), taskInput: true };
const version = member("Version", "version");
const tags = member("Tags", "tags");
const traceContext = member("ParentTraceContext", "traceContext");
const taskScheduledId = member("TaskScheduledId", "int");
const failureDetails = member("FailureDetails", "failure");
const failed = [eventType, taskScheduledId, text("Reason"), text("Details"), failureDetails];
const ended = [eventType, member("OrchestrationStatus", "status"), text("Result"), failureDetails];
const fireAt = member("FireAt", "date");

/** Members of each event in wire order, before the common `EventId`, `IsPlayed` and `Timestamp`. */
export const eventMembers: Readonly<Record<HistoryEventType, readonly EventMember[]>> = {
  ExecutionStarted: [
    member("OrchestrationInstance", "instance"),
    eventType,
    member("ParentInstance", "parent"),
    text("Name"),
    version,
    text("Input"),
    tags,
    text("Correlation"),
    traceContext,
    member("ScheduledStartTime", "date"),
    member("Generation", "optionalInt"),
    member("GenerateNewTrace", "boolean"),
  ],
  ExecutionCompleted: ended,
  ExecutionTerminated: [eventType, text("Input")],
  ExecutionSuspended: [eventType, text("Reason")],
  ExecutionResumed: [eventType, text("Reason")],
  ExecutionRewound: [eventType, text("Reason"), text("ParentExecutionId"), text("InstanceId"), traceContext],
  TaskScheduled: [eventType, text("Name"), version, taskInput, traceContext, tags],
  TaskCompleted: [eventType, taskScheduledId, text("Result")],
  TaskFailed: failed,
  SubOrchestrationInstanceCreated: [
    eventType,
    text("Name"),
    version,
    text("InstanceId"),
    taskInput,
    text("ClientSpanId"),
    tags,
  ],
  SubOrchestrationInstanceCompleted: [eventType, taskScheduledId, text("Result")],
  SubOrchestrationInstanceFailed: failed,
  TimerCreated: [eventType, fireAt],
  TimerFired: [eventType, member("TimerId", "int"), fireAt],
  EventSent: [eventType, text("InstanceId"), text("Name"), text("Input")],
  EventRaised: [eventType, text("Name"), text("Input"), traceContext],
  ContinueAsNew: ended,
  GenericEvent: [text("Data"), eventType],
  OrchestratorStarted: [eventType],
  OrchestratorCompleted: [eventType],
  HistoryState: [eventType],
};

/** In the order of their wire numbers. */
const eventTypes: readonly HistoryEventType[] = [
  "ExecutionStarted",
  "ExecutionCompleted",
  "ExecutionFailed" as HistoryEventType,
  "ExecutionTerminated",
  "TaskScheduled",
  "TaskCompleted",
  "TaskFailed",
  "SubOrchestrationInstanceCreated",
  "SubOrchestrationInstanceCompleted",
  "SubOrchestrationInstanceFailed",
  "TimerCreated",
  "TimerFired",
  "OrchestratorStarted",
  "OrchestratorCompleted",
  "EventSent",
  "EventRaised",
  "ContinueAsNew",
  "GenericEvent",
  "HistoryState",
  "ExecutionSuspended",
  "ExecutionResumed",
  "ExecutionRewound",
];

export function eventTypeNumber(type: HistoryEventType): number {
  return eventTypes.indexOf(type);
}

export function isEventType(name: string): name is HistoryEventType {
  return Object.hasOwn(eventMembers, name);
}

/** Texts that must be there for the event to make sense; without them the data is corrupt. */
export const requiredTexts: ReadonlyMap<HistoryEventType, readonly string[]> = new Map<
  HistoryEventType,
  readonly string[]
>([
  ["ExecutionStarted", ["Name"]],
  ["TaskScheduled", ["Name"]],
  ["SubOrchestrationInstanceCreated", ["Name", "InstanceId"]],
  ["EventRaised", ["Name"]],
  ["EventSent", ["InstanceId", "Name"]],
]);
