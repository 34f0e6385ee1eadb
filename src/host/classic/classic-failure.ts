import { type FailureDetails, formatFailureChain } from "../../core/failure-details.ts";

/** A failure as the library reads it: two texts, or details that it shows to the app. */
export interface ClassicFailure {
  readonly reason: string;
  readonly details: string | null;
  readonly failureDetails: FailureDetails | undefined;
}

/** What the extension says of a function that an orchestrator asks for and nobody has. */
export function describeUnknownFunction(
  kind: "activity" | "orchestrator" | "entity",
  name: string,
  known: readonly string[],
): string {
  const list =
    known.length === 0
      ? `No ${kind} functions are currently registered!`
      : `The following are the known ${kind} functions: '${known.join("', '")}'.`;
  return `The function '${name}' doesn't exist, is disabled, or is not an ${kind} function. Additional info: ${list}`;
}

/** What a failed event says, in the extension's words. */
export function describeClassicFailure(
  event: {
    readonly reason: string | undefined;
    readonly details: string | undefined;
    readonly failureDetails: FailureDetails | undefined;
  },
  kind: "Activity" | "Orchestrator",
  name: string,
): ClassicFailure {
  const { failureDetails } = event;
  if (failureDetails === undefined) {
    return { reason: event.reason ?? "", details: event.details ?? "", failureDetails: undefined };
  }
  // Only who has asked for them by a provider of properties gets details.
  if (failureDetails.properties !== undefined) {
    const reason = `${kind} function '${name}' failed with an unhandled exception.`;
    return { reason, details: null, failureDetails };
  }
  const { errorMessage, stackTrace } = failureDetails;
  return {
    reason: isWorded(errorMessage) ? errorMessage : `${kind} function '${name}' failed: ${errorMessage}`,
    details: stackTrace ?? formatFailureChain(failureDetails),
    failureDetails: undefined,
  };
}

/** It is in those words already. */
function isWorded(message: string): boolean {
  return /^(?:Orchestrator function '[^']*' failed: |The function '[^']*' doesn't exist, is disabled, )/.test(message);
}
