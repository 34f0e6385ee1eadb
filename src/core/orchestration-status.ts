/** Life cycle of an orchestration instance. Names and numbers are those of the wire (`OrchestrationStatus`). */
export const OrchestrationRuntimeStatus = {
  Running: "Running",
  Completed: "Completed",
  ContinuedAsNew: "ContinuedAsNew",
  Failed: "Failed",
  Canceled: "Canceled",
  Terminated: "Terminated",
  Pending: "Pending",
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
