import type { WaitNote } from "./event-waits.ts";
import type { FailureDetails } from "./failure-details.ts";
import type { Tags } from "./history-event.ts";
import type { OrchestrationRuntimeStatus } from "./orchestration-status.ts";

/** What a status query knows of one instance. A lagging view of its history, correct within seconds. */
export interface OrchestrationState {
  /** Id of the instance; `@name@key` of an entity. */
  readonly instanceId: string;
  /** Id of its latest execution. */
  readonly executionId: string | undefined;
  /** Name of the orchestration. */
  readonly name: string;
  /** Version of the orchestration. */
  readonly version: string | undefined;
  /** What it is doing, or how it has ended. */
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  /** JSON text. */
  readonly input: string | undefined;
  /** JSON text of the output, or the plain text of a failure, termination or suspension. */
  readonly output: string | undefined;
  /** JSON text. */
  readonly customStatus: string | undefined;
  /** When it was created. */
  readonly createdTime: Date;
  /** When the row was last written. */
  readonly lastUpdatedTime: Date;
  /** When it ended; absent while it has not. */
  readonly completedTime: Date | undefined;
  /** Not before this time; absent: at once. */
  readonly scheduledStartTime: Date | undefined;
  /** How often the id was used again; 0 for the first. */
  readonly generation: number;
  /** Tags that it was started with. */
  readonly tags: Tags | undefined;
  /** Id of the orchestration that has started it, also of one that does not wait for it; absent for others. */
  readonly parentInstanceId?: string | undefined;
  /** Why it failed; absent when that was not asked for. */
  readonly failureDetails?: FailureDetails | undefined;
  /** What its worker has noted of what it waits for; absent when there was nothing to note, and from other workers. */
  readonly waitNote?: WaitNote | undefined;
  /** What the instance has and a list did not read, because it lies elsewhere for its size; absent when that is nothing. */
  readonly notLoaded?: readonly LargePart[] | undefined;
}

/** What a store may keep apart from an instance, for its size. */
export type LargePart = "input" | "output" | "tags";

/** `true`: wherever it lies. `"inline"`: unless it lies apart, where each costs a request. `false`: not at all. */
export type PayloadFetch = boolean | "inline";

/**
 * Which instances are meant: those that meet every condition given. Bounds of time belong to the range. An instance that
 * has no completed time meets no condition on it.
 */
export interface InstanceConditions {
  /** Any of these; an empty list is no condition. */
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** Created at this time or later. */
  readonly createdTimeFrom?: Date | undefined;
  /** Created at this time or before. */
  readonly createdTimeTo?: Date | undefined;
  /** Changed last at this time or later. */
  readonly lastUpdatedTimeFrom?: Date | undefined;
  /** Changed last at this time or before. */
  readonly lastUpdatedTimeTo?: Date | undefined;
  /** Ended at this time or later. */
  readonly completedTimeFrom?: Date | undefined;
  /** Ended at this time or before. */
  readonly completedTimeTo?: Date | undefined;
  /** How the id begins, to the letter. */
  readonly instanceIdPrefix?: string | undefined;
  /** Of the orchestration, to the letter. */
  readonly name?: string | undefined;
  /** All of these, each with this value. */
  readonly tags?: Tags | undefined;
  /** Entities are instances too; they are left out unless asked for. */
  readonly includeEntities?: boolean | undefined;
}

/** Which instances are meant, and what is read of them. */
export interface InstanceQuery extends InstanceConditions {
  /** Most instances in one page; a store may have a lower limit. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /**
   * From the page before, of the same conditions. @throws DurableError `InvalidOption` from the query when it is not one of
   * those
   */
  readonly continuationToken?: string | undefined;
  /** The times are counted from now, so that they are others for each page: a token does not hold to them. @defaultValue false */
  readonly timesMove?: boolean | undefined;
  /** @defaultValue true */
  readonly fetchInput?: PayloadFetch | undefined;
  /** @defaultValue true */
  readonly fetchOutput?: PayloadFetch | undefined;
  /**
   * Most bytes that the inputs, outputs and custom statuses of one page may have as UTF-8: the page ends before the
   * instance that would exceed it, and before the one that would need more than 100 reads of what lies apart. One instance
   * is in a page however large it is. @defaultValue 8 MiB
   */
  readonly maxPageBytes?: number | undefined;
}

/** One page of instances. */
export interface InstancePage {
  /** The instances of the page. */
  readonly instances: readonly OrchestrationState[];
  /**
   * Absent on the last page. A page may be empty and still have one. Opaque, in printable ASCII, so that a header can
   * carry it as it is.
   */
  readonly continuationToken: string | undefined;
}

/** Which ids of finished instances are listed. */
export interface InstanceIdQuery {
  /** Of these statuses; those that are not terminal match nothing. @defaultValue all terminal ones */
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** Ended at this time or later. */
  readonly completedTimeFrom?: Date | undefined;
  /** Exclusive. */
  readonly completedTimeTo?: Date | undefined;
  /** Most ids in one page. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** From the page before. @throws DurableError `InvalidOption` from the query when it is not one of those */
  readonly continuationToken?: string | undefined;
}

/** One page of ids. */
export interface InstanceIdPage {
  /** The ids of the page, of those that finished first first. */
  readonly instanceIds: readonly string[];
  /** Absent on the last page. */
  readonly continuationToken: string | undefined;
}
