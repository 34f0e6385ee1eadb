import type { ToldInput, ToldOutput } from "../client/target-types.ts";
import type { Tags } from "../core/history-event.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import type { HistoryEntry } from "../management/history-format.ts";

/** What is known of one instance. A view that may lag behind by seconds. */
export interface DurableOrchestrationStatus<Output = unknown, CustomStatus = unknown, Input = unknown> {
  /** Name of the orchestration. */
  readonly name: string;
  /** Id of the instance. */
  readonly instanceId: string;
  /** What it is doing, or how it has ended. */
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  /** When it was created. */
  readonly createdTime: Date;
  /** When its status last changed; may be seconds late while it runs. */
  readonly lastUpdatedTime: Date;
  /** What the instance was started with; `null` for nothing, or when it was not asked for. */
  readonly input: Input | null;
  /**
   * What the orchestrator returned; the text of its failure or the reason of its termination; else `null`. Ask for
   * `runtimeStatus` first where it has a type: see {@link InstanceStatus}.
   */
  readonly output: Output;
  /** What the orchestrator last gave to `setCustomStatus`, or `null`. */
  readonly customStatus: CustomStatus | null;
  /** Id of the orchestration that has started it, also of one that does not wait for it. */
  readonly parentInstanceId?: string;
  /** Present when it was started with any. */
  readonly tags?: Tags;
  /**
   * What it has and a list did not read, because it lies in a blob for its size: ask for it with `showInput: true` and
   * `showOutput: true`, or ask for the status of this instance. Absent when that is nothing.
   */
  readonly notLoaded?: readonly ("input" | "output" | "tags")[];
  /** Present only when asked for. */
  readonly history?: readonly HistoryEntry[];
}

/**
 * A {@link DurableOrchestrationStatus} whose output has a type once `runtimeStatus` is known to be `Completed`: of a
 * failed instance it is the text of the failure.
 */
export type InstanceStatus<Output = unknown, CustomStatus = unknown, Input = unknown> = unknown extends Output
  ? DurableOrchestrationStatus<unknown, CustomStatus, Input>
  : DurableOrchestrationStatus<unknown, CustomStatus, Input> &
      (
        | { readonly runtimeStatus: "Completed"; readonly output: OrNull<Output> }
        | { readonly runtimeStatus: Exclude<OrchestrationRuntimeStatus, "Completed">; readonly output: unknown }
      );

/** {@link InstanceStatus} in values as they come back. */
export type InstanceStatusAs<Converter, Output, CustomStatus, Input> = InstanceStatus<
  ToldOutput<Converter, Output>,
  StoredAs<Converter, CustomStatus>,
  ToldInput<Converter, Output, Input>
>;

/** Nothing is shown as `null`. */
// biome-ignore lint/suspicious/noConfusingVoidType: what a function without a result returns.
type OrNull<Output> = Output extends undefined | void ? null : Output;
