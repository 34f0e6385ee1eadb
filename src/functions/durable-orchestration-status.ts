import type { Tags } from "../core/history-event.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { HistoryEntry } from "../management/history-format.ts";

/** What is known of one instance. A view that may lag behind by seconds. */
export interface DurableOrchestrationStatus {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  readonly createdTime: Date;
  readonly lastUpdatedTime: Date;
  /** What the instance was started with; `null` for nothing, or when it was not asked for. */
  readonly input: unknown;
  /** What the orchestrator returned; the text of its failure or the reason of its termination; else `null`. */
  readonly output: unknown;
  /** What the orchestrator last gave to `setCustomStatus`, or `null`. */
  readonly customStatus: unknown;
  /** Id of the orchestration that has started it, also of one that does not wait for it. */
  readonly parentInstanceId?: string;
  /** Present when it was started with any. */
  readonly tags?: Tags;
  /** Present only when asked for. */
  readonly history?: readonly HistoryEntry[];
}
