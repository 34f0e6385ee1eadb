import { type FailureDetails, formatFailure } from "../../core/failure-details.ts";
import type { OrchestrationState } from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import { fromWireFailure, toWireFailure } from "./failures.ts";
import { fromWireStatus, toWireStatus } from "./statuses.ts";
import { fromWireTags, toWireTags } from "./tags.ts";
import { fromTimestamp, timeOf, toTimestamp } from "./times.ts";
import type { OrchestrationStateInit, WireState } from "./wire-types.ts";

export interface StateOptions {
  /** Adds input, output, custom status and failure. */
  readonly fetchPayloads: boolean;
}

/**
 * The output of what has failed is its failure, which has a field of its own; that of what is suspended is the reason,
 * which has no place on the wire, and neither has the generation. The output of a termination is written as it came from
 * whoever asked for it.
 */
export function toWireState(state: OrchestrationState, { fetchPayloads }: StateOptions): OrchestrationStateInit {
  const { instanceId, executionId, name, version, runtimeStatus, scheduledStartTime, completedTime } = state;
  return {
    instanceId,
    executionId,
    name,
    version,
    orchestrationStatus: toWireStatus(runtimeStatus),
    scheduledStartTimestamp: scheduledStartTime && toTimestamp(scheduledStartTime),
    createdTimestamp: toTimestamp(state.createdTime),
    lastUpdatedTimestamp: toTimestamp(state.lastUpdatedTime),
    completedTimestamp: completedTime && toTimestamp(completedTime),
    tags: toWireTags(state.tags),
    parentInstanceId: state.parentInstanceId,
    ...(fetchPayloads && payloadsOf(state)),
  };
}

function payloadsOf(state: OrchestrationState) {
  const { input, output, customStatus, runtimeStatus } = state;
  const failure = runtimeStatus === "Failed" ? failureOf(state) : undefined;
  return {
    input,
    customStatus,
    output: isTerminalStatus(runtimeStatus) && runtimeStatus !== "Failed" ? output : undefined,
    failureDetails: failure && toWireFailure(failure),
  };
}

/** Made of its text where the details were not asked for, or a worker has given none. */
function failureOf({ failureDetails, output }: OrchestrationState): FailureDetails | undefined {
  if (failureDetails !== undefined || output === undefined) return failureDetails;
  const [, errorType = "Error", errorMessage = output] = /^([\w.$+`]+): (.*)$/s.exec(output) ?? [];
  return { errorType, errorMessage, isNonRetriable: false };
}

/** @throws DurableError `InvalidOption` for a status that is not known */
export function fromWireState(wire: WireState): OrchestrationState {
  const failureDetails = wire.failureDetails && fromWireFailure(wire.failureDetails);
  const runtimeStatus = fromWireStatus(wire.orchestrationStatus);
  const isFailure = runtimeStatus === "Failed" && failureDetails !== undefined;
  return {
    instanceId: wire.instanceId,
    executionId: wire.executionId,
    name: wire.name,
    version: wire.version,
    runtimeStatus,
    input: wire.input,
    output: isFailure ? formatFailure(failureDetails) : wire.output,
    customStatus: wire.customStatus,
    createdTime: timeOf(wire.createdTimestamp),
    lastUpdatedTime: timeOf(wire.lastUpdatedTimestamp),
    completedTime: fromTimestamp(wire.completedTimestamp),
    scheduledStartTime: fromTimestamp(wire.scheduledStartTimestamp),
    generation: 0,
    tags: fromWireTags(wire.tags),
    parentInstanceId: wire.parentInstanceId || undefined,
    ...(failureDetails !== undefined && { failureDetails }),
  };
}
