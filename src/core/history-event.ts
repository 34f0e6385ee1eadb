import type { FailureDetails } from "./failure-details.ts";
import type { OrchestrationRuntimeStatus } from "./orchestration-status.ts";

/** One execution of one instance. `executionId` is absent only on messages for "whatever execution is current". */
export interface OrchestrationInstance {
  readonly instanceId: string;
  readonly executionId: string | undefined;
}

/** One execution of an instance. */
export interface ExecutionRef extends OrchestrationInstance {
  readonly executionId: string;
}

/** Link from a sub-orchestration to the task of the orchestration that waits for it. */
export interface ParentInstance {
  readonly name: string;
  readonly version: string | undefined;
  readonly orchestrationInstance: OrchestrationInstance;
  /** `eventId` of the parent's {@link SubOrchestrationInstanceCreated}. */
  readonly taskScheduleId: number;
}

/** W3C trace context of whoever asked for the work. */
export interface TraceContext {
  readonly traceParent: string;
  readonly traceState: string | undefined;
  readonly id: string | undefined;
  readonly spanId: string | undefined;
  readonly activityStartTime: Date | undefined;
}

export type Tags = Readonly<Record<string, string>>;

interface EventHeader {
  /** Position of the action in its execution, counted from 0; -1 when the event is not the record of an action. */
  readonly eventId: number;
  readonly timestamp: Date;
}

export interface ExecutionStarted extends EventHeader {
  readonly type: "ExecutionStarted";
  readonly orchestrationInstance: ExecutionRef;
  readonly parentInstance: ParentInstance | undefined;
  readonly name: string;
  readonly version: string | undefined;
  /** JSON text. */
  readonly input: string | undefined;
  readonly tags: Tags | undefined;
  readonly correlation: string | undefined;
  readonly parentTraceContext: TraceContext | undefined;
  readonly scheduledStartTime: Date | undefined;
  /** Counts the re-creations of one instance id; absent for sub-orchestrations and after continue-as-new. */
  readonly generation: number | undefined;
  readonly generateNewTrace: boolean;
}

export interface ExecutionCompleted extends EventHeader {
  readonly type: "ExecutionCompleted";
  readonly orchestrationStatus: OrchestrationRuntimeStatus;
  /** JSON text of the output; for a failure or termination its text. */
  readonly result: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
}

export interface ExecutionTerminated extends EventHeader {
  readonly type: "ExecutionTerminated";
  /** The reason, plain text. */
  readonly input: string | undefined;
}

export interface ExecutionSuspended extends EventHeader {
  readonly type: "ExecutionSuspended";
  readonly reason: string | undefined;
}

export interface ExecutionResumed extends EventHeader {
  readonly type: "ExecutionResumed";
  readonly reason: string | undefined;
}

export interface ExecutionRewound extends EventHeader {
  readonly type: "ExecutionRewound";
  readonly reason: string | undefined;
  readonly parentExecutionId: string | undefined;
  readonly instanceId: string | undefined;
  readonly parentTraceContext: TraceContext | undefined;
}

export interface TaskScheduled extends EventHeader {
  readonly type: "TaskScheduled";
  readonly name: string;
  readonly version: string | undefined;
  /** JSON text as the hub keeps it (see `encodeActivityInput`); stored histories usually omit it. */
  readonly input: string | undefined;
  readonly parentTraceContext: TraceContext | undefined;
  readonly tags: Tags | undefined;
}

export interface TaskCompleted extends EventHeader {
  readonly type: "TaskCompleted";
  /** `eventId` of the {@link TaskScheduled} that this event answers. */
  readonly taskScheduledId: number;
  readonly result: string | undefined;
}

export interface TaskFailed extends EventHeader {
  readonly type: "TaskFailed";
  readonly taskScheduledId: number;
  readonly reason: string | undefined;
  readonly details: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
}

export interface SubOrchestrationInstanceCreated extends EventHeader {
  readonly type: "SubOrchestrationInstanceCreated";
  readonly name: string;
  readonly version: string | undefined;
  readonly instanceId: string;
  readonly input: string | undefined;
  readonly clientSpanId: string | undefined;
  readonly tags: Tags | undefined;
}

export interface SubOrchestrationInstanceCompleted extends EventHeader {
  readonly type: "SubOrchestrationInstanceCompleted";
  readonly taskScheduledId: number;
  readonly result: string | undefined;
}

export interface SubOrchestrationInstanceFailed extends EventHeader {
  readonly type: "SubOrchestrationInstanceFailed";
  readonly taskScheduledId: number;
  readonly reason: string | undefined;
  readonly details: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
}

export interface TimerCreated extends EventHeader {
  readonly type: "TimerCreated";
  readonly fireAt: Date;
}

export interface TimerFired extends EventHeader {
  readonly type: "TimerFired";
  /** `eventId` of the {@link TimerCreated} that this event answers. */
  readonly timerId: number;
  readonly fireAt: Date;
}

export interface EventSent extends EventHeader {
  readonly type: "EventSent";
  readonly instanceId: string;
  readonly name: string;
  readonly input: string | undefined;
}

export interface EventRaised extends EventHeader {
  readonly type: "EventRaised";
  readonly name: string;
  readonly input: string | undefined;
  readonly parentTraceContext: TraceContext | undefined;
}

export interface ContinueAsNew extends EventHeader {
  readonly type: "ContinueAsNew";
  readonly orchestrationStatus: OrchestrationRuntimeStatus;
  readonly result: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
}

export interface GenericEvent extends EventHeader {
  readonly type: "GenericEvent";
  readonly data: string | undefined;
}

/** Opens an episode; its timestamp is the orchestration's clock until the next one. */
export interface OrchestratorStarted extends EventHeader {
  readonly type: "OrchestratorStarted";
}

export interface OrchestratorCompleted extends EventHeader {
  readonly type: "OrchestratorCompleted";
}

export interface HistoryState extends EventHeader {
  readonly type: "HistoryState";
}

/** A fact in the history of one execution. Storage, JSON and protobuf carry it unchanged. */
export type HistoryEvent =
  | ExecutionStarted
  | ExecutionCompleted
  | ExecutionTerminated
  | ExecutionSuspended
  | ExecutionResumed
  | ExecutionRewound
  | TaskScheduled
  | TaskCompleted
  | TaskFailed
  | SubOrchestrationInstanceCreated
  | SubOrchestrationInstanceCompleted
  | SubOrchestrationInstanceFailed
  | TimerCreated
  | TimerFired
  | EventSent
  | EventRaised
  | ContinueAsNew
  | GenericEvent
  | OrchestratorStarted
  | OrchestratorCompleted
  | HistoryState;

export type HistoryEventType = HistoryEvent["type"];
