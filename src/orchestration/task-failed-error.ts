import type { ErrorClass } from "../core/error-type.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import { aggregatedFailures, isOfType, type TaskFailure, toTaskFailure } from "../core/task-failure.ts";

/**
 * What an orchestrator catches when an activity or sub-orchestration that it waited for has failed. The class that the task
 * has thrown is not there any more; {@link isTaskFailedError} and {@link TaskFailure.isCausedBy} ask for it.
 *
 * @example
 * try {
 *   yield* ctx.callActivity(charge, order);
 * } catch (error) {
 *   if (isTaskFailedError(error, CardDeclined)) return "declined";
 *   throw error;
 * }
 */
export class TaskFailedError extends Error {
  static {
    shareAcrossCopies(TaskFailedError, "TaskFailedError");
  }

  /** Name of the class. */
  override readonly name = "TaskFailedError";
  /** Name of the activity, sub-orchestration or entity operation that has failed. */
  readonly taskName: string;
  /** Number of the task in its orchestration. */
  readonly taskId: number;
  /** The failure as the task reported it. */
  readonly failureDetails: TaskFailure;

  constructor(what: string, taskName: string, taskId: number, failureDetails: FailureDetails) {
    super(`${what} '${taskName}' failed: ${failureDetails.errorMessage}`, { cause: revive(failureDetails) });
    this.taskName = taskName;
    this.taskId = taskId;
    this.failureDetails = toTaskFailure(failureDetails);
    // A stack taken during replay shows the engine, and differs from one replay to the next.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Whether something is the failure of a task, and the task has thrown such an error.
 *
 * @param errorType the class of the error that the task has thrown, one that it was derived from, or the name of either.
 * @defaultValue any
 * @example
 * if (isTaskFailedError(error, CardDeclined)) return "declined";
 */
export function isTaskFailedError(error: unknown, errorType?: string | ErrorClass): error is TaskFailedError {
  if (!(error instanceof TaskFailedError)) return false;
  return errorType === undefined || isOfType(error.failureDetails, errorType);
}

/** An `Error` that looks like the one that was thrown where the task ran. */
function revive(details: FailureDetails): Error {
  const inner = details.innerFailure === undefined ? undefined : { cause: revive(details.innerFailure) };
  const aggregated = aggregatedFailures(details);
  const error =
    aggregated.length === 0
      ? new Error(details.errorMessage, inner)
      : new AggregateError(aggregated.map(revive), details.errorMessage, inner);
  error.name = details.errorType;
  error.stack = details.stackTrace ?? `${details.errorType}: ${details.errorMessage}`;
  return error;
}
