import type { FailureDetails } from "../core/failure-details.ts";

/**
 * What an orchestrator catches when an activity or sub-orchestration that it waited for has failed.
 *
 * @example
 * try {
 *   yield* ctx.callActivity(charge, order);
 * } catch (error) {
 *   if (error instanceof TaskFailedError && error.failureDetails.errorType === "CardDeclined") return "declined";
 *   throw error;
 * }
 */
export class TaskFailedError extends Error {
  override readonly name = "TaskFailedError";
  readonly taskName: string;
  /** Number of the task in its orchestration. */
  readonly taskId: number;
  /** The failure as the task reported it. */
  readonly failureDetails: FailureDetails;

  constructor(what: string, taskName: string, taskId: number, failureDetails: FailureDetails) {
    super(`${what} '${taskName}' failed: ${failureDetails.errorMessage}`, { cause: revive(failureDetails) });
    this.taskName = taskName;
    this.taskId = taskId;
    this.failureDetails = failureDetails;
    // A stack taken during replay shows the engine, and differs from one replay to the next.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** An `Error` that looks like the one that was thrown where the task ran. */
function revive(details: FailureDetails): Error {
  const inner = details.innerFailure === undefined ? undefined : { cause: revive(details.innerFailure) };
  const error = new Error(details.errorMessage, inner);
  error.name = details.errorType;
  error.stack = details.stackTrace ?? `${details.errorType}: ${details.errorMessage}`;
  return error;
}
