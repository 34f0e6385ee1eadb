import type { FailureDetails } from "../core/failure-details.ts";

/** A failure as an orchestrator sees it. */
export interface TaskFailure extends FailureDetails {
  readonly innerFailure?: TaskFailure | undefined;
  /** Whether this failure or one that caused it has that `errorType`. */
  isCausedBy(errorType: string): boolean;
}

/**
 * What an orchestrator catches when an activity or sub-orchestration that it waited for has failed. Where the app and what
 * runs it may have loaded two copies of the package (a bundle, a host installed elsewhere), recognise it with
 * {@link isTaskFailedError} instead of `instanceof`.
 *
 * @example
 * try {
 *   yield* ctx.callActivity(charge, order);
 * } catch (error) {
 *   if (isTaskFailedError(error, "CardDeclined")) return "declined";
 *   throw error;
 * }
 */
export class TaskFailedError extends Error {
  override readonly name = "TaskFailedError";
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
 * Holds across two loaded copies of the package, where `instanceof TaskFailedError` does not.
 *
 * @param errorType the class name of the error that the task has thrown. @defaultValue any
 */
export function isTaskFailedError(error: unknown, errorType?: string): error is TaskFailedError {
  if (!(error instanceof Error) || error.name !== "TaskFailedError") return false;
  const { failureDetails } = error as Partial<TaskFailedError>;
  if (typeof failureDetails !== "object" || failureDetails === null) return false;
  return errorType === undefined || failureDetails.errorType === errorType;
}

/** The failure with its question, which is no part of what is stored or compared. */
function toTaskFailure(details: FailureDetails): TaskFailure {
  const { innerFailure } = details;
  const failure = { ...details, ...(innerFailure && { innerFailure: toTaskFailure(innerFailure) }) };
  return Object.defineProperty(failure, "isCausedBy", {
    value: (errorType: string): boolean => {
      for (let cause: FailureDetails | undefined = failure; cause !== undefined; cause = cause.innerFailure) {
        if (cause.errorType === errorType) return true;
      }
      return false;
    },
  }) as TaskFailure;
}

/** An `Error` that looks like the one that was thrown where the task ran. */
function revive(details: FailureDetails): Error {
  const inner = details.innerFailure === undefined ? undefined : { cause: revive(details.innerFailure) };
  const error = new Error(details.errorMessage, inner);
  error.name = details.errorType;
  error.stack = details.stackTrace ?? `${details.errorType}: ${details.errorMessage}`;
  return error;
}
