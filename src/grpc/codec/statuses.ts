import { DurableError } from "../../core/errors.ts";
import { type OrchestrationRuntimeStatus, orchestrationStatuses } from "../../core/orchestration-status.ts";
import type { OrchestrationStatus } from "../proto/orchestrator_service_pb.ts";

export function toWireStatus(status: OrchestrationRuntimeStatus): OrchestrationStatus {
  return orchestrationStatuses.indexOf(status) as OrchestrationStatus;
}

/** @throws DurableError `InvalidOption` for a number that is no status */
export function fromWireStatus(status: number): OrchestrationRuntimeStatus {
  const known = orchestrationStatuses[status];
  if (known === undefined) throw new DurableError("InvalidOption", `${status} is not the number of a runtime status`);
  return known;
}
