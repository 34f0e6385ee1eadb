import type { FailureDetails } from "../../core/failure-details.ts";
import type { Tags } from "../../core/history-event.ts";

const failureTag = "durable.repeatedFailure";
const maxLength = 4096;

/**
 * Tags of a task that is not to be run, and fails with that failure. The library waits for every attempt that its retry
 * options allow, also when none shall be made any more.
 */
export function formatRepeatedFailure({ errorType, errorMessage, stackTrace }: FailureDetails): Tags {
  const clip = (text: string | undefined) => text?.slice(0, maxLength);
  return {
    [failureTag]: JSON.stringify({ errorType, errorMessage: clip(errorMessage), stackTrace: clip(stackTrace) }),
  };
}

/** Undoes {@link formatRepeatedFailure}; `undefined` for a task that is to be run. */
export function readRepeatedFailure(tags: Tags | undefined): FailureDetails | undefined {
  const text = tags?.[failureTag];
  if (text === undefined) return undefined;
  try {
    const { errorType, errorMessage, stackTrace } = JSON.parse(text) as Partial<FailureDetails>;
    return { errorType: String(errorType), errorMessage: String(errorMessage), stackTrace, isNonRetriable: true };
  } catch {
    return undefined;
  }
}
