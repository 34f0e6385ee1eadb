import { aggregatedProperty, type ErrorClass, otherTypesProperty, typeNamesOf } from "./error-type.ts";
import type { FailureDetails } from "./failure-details.ts";

/** A failure as user code sees it: its data, and a question to it. */
export interface TaskFailure extends FailureDetails {
  /** What has caused it. */
  readonly innerFailure?: TaskFailure | undefined;
  /**
   * Whether this failure or one that caused it is of that type: the `errorType` itself, or a class that the thrown error
   * was derived from. Classes are compared by name, because the failure may come from another process.
   *
   * @example if (error.failureDetails.isCausedBy(CardDeclined)) return "declined";
   */
  isCausedBy(errorType: string | ErrorClass): boolean;
}

/** The failure with its question, which is no part of what is stored or compared. */
export function toTaskFailure(details: FailureDetails): TaskFailure {
  const { innerFailure } = details;
  const failure = { ...details, ...(innerFailure && { innerFailure: toTaskFailure(innerFailure) }) };
  return Object.defineProperty(failure, "isCausedBy", {
    value: (errorType: string | ErrorClass): boolean => hasCause(failure, typeNamesOf(errorType)),
  }) as TaskFailure;
}

/** Whether the failure itself, not what caused it, is of a type. */
export function isOfType(failure: FailureDetails, errorType: string | ErrorClass): boolean {
  return hasType(failure, typeNamesOf(errorType));
}

function hasCause(failure: FailureDetails, types: readonly string[]): boolean {
  if (hasType(failure, types)) return true;
  if (failure.innerFailure !== undefined && hasCause(failure.innerFailure, types)) return true;
  return aggregatedFailures(failure).some((each) => hasCause(each, types));
}

function hasType({ errorType, properties }: FailureDetails, types: readonly string[]): boolean {
  if (types.includes(errorType)) return true;
  const others = properties?.[otherTypesProperty];
  return Array.isArray(others) && others.some((name) => types.includes(name as string));
}

/** The failures that an `AggregateError` was made of, without their causes; none of any other failure. */
export function aggregatedFailures({ properties }: FailureDetails): readonly FailureDetails[] {
  const errors = properties?.[aggregatedProperty];
  return Array.isArray(errors) ? errors.filter(isFailure) : [];
}

function isFailure(value: unknown): value is FailureDetails {
  if (typeof value !== "object" || value === null) return false;
  const { errorType, errorMessage } = value as Partial<FailureDetails>;
  return typeof errorType === "string" && typeof errorMessage === "string";
}
