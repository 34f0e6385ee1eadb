import { DurableError } from "./errors.ts";
import { isTerminalStatus, type OrchestrationRuntimeStatus, orchestrationStatuses } from "./orchestration-status.ts";

/** Statuses in which an existing instance is replaced by a new one of its id, where nobody says otherwise. */
export const defaultReusableStatuses: readonly OrchestrationRuntimeStatus[] =
  orchestrationStatuses.filter(isTerminalStatus);

/**
 * An instance that has not ended is terminated before it is replaced, so that it is `Terminated` by then.
 *
 * @throws DurableError `InvalidOption`
 */
export function assertReusableStatuses(statuses: readonly OrchestrationRuntimeStatus[] | undefined): void {
  if (statuses === undefined || statuses.every(isTerminalStatus) || statuses.includes("Terminated")) return;
  throw new DurableError(
    "InvalidOption",
    "the statuses in which an instance is replaced must have 'Terminated' where they have one of an instance that has " +
      "not ended: such an instance is terminated first",
  );
}
