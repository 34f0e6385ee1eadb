import { formatFailure } from "../core/failure-details.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import { readPatchMark } from "../core/orchestrator-action.ts";

/** The part of an instance's status that follows from its events. */
export interface InstanceStatus {
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  /** The output or failure of an end; until then the last reason of a suspension or resumption, as .NET has it. */
  readonly output?: string | undefined;
  readonly completedTime?: Date | undefined;
  /** When a rewind has taken back an end that was before. */
  readonly rewoundTime?: Date | undefined;
}

/** The status after one more event. */
export function nextInstanceStatus(status: InstanceStatus, event: HistoryEvent): InstanceStatus {
  switch (event.type) {
    case "ExecutionStarted":
      return { runtimeStatus: "Running" };
    case "ExecutionCompleted": {
      const output = event.failureDetails === undefined ? event.result : formatFailure(event.failureDetails);
      return { runtimeStatus: event.orchestrationStatus, completedTime: event.timestamp, output };
    }
    case "ExecutionTerminated":
      return { runtimeStatus: "Terminated", completedTime: event.timestamp, output: event.input };
    case "ExecutionSuspended":
      return { runtimeStatus: "Suspended", output: event.reason ?? status.output };
    case "ExecutionResumed":
      return { runtimeStatus: "Running", output: event.reason ?? status.output };
    case "GenericEvent":
      // Whatever wakes a rewound instance sets it running again.
      if (readPatchMark(event.data) !== undefined) return status;
      return { ...status, runtimeStatus: "Running", rewoundTime: event.timestamp };
    default:
      return status;
  }
}
