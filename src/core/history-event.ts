import type { FailureDetails } from "./failure-details.ts";
import type { OrchestrationRuntimeStatus } from "./orchestration-status.ts";

/** One execution of one instance. `executionId` is absent only on messages for "whatever execution is current". */
export interface OrchestrationInstance {
  /** Id of the instance. */
  readonly instanceId: string;
  /** Of one of its executions: each start and each continue-as-new makes another. */
  readonly executionId: string | undefined;
}

/** One execution of an instance. */
export interface ExecutionRef extends OrchestrationInstance {
  /** Id of the execution. */
  readonly executionId: string;
}

/** Link from a sub-orchestration to the task of the orchestration that waits for it. */
export interface ParentInstance {
  /** Name of the parent orchestration. */
  readonly name: string;
  /** Version of the parent. */
  readonly version: string | undefined;
  /** The instance and execution that waits. */
  readonly orchestrationInstance: OrchestrationInstance;
  /** `eventId` of the parent's {@link SubOrchestrationInstanceCreated}. */
  readonly taskScheduleId: number;
}

/** W3C trace context of whoever asked for the work. */
export interface TraceContext {
  /** The `traceparent` header. */
  readonly traceParent: string;
  /** The `tracestate` header. */
  readonly traceState: string | undefined;
  /** Id of the activity (.NET) behind the span, as the SDK that wrote it has it. */
  readonly id: string | undefined;
  /** Id of the span, 16 hexadecimal digits. */
  readonly spanId: string | undefined;
  /** When the span began. */
  readonly activityStartTime: Date | undefined;
}

/** Texts that are kept with an instance or a call, by name. */
export type Tags = Readonly<Record<string, string>>;

interface EventHeader {
  /** Tells events apart. */
  readonly type: string;
  /** Position of the action in its execution, counted from 0; -1 when the event is not the record of an action. */
  readonly eventId: number;
  /** When it was recorded, by the clock of the worker. */
  readonly timestamp: Date;
}

/** An execution has begun. */
export interface ExecutionStarted extends EventHeader {
  readonly type: "ExecutionStarted";
  /** The instance, and this execution of it. */
  readonly orchestrationInstance: ExecutionRef;
  /** Who waits for it; absent for an instance that a client has started. */
  readonly parentInstance: ParentInstance | undefined;
  /** Name of the orchestration. */
  readonly name: string;
  /** Version of the orchestration. */
  readonly version: string | undefined;
  /** JSON text. */
  readonly input: string | undefined;
  /** Tags that it was started with. */
  readonly tags: Tags | undefined;
  /** Correlation of other SDKs, as they wrote it. */
  readonly correlation: string | undefined;
  /** Trace context of who has started it. */
  readonly parentTraceContext: TraceContext | undefined;
  /** Not before this time; absent: at once. */
  readonly scheduledStartTime: Date | undefined;
  /** Counts the re-creations of one instance id; absent for sub-orchestrations and after continue-as-new. */
  readonly generation: number | undefined;
  /** Other SDKs begin a new trace for it. */
  readonly generateNewTrace: boolean;
}

/** An execution has ended. */
export interface ExecutionCompleted extends EventHeader {
  readonly type: "ExecutionCompleted";
  /** How it has ended. */
  readonly orchestrationStatus: OrchestrationRuntimeStatus;
  /** JSON text of the output; for a failure or termination its text. */
  readonly result: string | undefined;
  /** Why it has failed. */
  readonly failureDetails: FailureDetails | undefined;
}

/** Somebody has asked to end the instance at once. */
export interface ExecutionTerminated extends EventHeader {
  readonly type: "ExecutionTerminated";
  /** The reason, plain text. */
  readonly input: string | undefined;
}

/** Somebody has asked to suspend the instance. */
export interface ExecutionSuspended extends EventHeader {
  readonly type: "ExecutionSuspended";
  /** What was given as the reason. */
  readonly reason: string | undefined;
}

/** Somebody has asked a suspended instance to go on. */
export interface ExecutionResumed extends EventHeader {
  readonly type: "ExecutionResumed";
  /** What was given as the reason. */
  readonly reason: string | undefined;
}

/** A failed instance was rewound, as other SDKs record it. */
export interface ExecutionRewound extends EventHeader {
  readonly type: "ExecutionRewound";
  /** What was given as the reason. */
  readonly reason: string | undefined;
  /** Execution of the parent that was rewound with it. */
  readonly parentExecutionId: string | undefined;
  /** Instance that was rewound. */
  readonly instanceId: string | undefined;
  /** Trace context of who has asked for it. */
  readonly parentTraceContext: TraceContext | undefined;
}

/** An activity was asked for. */
export interface TaskScheduled extends EventHeader {
  readonly type: "TaskScheduled";
  /** Name of the activity. */
  readonly name: string;
  /** Version of the activity. */
  readonly version: string | undefined;
  /** JSON text as the hub keeps it (see `encodeActivityInput`); stored histories usually omit it. */
  readonly input: string | undefined;
  /** Trace context of the call. */
  readonly parentTraceContext: TraceContext | undefined;
  /** Tags of the call. */
  readonly tags: Tags | undefined;
}

/** An activity has completed. */
export interface TaskCompleted extends EventHeader {
  readonly type: "TaskCompleted";
  /** `eventId` of the {@link TaskScheduled} that this event answers. */
  readonly taskScheduledId: number;
  /** JSON text of what it returned. */
  readonly result: string | undefined;
}

/** An activity has failed. */
export interface TaskFailed extends EventHeader {
  readonly type: "TaskFailed";
  /** `eventId` of the {@link TaskScheduled} that this event answers. */
  readonly taskScheduledId: number;
  /** Message of the failure. */
  readonly reason: string | undefined;
  /** More text on the failure, such as its stack; of other SDKs. */
  readonly details: string | undefined;
  /** The failure as data. */
  readonly failureDetails: FailureDetails | undefined;
}

/** A sub-orchestration was asked for. */
export interface SubOrchestrationInstanceCreated extends EventHeader {
  readonly type: "SubOrchestrationInstanceCreated";
  /** Name of the sub-orchestration. */
  readonly name: string;
  /** Version of the sub-orchestration. */
  readonly version: string | undefined;
  /** Id of its instance. */
  readonly instanceId: string;
  /** JSON text. */
  readonly input: string | undefined;
  /** Id of the span of the call. */
  readonly clientSpanId: string | undefined;
  /** Tags of the call. */
  readonly tags: Tags | undefined;
}

/** A sub-orchestration has completed. */
export interface SubOrchestrationInstanceCompleted extends EventHeader {
  readonly type: "SubOrchestrationInstanceCompleted";
  /** `eventId` of the {@link SubOrchestrationInstanceCreated} that this event answers. */
  readonly taskScheduledId: number;
  /** JSON text of its output. */
  readonly result: string | undefined;
}

/** A sub-orchestration has failed. */
export interface SubOrchestrationInstanceFailed extends EventHeader {
  readonly type: "SubOrchestrationInstanceFailed";
  /** `eventId` of the {@link SubOrchestrationInstanceCreated} that this event answers. */
  readonly taskScheduledId: number;
  /** Message of the failure. */
  readonly reason: string | undefined;
  /** More text on the failure, such as its stack; of other SDKs. */
  readonly details: string | undefined;
  /** The failure as data. */
  readonly failureDetails: FailureDetails | undefined;
}

/** A durable timer was asked for. */
export interface TimerCreated extends EventHeader {
  readonly type: "TimerCreated";
  /** When it is due. */
  readonly fireAt: Date;
}

/** A durable timer has fired. */
export interface TimerFired extends EventHeader {
  readonly type: "TimerFired";
  /** `eventId` of the {@link TimerCreated} that this event answers. */
  readonly timerId: number;
  /** When it was due. */
  readonly fireAt: Date;
}

/** An event was sent to another instance, or a request to an entity. */
export interface EventSent extends EventHeader {
  readonly type: "EventSent";
  /** Id of the receiver; `@name@key` of an entity. */
  readonly instanceId: string;
  /** Name of the event. */
  readonly name: string;
  /** JSON text. */
  readonly input: string | undefined;
}

/** An external event, or the answer of an entity, has come. */
export interface EventRaised extends EventHeader {
  readonly type: "EventRaised";
  /** Name of the event; of an answer the id of its request. */
  readonly name: string;
  /** JSON text. */
  readonly input: string | undefined;
  /** Trace context of who has raised it. */
  readonly parentTraceContext: TraceContext | undefined;
}

/** The execution has ended and another one begins, as other SDKs record it. */
export interface ContinueAsNew extends EventHeader {
  readonly type: "ContinueAsNew";
  /** How the execution has ended. */
  readonly orchestrationStatus: OrchestrationRuntimeStatus;
  /** JSON text of the input of the next execution. */
  readonly result: string | undefined;
  /** Why it has failed. */
  readonly failureDetails: FailureDetails | undefined;
}

/** A mark: of a patch that the code has met, or of an event that a rewind has taken back. */
export interface GenericEvent extends EventHeader {
  readonly type: "GenericEvent";
  /** What the mark says. */
  readonly data: string | undefined;
}

/** Opens an episode; its timestamp is the orchestration's clock until the next one. */
export interface OrchestratorStarted extends EventHeader {
  readonly type: "OrchestratorStarted";
}

/** An episode has ended. */
export interface OrchestratorCompleted extends EventHeader {
  readonly type: "OrchestratorCompleted";
}

/** The state of a history, as some SDKs record it. Replay skips it. */
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

/** The types of {@link HistoryEvent}. */
export type HistoryEventType = HistoryEvent["type"];
