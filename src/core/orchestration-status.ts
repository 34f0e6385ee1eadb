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

/** `true` when the output is not what code has returned, but a text: of a failure, or why it was terminated. */
export function isTextOutput(status: OrchestrationRuntimeStatus): boolean {
  return status === "Failed" || status === "Canceled" || status === "Terminated";
}

/** `true` once the instance will never run again by itself. */
export function isTerminalStatus(status: OrchestrationRuntimeStatus): boolean {
  return status === "Completed" || status === "Failed" || status === "Canceled" || status === "Terminated";
}
