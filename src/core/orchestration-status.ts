/** Life cycle of an orchestration instance. Names and numbers are those of the wire (`OrchestrationStatus`). */
export const OrchestrationRuntimeStatus = {
  /** It is under way: at work, or waiting for something. */
  Running: "Running",
  /** The orchestrator has returned. */
  Completed: "Completed",
  /** It begins again with a new input. Shown by other SDKs for a moment; here it stays `Running`. */
  ContinuedAsNew: "ContinuedAsNew",
  /** The orchestrator has thrown. */
  Failed: "Failed",
  /** Other SDKs know it; nothing here ends so. */
  Canceled: "Canceled",
  /** Somebody has ended it. */
  Terminated: "Terminated",
  /** It was started, and no worker has taken it up yet. */
  Pending: "Pending",
  /** It takes nothing in until it is resumed. */
  Suspended: "Suspended",
} as const;

export type OrchestrationRuntimeStatus = (typeof OrchestrationRuntimeStatus)[keyof typeof OrchestrationRuntimeStatus];

/** In the order of their wire numbers: `orchestrationStatuses[1] === "Completed"`. */
export const orchestrationStatuses: readonly OrchestrationRuntimeStatus[] = [
  "Running",
  "Completed",
  "ContinuedAsNew",
  "Failed",
  "Canceled",
  "Terminated",
  "Pending",
  "Suspended",
];

/**
 * `true` when the output is not what code has returned, but a text: of a failure, why it was terminated, or, as long as it
 * has not ended, why it was last suspended or resumed. Such a text may read as JSON, and is none.
 */
export function isTextOutput(status: OrchestrationRuntimeStatus): boolean {
  return status !== "Completed" && status !== "ContinuedAsNew";
}

/** `true` once the instance will never run again by itself. */
export function isTerminalStatus(status: OrchestrationRuntimeStatus): boolean {
  return status === "Completed" || status === "Failed" || status === "Canceled" || status === "Terminated";
}
