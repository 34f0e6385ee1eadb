import type { FailureDetails } from "../core/failure-details.ts";
import type { CompleteOrchestration } from "../core/orchestrator-action.ts";
import type { OrchestrationSession } from "../core/task-executor.ts";

/**
 * A session in which no code runs: its execution fails for a reason of the engine, or is terminated by what has come.
 *
 * @param id number of the end: the first that history has not used
 */
export function failingSession(failureDetails: FailureDetails, id: number): OrchestrationSession {
  return {
    async execute({ newEvents }) {
      const termination = newEvents.find((event) => event.type === "ExecutionTerminated");
      const end: CompleteOrchestration = {
        kind: "CompleteOrchestration",
        id,
        ...(termination === undefined
          ? { status: "Failed", result: undefined, failureDetails }
          : { status: "Terminated", result: termination.input, failureDetails: undefined }),
        carryoverEvents: [],
        newVersion: undefined,
      };
      return { actions: [end], customStatus: undefined, keepsCustomStatus: true };
    },
    close() {},
  };
}
