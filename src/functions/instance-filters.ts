import type { InstanceConditions } from "../client/client-options.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { TimeSpanInput } from "../core/time-span.ts";
import type { DurableOrchestrationStatus } from "./durable-orchestration-status.ts";

/** Which instances are meant: those that meet all conditions. Entities never are. */
export type OrchestrationFilter = InstanceConditions;

export interface StatusFilter extends OrchestrationFilter {
  /** Fills `input`, also from blobs: then a page has fewer instances. @defaultValue unless it lies in a blob */
  readonly showInput?: boolean | undefined;
  /** Fills `output`, also from blobs. @defaultValue unless it lies in a blob */
  readonly showOutput?: boolean | undefined;
}

export interface InstanceListFilter extends StatusFilter {
  /** Most instances in a page, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** Of the page before. */
  readonly continuationToken?: string | undefined;
}

export interface InstanceStatusPage {
  /** May be fewer than were asked for, and none: a page is cut by what its payloads weigh, too. */
  readonly instances: readonly DurableOrchestrationStatus[];
  /** Absent on the last page. */
  readonly continuationToken: string | undefined;
}

export interface PurgeHistoryOptions {
  /** Its finished sub-orchestrations too, at any depth. @defaultValue false */
  readonly recursive?: boolean | undefined;
  /** Also when it has not finished: it vanishes in the middle of what it does. @defaultValue false */
  readonly force?: boolean | undefined;
}

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

export interface PurgeOlderThanOptions extends PurgeHistoryByOptions {
  /** Of these terminal statuses. @defaultValue all of them */
  readonly runtimeStatus?: readonly OrchestrationRuntimeStatus[] | undefined;
  readonly instanceIdPrefix?: string | undefined;
  readonly name?: string | undefined;
}

export interface PurgeHistoryResult {
  readonly instancesDeleted: number;
  /** `false` when a limit ended the purge: there may be more. Present when limits were given. */
  readonly isComplete?: boolean;
  /** Where to go on when it is not complete. */
  readonly continuationToken?: string | undefined;
}
