import type { EntityClient } from "./entity-client.ts";
import type { HistoryEvent, Tags, TraceContext } from "./history-event.ts";
import type {
  InstanceConditions,
  InstanceIdPage,
  InstanceIdQuery,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "./orchestration-state.ts";
import type { OrchestrationRuntimeStatus } from "./orchestration-status.ts";
import type { Quarantine } from "./quarantine.ts";

/**
 * Starts and manages instances of one task hub; payloads are JSON text. The engine of this package implements it on a backend,
 * a scheduler over gRPC. What app authors hold is built on it and speaks in values.
 *
 * Names and ids come from outside. Whoever implements this checks them, so that nobody above has to: an id that no hub
 * accepts rejects with `InvalidInstanceId`, whatever was asked, and nothing is read or written.
 */
export interface OrchestrationClient {
  /** Name of the task hub. */
  readonly taskHub: string;
  /** The entities of the hub. */
  readonly entities: EntityClient;
  /** Messages that were put aside. @defaultValue this hub never puts any aside, or shows them to no client */
  readonly quarantine?: Quarantine | undefined;

  /**
   * Resolves to the instance id once the start message is durable.
   *
   * @throws DurableError `InvalidOption` for a name that is empty, reserved or that of an entity; `InvalidInstanceId`;
   * `InstanceAlreadyExists` when an instance of that id is in a status that `options.reusableStatuses` does not list;
   * `TaskTimeout` when the instance to be replaced does not end; `Aborted`
   */
  startInstance(options: StartInstanceOptions): Promise<string>;

  /** Resolves to `undefined` for an unknown instance. Also takes the id of an entity, as {@link getHistory} does. */
  getInstance(instanceId: string, options?: GetInstanceOptions): Promise<OrchestrationState | undefined>;
  /**
   * Waits until an instance has begun to run, or has ended. Resolves to `undefined` for an unknown instance, at once.
   *
   * @throws DurableError `TaskTimeout`, `Aborted` when the wait ends first
   */
  waitForInstance(
    instanceId: string,
    until: "started" | "ended",
    options?: WaitForInstanceOptions,
  ): Promise<OrchestrationState | undefined>;
  /** Resolves to `undefined` for an unknown instance. */
  getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined>;
  /** @throws DurableError `InvalidOption` for a condition that makes no sense, and for a token of another hub */
  queryInstances(query: InstanceQuery): Promise<InstancePage>;
  /** How many instances meet the conditions; no payload is read. @throws DurableError `InvalidOption` */
  countInstances(conditions: InstanceConditions): Promise<number>;
  /** Ids of finished instances, those that finished first first. */
  listInstanceIds(query: InstanceIdQuery): Promise<InstanceIdPage>;

  /**
   * @throws DurableError `InstanceNotFound`, `InstanceNotActive` (finished), same for the four below; `InvalidOption` for
   * an empty name
   */
  raiseEvent(instanceId: string, name: string, input: string | undefined): Promise<void>;
  /** Ends an instance at once. What it has asked for goes on, unless `options` say otherwise. */
  terminate(instanceId: string, reason: string | undefined, options?: TerminateOptions): Promise<void>;
  /** Holds an instance up: it takes nothing in until it is resumed. */
  suspend(instanceId: string, reason: string | undefined): Promise<void>;
  /** Lets a suspended instance go on. */
  resume(instanceId: string, reason: string | undefined): Promise<void>;
  /** Runs a failed instance on from its last failure. @throws also when the instance has not failed. */
  rewind(instanceId: string, reason: string | undefined): Promise<void>;

  /** Starts again with the same name, version and input. Resolves to the new instance's id. */
  restart(instanceId: string, options: { readonly restartWithNewInstanceId: boolean }): Promise<string>;

  /**
   * Deletes everything about one finished instance; entities that it has locked, or asked to lock, are let go. Resolves to
   * the number of instances deleted.
   *
   * @throws DurableError `InstanceNotActive` for an instance that has not finished, unless `options.force`
   */
  purge(instanceId: string, options?: PurgeInstanceOptions): Promise<number>;
  /** Deletes all finished instances that match, however long it takes. Resolves to the number of instances deleted. */
  purgeBy(query: PurgeQuery): Promise<number>;
  /**
   * Deletes finished instances that match, within limits, and tells how far it came.
   *
   * @throws DurableError `InvalidOption`
   */
  purgeMany(query: PurgeQuery, options?: PurgeManyOptions): Promise<PurgeSummary>;

  /**
   * Deletes the task hub with all that it keeps.
   *
   * @throws DurableError `TaskHubInUse` when workers hold it, as far as storage tells, unless `options.force`;
   * `TaskHubNotFound`
   */
  deleteTaskHub(options?: { readonly force?: boolean | undefined }): Promise<void>;
}

/** How one instance is purged. */
export interface PurgeInstanceOptions {
  /** Its finished sub-orchestrations too, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
  /** Also when it has not finished: it vanishes in the middle of what it does, and nobody gets an answer. @defaultValue false */
  readonly force?: boolean | undefined;
}

/** What is read of an instance. */
export interface GetInstanceOptions {
  /** @defaultValue true */
  readonly fetchInput?: boolean | undefined;
  /** @defaultValue true */
  readonly fetchOutput?: boolean | undefined;
  /** Also reads why a failed instance has failed, which its history knows. @defaultValue false */
  readonly fetchFailure?: boolean | undefined;
}

/** What is read of an instance that is waited for, and how long. */
export interface WaitForInstanceOptions extends GetInstanceOptions {
  /** Most milliseconds to wait. @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How an instance is started. */
export interface StartInstanceOptions {
  /** Name of the orchestration. */
  readonly name: string;
  /** Version of the orchestration; the code reads it as `context.version`. */
  readonly version?: string | undefined;
  /** Generated when absent. */
  readonly instanceId?: string | undefined;
  /** JSON text. */
  readonly input?: string | undefined;
  /** Kept with the instance. */
  readonly tags?: Tags | undefined;
  /** Not before this; a date from the year 1601 to 9999. @defaultValue at once */
  readonly scheduledStartTime?: Date | undefined;
  /** Trace context of whoever asks for the instance. */
  readonly parentTraceContext?: TraceContext | undefined;
  /**
   * Statuses in which an existing instance of that id may be replaced. One that has not ended is terminated first, and the
   * start waits for its end, which `Terminated` must allow to be replaced. @defaultValue the terminal ones
   */
  readonly reusableStatuses?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** Ends that wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How an instance is terminated. */
export interface TerminateOptions {
  /**
   * Terminates the sub-orchestrations too that the instance waits for, at any depth; those that have vanished, and those
   * that were started to answer nobody, are passed over. The call then waits for each of them to end, because one that
   * ends may just have started another; after 10 s in which nothing moves (no worker runs) it acts on what it knows.
   *
   * @defaultValue false
   */
  readonly recursive?: boolean | undefined;
}

/** Which finished instances to purge. Without a status all finished ones; entities never. */
/** Which finished instances are purged: those that meet every condition. One at least. */
export interface PurgeQuery extends Omit<InstanceConditions, "includeEntities"> {
  /** Their finished sub-orchestrations too, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
}

/** How instances are purged. */
export interface PurgeManyOptions {
  /** Of an earlier purge with the same query that was not complete. */
  readonly continuationToken?: string | undefined;
  /** Most instances that are looked at, their sub-orchestrations not counted. @defaultValue no limit */
  readonly maxInstances?: number | undefined;
  /** Most milliseconds; what has begun is finished. @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
  /** Ends the purge early when it aborts; it resolves all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Instances that are purged at the same time, 1 to 64. @defaultValue 8 */
  readonly maxConcurrency?: number | undefined;
  /** Called between pages. */
  readonly onProgress?: ((progress: { readonly deletedCount: number }) => void) | undefined;
}

/** What a purge has deleted. */
export interface PurgeSummary {
  /** Number of instances that are gone. */
  readonly deletedCount: number;
  /** `false` when a limit ended it: there may be more. */
  readonly isComplete: boolean;
  /** Where to go on when it is not complete. */
  readonly continuationToken: string | undefined;
}
