import type { CleanEntityStorageRequest, EntityQuery, EntityMetadata as StoredEntity } from "../core/entity-client.ts";
import type { EntityId } from "../core/entity-id.ts";
import type { Tags } from "../core/history-event.ts";
import { assertConditions } from "../core/instance-conditions.ts";
import { assertOptions, type OptionKind, type OptionKinds } from "../core/option-names.ts";
import type { InstanceConditions as StoredConditions } from "../core/orchestration-state.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { TimeSpanInput } from "../core/time-span.ts";

/**
 * What clients of every place take.
 *
 * @typeParam Converter the type of {@link ClientOptions.dataConverter}: what is read is typed as it brings it back
 */
export interface ClientOptions<Converter extends DataConverter | undefined = DataConverter | undefined> {
  /** Turns values into the JSON text that is stored, and back. @defaultValue plain JSON */
  readonly dataConverter?: Converter | undefined;
  /** Of instances that are started without one. @defaultValue none */
  readonly defaultVersion?: string | undefined;
}

export const clientOptionKinds: OptionKinds<ClientOptions> = { dataConverter: "converter", defaultVersion: "text" };

/** Names of the options of every place. */
export const clientOptionNames: readonly (keyof ClientOptions)[] = ["dataConverter", "defaultVersion"];

export interface ScheduleOptions<Input = unknown> {
  /** What the orchestration is given. */
  readonly input?: Input | undefined;
  /** @defaultValue a fresh id of 32 hexadecimal digits */
  readonly instanceId?: string | undefined;
  /** Not before this time. @defaultValue at once */
  readonly startAt?: Date | undefined;
  /** The orchestration reads it as `ctx.version`. @defaultValue `defaultVersion` of the client */
  readonly version?: string | undefined;
  /** Kept with the instance, for those who look at it. */
  readonly tags?: Tags | undefined;
  /** Statuses in which an existing instance of that id is replaced. @defaultValue the terminal ones */
  readonly reusableStatuses?: readonly OrchestrationRuntimeStatus[] | undefined;
}

/** Options of a start whose input is checked: they may be left out only where the input may. */
export type ScheduleArguments<Input> = undefined extends Input
  ? [options?: ScheduleOptions<Input>]
  : [options: ScheduleOptions<Input> & { readonly input: Input }];

export interface GetStateOptions {
  /** Reads input, output and custom status too. @defaultValue true */
  readonly fetchPayloads?: boolean | undefined;
}

export interface WaitOptions extends GetStateOptions {
  /** @defaultValue no limit */
  readonly timeout?: TimeSpanInput | undefined;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Which instances are meant: those that meet all conditions. Bounds of time belong to the range. */
export interface InstanceConditions {
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdTo?: Date | undefined;
  readonly lastUpdatedFrom?: Date | undefined;
  readonly lastUpdatedTo?: Date | undefined;
  readonly completedFrom?: Date | undefined;
  readonly completedTo?: Date | undefined;
  readonly instanceIdPrefix?: string | undefined;
  /** Of the orchestration. */
  readonly name?: string | undefined;
  /** All of these, each with this value. */
  readonly tags?: Tags | undefined;
}

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
  readonly completedFrom?: Date | undefined;
  readonly completedTo?: Date | undefined;
  /** Most ids in one page. @defaultValue 100 */
  readonly pageSize?: number | undefined;
}

/** Of finished instances. One condition at least: to purge all of them, say `{ createdFrom: new Date(0) }`. */
export interface PurgeFilter extends InstanceConditions {
  /** Those that finished longer ago, in place of `completedTo`. */
  readonly olderThan?: TimeSpanInput | undefined;
}

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

export interface PurgeResult {
  readonly deletedInstanceCount: number;
  /** `false` when a limit ended the purge: there may be more. Present when limits were given. */
  readonly isComplete?: boolean;
  /** Where to go on when it is not complete. */
  readonly continuationToken?: string | undefined;
}

export interface TerminateOptions {
  /** What the instance shows as its output: a text as it is, anything else as JSON. */
  readonly output?: unknown;
  /** The sub-orchestrations too that it waits for, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
}

export interface SignalEntityOptions {
  /** Not before this time. @defaultValue at once */
  readonly scheduledTime?: Date | undefined;
}

export type CallEntityOptions = Pick<WaitOptions, "timeout" | "signal">;

/** What is known of one entity. A view that may lag behind by seconds. */
export interface EntityMetadata<State = unknown> extends Omit<StoredEntity, "state"> {
  readonly id: EntityId;
  /** Absent without a state, and when it was not asked for. */
  readonly state: State | undefined;
}

export type EntityFilter = Omit<EntityQuery, "continuationToken">;
export type CleanEntityStorageOptions = Omit<CleanEntityStorageRequest, "minEmptyMs">;

const conditionKinds: OptionKinds<InstanceConditions> = {
  runtimeStatus: "statuses",
  createdFrom: "date",
  createdTo: "date",
  lastUpdatedFrom: "date",
  lastUpdatedTo: "date",
  completedFrom: "date",
  completedTo: "date",
  instanceIdPrefix: "text",
  name: "text",
  tags: "tags",
};
const scheduleKinds: OptionKinds<ScheduleOptions> = {
  input: "any",
  // Checked with the rules of ids.
  instanceId: "any",
  startAt: "date",
  version: "text",
  tags: "tags",
  reusableStatuses: "statuses",
};
const waitKinds: OptionKinds<WaitOptions> = { fetchPayloads: "flag", timeout: "time span", signal: "signal" };
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

type Verb =
  | "scheduleNewOrchestration"
  | "getOrchestrationState"
  | "waitForOrchestrationStart"
  | "waitForOrchestrationCompletion"
  | "getAllInstances"
  | "countInstances"
  | "listInstanceIds"
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
  scheduleNewOrchestration: scheduleKinds,
  getOrchestrationState: { fetchPayloads: "flag" },
  waitForOrchestrationStart: waitKinds,
  waitForOrchestrationCompletion: waitKinds,
  getAllInstances: instanceKinds,
  countInstances: conditionKinds,
  listInstanceIds: instanceIdKinds,
  terminateOrchestration: { output: "any", recursive: "flag" },
  restartOrchestration: { restartWithNewInstanceId: "flag" },
  purgeFilter: purgeFilterKinds,
  purgeOrchestration: purgeKinds,
  deleteTaskHub: { force: "flag" },
  signalEntity: { scheduledTime: "date" },
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

/** @throws DurableError `InvalidOption` that names the option */
export function conditionsOf(filter: InstanceConditions): Omit<StoredConditions, "includeEntities"> {
  const { createdFrom, createdTo, lastUpdatedFrom, lastUpdatedTo, completedFrom, completedTo } = filter;
  const { runtimeStatus, instanceIdPrefix, name, tags } = filter;
  const conditions = {
    runtimeStatus,
    createdTimeFrom: createdFrom,
    createdTimeTo: createdTo,
    lastUpdatedTimeFrom: lastUpdatedFrom,
    lastUpdatedTimeTo: lastUpdatedTo,
    completedTimeFrom: completedFrom,
    completedTimeTo: completedTo,
    instanceIdPrefix,
    name,
    tags,
  };
  assertConditions(conditions);
  return conditions;
}
