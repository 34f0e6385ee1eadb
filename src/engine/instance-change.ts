import { formatFailure } from "../core/failure-details.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { readPatchMark } from "../core/orchestrator-action.ts";
import type { InstanceChange } from "./backend.ts";

/** What an episode's events mean for the instance's status. */
export function describeInstanceChange(
  executionId: string,
  events: readonly HistoryEvent[],
  customStatus: string | undefined,
): InstanceChange {
  let change: InstanceChange = {
    executionId,
    customStatus,
    lastUpdatedTime: events.at(-1)?.timestamp ?? new Date(0),
  };
  for (const event of events) change = { ...change, ...changeBy(event) };
  return change;
}

function changeBy(event: HistoryEvent): Partial<InstanceChange> {
  switch (event.type) {
    case "ExecutionStarted": {
      const { name, version, input, tags, generation, scheduledStartTime, timestamp } = event;
      return {
        started: { name, version, input, tags, generation, scheduledStartTime, createdTime: timestamp },
        runtimeStatus: "Running",
      };
    }
    case "ExecutionCompleted": {
      const output = event.failureDetails === undefined ? event.result : formatFailure(event.failureDetails);
      return {
        runtimeStatus: event.orchestrationStatus,
        completedTime: event.timestamp,
        ...(output === undefined ? {} : { output }),
      };
    }
    case "ExecutionTerminated":
      return {
        runtimeStatus: "Terminated",
        completedTime: event.timestamp,
        ...(event.input === undefined ? {} : { output: event.input }),
      };
    case "ExecutionSuspended":
      return { runtimeStatus: "Suspended", ...(event.reason === undefined ? {} : { output: event.reason }) };
    case "ExecutionResumed":
      return { runtimeStatus: "Running", ...(event.reason === undefined ? {} : { output: event.reason }) };
    case "GenericEvent":
      // Whatever wakes a rewound instance sets it running again.
      return readPatchMark(event.data) === undefined ? { runtimeStatus: "Running" } : {};
    default:
      return {};
  }
}
