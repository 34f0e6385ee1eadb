import type { CleanEntityStorageRequest, EntityQuery, EntityMetadata as StoredEntity } from "../core/entity-client.ts";
import type { EntityId } from "../core/entity-id.ts";
import type { Tags } from "../core/history-event.ts";
import { assertOptions, type OptionKind, type OptionKinds } from "../core/option-names.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { TimeSpanInput } from "../core/time-span.ts";

type Statuses = readonly OrchestrationRuntimeStatus[];

/** What becomes of an instance that has the id of a new one. */
export interface ReusePolicy {
  /**
   * Statuses in which it is replaced: it is deleted, with its history, and the new one begins. One that has not ended is
   * terminated first. @defaultValue `Completed`, `Failed`, `Terminated` and `Canceled`
   */
  readonly replaceableStatuses?: Statuses | undefined;
  /**
   * In any other status: `"error"` refuses the start with `InstanceAlreadyExists`, `"ignore"` leaves the instance alone
   * and gives its id, `"terminate"` ends it and replaces it. @defaultValue "error"
   */
  readonly action?: "error" | "ignore" | "terminate" | undefined;
}

/** Which instances of its id a start replaces, by each of the names that SDKs have for it. One of them may be given. */
export interface ReuseOptions {
  /** Statuses in which an existing instance of that id is replaced, as gRPC has it. @defaultValue the terminal ones */
  readonly reusableStatuses?: Statuses | undefined;
  /** Statuses in which an existing instance of that id is in the way, as .NET has it: in all others it is replaced. */
  readonly dedupeStatuses?: Statuses | undefined;
  /** Statuses in which it is replaced, and what is done in the others. */
  readonly reusePolicy?: ReusePolicy | undefined;
}

/** How an orchestration is started. */
export interface StartOptions extends ReuseOptions {
  /** @defaultValue a fresh id of 32 hexadecimal digits */
  readonly instanceId?: string | undefined;
  /** Not before this time. @defaultValue at once */
  readonly startAt?: Date | undefined;
  /** Another name of `startAt`. */
  readonly scheduledStartTime?: Date | undefined;
  /** The orchestration reads it as `context.version`. @defaultValue the version of the app or of the client */
  readonly version?: string | undefined;
  /** Kept with the instance, for those who look at it. */
  readonly tags?: Tags | undefined;
  /** Ends the wait for an instance that is to be replaced. */
  readonly signal?: AbortSignal | undefined;
}

/** How an orchestration is started under an id, unless it is there. */
export interface StartOrGetOptions extends Omit<StartOptions, "instanceId" | "reusePolicy"> {
  /** Id of the instance, of 256 characters at most. */
  readonly instanceId: string;
  /** Statuses in which an existing instance is replaced instead. @defaultValue none */
  readonly reusableStatuses?: readonly OrchestrationRuntimeStatus[] | undefined;
}

/** {@link StartOptions}, and the input among them. */
export interface ScheduleOptions<Input = unknown> extends StartOptions {
  /** What the orchestration is given. */
  readonly input?: Input | undefined;
}

/** Arguments of a start: the input, which may be left out where it may be `undefined`, and options. */
export type StartArguments<Input> = undefined extends Input
  ? [input?: Input, options?: StartOptions]
  : [input: Input, options?: StartOptions];

/** Options of a start whose input is checked: they may be left out only where the input may. */
export type ScheduleArguments<Input> = undefined extends Input
  ? [options?: ScheduleOptions<Input>]
  : [options: ScheduleOptions<Input> & { readonly input: Input }];

/** What is read of the state of an instance. */
export interface GetStateOptions {
  /** Reads input, output and custom status too. @defaultValue true */
  readonly fetchPayloads?: boolean | undefined;
}

/** How long to wait, and how. */
export interface RunWaitOptions {
  /** Most time to wait. @defaultValue no limit */
  readonly timeout?: TimeSpanInput | undefined;
  /**
   * Time between two looks. @defaultValue 10 milliseconds at first, then ever more up to a second; a server tells over
   * gRPC when it is time
   */
  readonly pollInterval?: TimeSpanInput | undefined;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** What is read of an instance that is waited for, how long, and how. */
export interface WaitOptions extends GetStateOptions, RunWaitOptions {}

/** How an event is raised. */
export interface RaiseEventOptions {
  /** What becomes of an event for an instance that is not there. @defaultValue "throw", with `InstanceNotFound` */
  readonly ifMissing?: "throw" | "ignore" | undefined;
}

/** How an instance is started again. */
export interface RestartOptions {
  /** `false` replaces the earlier instance. */
  readonly restartWithNewInstanceId?: boolean | undefined;
}

/**
 * Which instances are meant: those that meet all conditions. Bounds of time belong to the range, and have two names each:
 * that of the Durable Task SDKs and that of `durable-functions` 3.x.
 */
export interface InstanceConditions {
  /** Any of these; an empty list is no condition. */
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** Created at this time or later. */
  readonly createdFrom?: Date | undefined;
  /** Created at this time or before. */
  readonly createdTo?: Date | undefined;
  /** Changed last at this time or later. */
  readonly lastUpdatedFrom?: Date | undefined;
  /** Changed last at this time or before. */
  readonly lastUpdatedTo?: Date | undefined;
  /** An instance that has not ended meets no condition on its end. */
  readonly completedFrom?: Date | undefined;
  /** Ended at this time or before. */
  readonly completedTo?: Date | undefined;
  /** Another name of `createdFrom`, and so on. */
  readonly createdTimeFrom?: Date | undefined;
  /** Another name of `createdTo`. */
  readonly createdTimeTo?: Date | undefined;
  /** Another name of `lastUpdatedFrom`. */
  readonly lastUpdatedTimeFrom?: Date | undefined;
  /** Another name of `lastUpdatedTo`. */
  readonly lastUpdatedTimeTo?: Date | undefined;
  /** Another name of `completedFrom`. */
  readonly completedTimeFrom?: Date | undefined;
  /** Another name of `completedTo`. */
  readonly completedTimeTo?: Date | undefined;
  /** How the id begins, to the letter. */
  readonly instanceIdPrefix?: string | undefined;
  /** Of the orchestration, to the letter. */
  readonly name?: string | undefined;
  /** All of these, each with this value. */
  readonly tags?: Tags | undefined;
}

/** Which instances a list has, and what is read of them. */
export interface InstanceFilter extends InstanceConditions {
  /** Most instances in one page. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** @defaultValue all but what lies in blobs for its size; over gRPC, which has no such choice, true */
  readonly fetchPayloads?: boolean | undefined;
}

/** Of finished instances. */
export interface InstanceIdFilter {
  /** @defaultValue all terminal ones */
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** Ended at this time or later. */
  readonly completedFrom?: Date | undefined;
  /** Ended before this time. */
  readonly completedTo?: Date | undefined;
  /** Most ids in one page. @defaultValue 100 */
  readonly pageSize?: number | undefined;
}

/** Of finished instances. One condition at least: to purge all of them, say `{ createdFrom: new Date(0) }`. */
export interface PurgeFilter extends InstanceConditions {
  /** Those that finished longer ago, in place of `completedTo`. */
  readonly olderThan?: TimeSpanInput | undefined;
}

/** How instances are purged. */
export interface PurgeOptions {
  /** The finished sub-orchestrations too, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
  /** One instance also when it has not finished: it vanishes in the middle of what it does. @defaultValue false */
  readonly force?: boolean | undefined;
  /** Most time that a purge by filter may take. @defaultValue no limit */
  readonly timeout?: TimeSpanInput | undefined;
  /** Most instances that a purge by filter looks at. @defaultValue no limit */
  readonly maxInstances?: number | undefined;
  /** Ends a purge by filter early when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Of an earlier purge by the same filter that was not complete. */
  readonly continuationToken?: string | undefined;
  /** Called between pages of a purge by filter. */
  readonly onProgress?: ((progress: { readonly deletedInstanceCount: number }) => void) | undefined;
}

/** What a purge has deleted. */
export interface PurgeResult {
  /** Number of instances that are gone, sub-orchestrations of a recursive purge included. */
  readonly deletedInstanceCount: number;
  /** `false` when a limit ended the purge: there may be more. Present when limits were given. */
  readonly isComplete?: boolean;
  /** Where to go on when it is not complete. */
  readonly continuationToken?: string | undefined;
}

/** How an instance is terminated. */
export interface TerminateOptions {
  /** What the instance shows as its output: a text as it is, anything else as JSON. */
  readonly output?: unknown;
  /** The sub-orchestrations too that it waits for, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
}

/** How a signal is sent to an entity. */
export interface SignalEntityOptions {
  /** Not before this time. @defaultValue at once */
  readonly scheduledTime?: Date | undefined;
  /** A GUID that names the signal in the entity's queue. @defaultValue a random one */
  readonly requestId?: string | undefined;
}

/** How long to wait for the answer of an entity. */
export type CallEntityOptions = Pick<RunWaitOptions, "timeout" | "signal">;

/** What is known of one entity. A view that may lag behind by seconds. */
export interface EntityMetadata<State = unknown> extends Omit<StoredEntity, "state"> {
  /** Name and key. */
  readonly id: EntityId;
  /** Absent without a state, and when it was not asked for. */
  readonly state: State | undefined;
}

/** Which entities a list has; all unless it says otherwise. */
export type EntityFilter = Omit<EntityQuery, "continuationToken">;
/** What a cleaning of entities does. */
export type CleanEntityStorageOptions = Omit<CleanEntityStorageRequest, "minEmptyMs">;

const reuseKinds: OptionKinds<ReuseOptions> = {
  reusableStatuses: "statuses",
  dedupeStatuses: "statuses",
  reusePolicy: "object",
};

export const conditionKinds: OptionKinds<InstanceConditions> = {
  runtimeStatus: "statuses",
  createdFrom: "date",
  createdTo: "date",
  lastUpdatedFrom: "date",
  lastUpdatedTo: "date",
  completedFrom: "date",
  completedTo: "date",
  createdTimeFrom: "date",
  createdTimeTo: "date",
  lastUpdatedTimeFrom: "date",
  lastUpdatedTimeTo: "date",
  completedTimeFrom: "date",
  completedTimeTo: "date",
  instanceIdPrefix: "text",
  name: "text",
  tags: "tags",
};

const startKinds: OptionKinds<StartOptions> = {
  // Checked with the rules of ids.
  instanceId: "any",
  startAt: "date",
  scheduledStartTime: "date",
  version: "text",
  tags: "tags",
  signal: "signal",
  ...reuseKinds,
};
const { reusePolicy: _, ...startOrGetKinds } = startKinds;
export const scheduleKinds: OptionKinds<ScheduleOptions> = { input: "any", ...startKinds };
export const runWaitKinds: OptionKinds<RunWaitOptions> = {
  timeout: "time span",
  pollInterval: "time span",
  signal: "signal",
};
const waitKinds: OptionKinds<WaitOptions> = { fetchPayloads: "flag", ...runWaitKinds };
const instanceKinds: OptionKinds<InstanceFilter> = { ...conditionKinds, pageSize: "count", fetchPayloads: "flag" };
const instanceIdKinds: OptionKinds<InstanceIdFilter> = {
  runtimeStatus: "statuses",
  completedFrom: "date",
  completedTo: "date",
  pageSize: "count",
};
const purgeFilterKinds: OptionKinds<PurgeFilter> = { ...conditionKinds, olderThan: "time span" };
const purgeKinds: OptionKinds<PurgeOptions> = {
  recursive: "flag",
  force: "flag",
  timeout: "time span",
  maxInstances: "count",
  signal: "signal",
  continuationToken: "text",
  onProgress: "function",
};
const entityKinds: OptionKinds<EntityFilter> = {
  name: "text",
  keyPrefix: "text",
  lastModifiedFrom: "date",
  lastModifiedTo: "date",
  includeState: "flag",
  includeTransient: "flag",
  pageSize: "count",
};
const cleanKinds: OptionKinds<CleanEntityStorageOptions> = {
  removeEmptyEntities: "flag",
  releaseOrphanedLocks: "flag",
  continueUntilComplete: "flag",
  continuationToken: "text",
};

export const raiseKinds: OptionKinds<RaiseEventOptions> = { ifMissing: "any" };

type Verb =
  | "start"
  | "startOrGet"
  | "result"
  | "waitForStart"
  | "status"
  | "raiseEvent"
  | "terminate"
  | "restart"
  | "purge"
  | "scheduleNewOrchestration"
  | "getOrchestrationState"
  | "waitForOrchestrationStart"
  | "waitForOrchestrationCompletion"
  | "getAllInstances"
  | "countInstances"
  | "listInstanceIds"
  | "raiseOrchestrationEvent"
  | "terminateOrchestration"
  | "restartOrchestration"
  | "purgeFilter"
  | "purgeOrchestration"
  | "deleteTaskHub"
  | "signalEntity"
  | "callEntity"
  | "getEntity"
  | "getEntities"
  | "cleanEntityStorage";

/** The options of each verb, by what they hold. */
const optionKinds: Readonly<Record<Verb, Readonly<Record<string, OptionKind>>>> = {
  start: startKinds,
  startOrGet: startOrGetKinds,
  result: runWaitKinds,
  waitForStart: runWaitKinds,
  status: { fetchPayloads: "flag" },
  raiseEvent: raiseKinds,
  terminate: { recursive: "flag" },
  restart: { restartWithNewInstanceId: "flag" },
  purge: { recursive: "flag", force: "flag" },
  scheduleNewOrchestration: scheduleKinds,
  getOrchestrationState: { fetchPayloads: "flag" },
  waitForOrchestrationStart: waitKinds,
  waitForOrchestrationCompletion: waitKinds,
  getAllInstances: instanceKinds,
  countInstances: conditionKinds,
  listInstanceIds: instanceIdKinds,
  raiseOrchestrationEvent: raiseKinds,
  terminateOrchestration: { output: "any", recursive: "flag" },
  restartOrchestration: { restartWithNewInstanceId: "flag" },
  purgeFilter: purgeFilterKinds,
  purgeOrchestration: purgeKinds,
  deleteTaskHub: { force: "flag" },
  signalEntity: { scheduledTime: "date", requestId: "text" },
  callEntity: { timeout: "time span", signal: "signal" },
  getEntity: { includeState: "flag" },
  getEntities: entityKinds,
  cleanEntityStorage: cleanKinds,
};

/**
 * Checks what a caller hands over beside the obligatory arguments.
 *
 * @returns it; no options for `undefined`
 * @throws DurableError `InvalidOption` that names the option
 */
export function readOptions<Options>(verb: Verb, options: Options | undefined): Options {
  if (options === undefined) return {} as Options;
  assertOptions(options, optionKinds[verb], verb === "purgeFilter" ? "purgeOrchestration" : verb);
  return options;
}
