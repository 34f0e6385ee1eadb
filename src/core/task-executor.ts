import type { EntityBatch, EntityBatchResult } from "./entity-batch.ts";
import type { EventWaits } from "./event-waits.ts";
import type { FailureDetails } from "./failure-details.ts";
import type { ExecutionRef, HistoryEvent, OrchestrationInstance, Tags, TraceContext } from "./history-event.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";

/**
 * Runs user code for the engine, in this process or in another. The engine never sees user code.
 */
export interface TaskExecutor {
  /**
   * Opens the live executor of one execution. Runs no user code and does not fail: an unknown orchestrator name fails
   * the first episode.
   *
   * @param onMisuse called once at most: user code was resumed between two episodes, by something that replay does not
   * control. The next episode fails the execution.
   */
  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession;

  /**
   * Runs one activity to its end. User errors are data (`failed`), never a rejection.
   *
   * @throws when the activity could not be run at all (the process is stopping, the worker went away); the engine
   * abandons the work item and it is tried again later.
   */
  executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome>;

  /**
   * Runs operations on one entity, one after the other. Each is a transaction: when it fails, state and actions are as
   * they were before it, and the next one runs.
   *
   * @throws DurableError `EntityNotRegistered` when this executor has no entity of that name: others may have it
   * @throws anything else when the batch could not be run at all; it is tried again later
   */
  executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult>;
}

/**
 * The suspended orchestrator of one execution. Only a cache: dropped at any time and rebuilt from history, because a
 * live session and a fresh replay of the same events emit the same actions.
 */
export interface OrchestrationSession {
  /**
   * Runs one episode and returns what the orchestrator now asks for. Calls never overlap. User errors end in a
   * `CompleteOrchestration` action.
   *
   * @param work `signal` aborts when nobody wants the result any more: the work item is lost, or the worker has stopped.
   * It is made when it is first read.
   * @throws DurableError `SessionLost` when this session is gone: the engine runs the episode again on a new one, which
   * it gives the whole history.
   * @throws anything else when the episode could not be run at all; the session must be closed and the work item
   * abandoned.
   */
  execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult>;
  /**
   * `false` when nobody waits any more for a timer that the session has seen created: it was cancelled, or what it was to
   * limit has come in time. Replay is the same with and without its `TimerFired`, so that this needs no episode. An
   * executor that cannot say has no such method.
   */
  waitsForTimer?(timerId: number): boolean;
  /**
   * The external events that the code waits for, and those that wait for it; `undefined` when there are neither. An
   * executor that cannot say has no such method.
   */
  eventWaits?(): EventWaits | undefined;
  /**
   * Names of the events that the code has begun to wait for in the new events of the last episode, and still waits for. An
   * executor that cannot say has no such method.
   */
  newlyAwaitedEvents?(): readonly string[];
  /** Ends the session. From now on its code wakes nothing, logs nothing and fails nothing, whatever resumes it. */
  close(): void;
}

export interface Episode {
  /**
   * Committed events that this session has not seen yet: all of them for a fresh session, for a live one those that
   * its last episode added after its own new events. User code sees them with `isReplaying`.
   */
  readonly pastEvents: readonly HistoryEvent[];
  /**
   * Starts with `OrchestratorStarted`; not committed yet. Empty when the session shall only catch up with `pastEvents`,
   * be it those of an execution that has ended: code that fits its history asks for nothing then, and the result has the
   * custom status as it has set it by then.
   */
  readonly newEvents: readonly HistoryEvent[];
}

export interface EpisodeResult {
  /** Only the actions that history does not hold yet, in order. */
  readonly actions: readonly OrchestratorAction[];
  /** JSON text; absent while the orchestrator has set none. */
  readonly customStatus: string | undefined;
  /**
   * The executor does not know the custom status, so what is stored stays: the code was not run (it is not registered
   * here, or of another version), or not as the instance has run (its history cannot be read, or does not fit the code).
   */
  readonly keepsCustomStatus?: boolean | undefined;
  /**
   * Numbers of the tasks that nobody waits for at the moment, because they have lost a race or their time is over;
   * answered ones may be among them. @defaultValue unknown
   */
  readonly unwantedTasks?: readonly number[] | undefined;
  /** Names of what the code has called and never waited for, once it has ended. @defaultValue none, or unknown */
  readonly unawaitedCalls?: readonly string[] | undefined;
  /** The span under which the execution runs, made in its first episode and kept with it. @defaultValue unchanged */
  readonly span?: OrchestrationSpan | undefined;
}

/** The span of a whole execution, which lasts from its first episode to its end, wherever its episodes run. */
export interface OrchestrationSpan {
  /** W3C span id, 16 hexadecimal digits. */
  readonly spanId: string;
  readonly startTime: Date | undefined;
}

export interface ActivityInvocation {
  readonly name: string;
  readonly version: string | undefined;
  /** JSON text of the argument. */
  readonly input: string | undefined;
  readonly instance: OrchestrationInstance;
  /** `eventId` of the `TaskScheduled` event. */
  readonly taskId: number;
  /** 1 for the first delivery of this work item. */
  readonly deliveryCount: number;
  readonly tags: Tags | undefined;
  /** Trace context of the orchestration that asked for the activity. */
  readonly parentTraceContext?: TraceContext | undefined;
  /**
   * Aborts when the worker stops or has lost the work item, or when nobody wants the result any more. Its reason is a
   * `DurableError` that tells which. Made when it is first read.
   */
  readonly signal: AbortSignal;
  /** Details of the last heartbeat of an earlier delivery, JSON text. @defaultValue none is known */
  readonly lastHeartbeat?: string | undefined;
  /**
   * The activity is alive: prolongs the lock of its work item, and keeps the details (JSON text, of a size that
   * `assertHeartbeatSize` accepts) for the next delivery. Absent where heartbeats go nowhere.
   */
  readonly heartbeat?: ((details: string | undefined) => void) | undefined;
}

export type ActivityOutcome =
  | { readonly kind: "completed"; readonly result: string | undefined }
  | { readonly kind: "failed"; readonly failureDetails: FailureDetails };
