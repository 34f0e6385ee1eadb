import { readFileSync } from "node:fs";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";

/** An invocation that was recorded in the genuine host. */
export interface RecordedInvocation {
  readonly function: string;
  // biome-ignore lint/suspicious/noExplicitAny: as it was recorded
  readonly input: any;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export function readRecorded(trigger: string): readonly RecordedInvocation[] {
  const text = readFileSync(`test/fixtures/extension-classic/${trigger}.json`, "utf8");
  return JSON.parse(text) as RecordedInvocation[];
}

type Members = Readonly<Record<string, unknown>>;

/** A recorded event as this package has it. */
export function readRecordedEvent(members: Members): HistoryEvent {
  const { EventType, EventId, Timestamp, ...rest } = members;
  const text = (name: string) => (rest[name] ?? undefined) as string | undefined;
  const date = (name: string) => new Date(rest[name] as string);
  const header = { eventId: EventId as number, timestamp: new Date(Timestamp as string) };
  const answered = { ...header, taskScheduledId: rest["TaskScheduledId"] as number };
  const failure = { reason: text("Reason"), details: text("Details"), failureDetails: undefined };
  const name = text("Name")!;
  const version = text("Version");
  const input = text("Input");
  switch (EventType) {
    case 0:
      return {
        ...header,
        type: "ExecutionStarted",
        orchestrationInstance: readInstance(rest["OrchestrationInstance"] as Members),
        parentInstance: readParent(rest["ParentInstance"] as Members | null),
        name,
        version,
        input,
        tags: undefined,
        correlation: undefined,
        parentTraceContext: undefined,
        scheduledStartTime: undefined,
        generation: (rest["Generation"] ?? undefined) as number | undefined,
        generateNewTrace: rest["GenerateNewTrace"] as boolean,
      };
    case 3:
      return { ...header, type: "ExecutionTerminated", input };
    case 4:
      return { ...header, type: "TaskScheduled", name, version, input, parentTraceContext: undefined, tags: undefined };
    case 5:
      return { ...answered, type: "TaskCompleted", result: text("Result") };
    case 6:
      return { ...answered, ...failure, type: "TaskFailed" };
    case 7: {
      const instanceId = text("InstanceId")!;
      const created = { name, version, input, instanceId, clientSpanId: undefined, tags: undefined };
      return { ...header, ...created, type: "SubOrchestrationInstanceCreated" };
    }
    case 8:
      return { ...answered, type: "SubOrchestrationInstanceCompleted", result: text("Result") };
    case 9:
      return { ...answered, ...failure, type: "SubOrchestrationInstanceFailed" };
    case 10:
      return { ...header, type: "TimerCreated", fireAt: date("FireAt") };
    case 11:
      return { ...header, type: "TimerFired", timerId: rest["TimerId"] as number, fireAt: date("FireAt") };
    case 12:
      return { ...header, type: "OrchestratorStarted" };
    case 13:
      return { ...header, type: "OrchestratorCompleted" };
    case 14:
      return { ...header, type: "EventSent", instanceId: text("InstanceId")!, name, input };
    case 15:
      return { ...header, type: "EventRaised", name, input, parentTraceContext: undefined };
    case 19:
      return { ...header, type: "ExecutionSuspended", reason: text("Reason") };
    case 20:
      return { ...header, type: "ExecutionResumed", reason: text("Reason") };
    default:
      throw new Error(`event type ${String(EventType)} was not recorded`);
  }
}

function readInstance({ InstanceId, ExecutionId }: Members) {
  return { instanceId: InstanceId as string, executionId: ExecutionId as string };
}

function readParent(parent: Members | null) {
  if (parent === null) return undefined;
  return {
    name: parent["Name"] as string,
    version: (parent["Version"] ?? undefined) as string | undefined,
    orchestrationInstance: readInstance(parent["OrchestrationInstance"] as Members),
    taskScheduleId: parent["TaskScheduleId"] as number,
  };
}
