import type { InstanceConditions } from "../client/client-options.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { TimeSpanInput } from "../core/time-span.ts";
import type { DurableOrchestrationStatus } from "./durable-orchestration-status.ts";

/** Which instances are meant: those that meet all conditions. Entities never are. */
export type OrchestrationFilter = InstanceConditions;

/** Which instances are meant, and what is read of them. */
export interface StatusFilter extends OrchestrationFilter {
  /** Fills `input`, also from blobs: then a page has fewer instances. @defaultValue unless it lies in a blob */
  readonly showInput?: boolean | undefined;
  /** Fills `output`, also from blobs. @defaultValue unless it lies in a blob */
  readonly showOutput?: boolean | undefined;
}

/** Which instances a list has. */
export interface InstanceListFilter extends StatusFilter {
  /** Most instances in a page, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** Of the page before. */
  readonly continuationToken?: string | undefined;
}

/** One page of instances. */
export interface InstanceStatusPage {
  /** May be fewer than were asked for, and none: a page is cut by what its payloads weigh, too. */
  readonly instances: readonly DurableOrchestrationStatus[];
  /** Absent on the last page. */
  readonly continuationToken: string | undefined;
}

/** How one instance is purged. */
export interface PurgeHistoryOptions {
  /** Its finished sub-orchestrations too, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
  /** Also when it has not finished: it vanishes in the middle of what it does. @defaultValue false */
  readonly force?: boolean | undefined;
}

/** How instances are purged. */
export interface PurgeHistoryByOptions {
  /** Their finished sub-orchestrations too, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
  /** Most time that the purge may take. @defaultValue no limit */
  readonly timeout?: TimeSpanInput | undefined;
  /** Most instances that are looked at. @defaultValue no limit */
  readonly maxInstances?: number | undefined;
  /** Ends the purge early when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Of an earlier purge that was not complete. */
  readonly continuationToken?: string | undefined;
  /** Called between pages. */
  readonly onProgress?: ((progress: { readonly instancesDeleted: number }) => void) | undefined;
}

/** How instances are purged that ended long ago. */
export interface PurgeOlderThanOptions extends PurgeHistoryByOptions {
  /** Of these terminal statuses. @defaultValue all of them */
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** How their ids begin, to the letter. @defaultValue all */
  readonly instanceIdPrefix?: string | undefined;
  /** Of the orchestration, to the letter. @defaultValue all */
  readonly name?: string | undefined;
}

/** What a purge has deleted. */
export interface PurgeHistoryResult {
  /** Number of instances that are gone, sub-orchestrations of a recursive purge included. */
  readonly instancesDeleted: number;
  /** `false` when a limit ended the purge: there may be more. Present when limits were given. */
  readonly isComplete?: boolean;
  /** Where to go on when it is not complete. */
  readonly continuationToken?: string | undefined;
}
