import type { InstanceQuery, OrchestrationState } from "../../core/orchestration-state.ts";
import type { InstanceChange, NewInstance } from "../../engine/backend.ts";

/** The state of an instance that a client has just created. */
export function createPendingState({ event }: NewInstance): OrchestrationState {
  return {
    instanceId: event.orchestrationInstance.instanceId,
    executionId: event.orchestrationInstance.executionId,
    name: event.name,
    version: event.version,
    runtimeStatus: "Pending",
    input: event.input,
    output: undefined,
    customStatus: undefined,
    createdTime: event.timestamp,
    lastUpdatedTime: event.timestamp,
    completedTime: undefined,
    scheduledStartTime: event.scheduledStartTime,
    generation: event.generation ?? 0,
    tags: event.tags,
    failureDetails: undefined,
  };
}

/** Merges a change into what is stored, which may be nothing for a sub-orchestration. */
export function mergeInstanceChange(
  instanceId: string,
  stored: OrchestrationState | undefined,
  change: InstanceChange,
): OrchestrationState {
  const { started } = change;
  const base = stored ?? {
    instanceId,
    executionId: change.executionId,
    name: "",
    version: undefined,
    runtimeStatus: "Running",
    input: undefined,
    output: undefined,
    customStatus: undefined,
    createdTime: change.lastUpdatedTime,
    lastUpdatedTime: change.lastUpdatedTime,
    completedTime: undefined,
    scheduledStartTime: undefined,
    generation: 0,
    tags: undefined,
    failureDetails: undefined,
  };
  return {
    ...base,
    executionId: change.executionId,
    lastUpdatedTime: change.lastUpdatedTime,
    customStatus: change.keepsCustomStatus ? base.customStatus : change.customStatus,
    runtimeStatus: change.runtimeStatus ?? base.runtimeStatus,
    output: change.output ?? base.output,
    completedTime: change.completedTime ?? base.completedTime,
    ...(started === undefined
      ? {}
      : {
          name: started.name,
          version: started.version,
          input: started.input,
          createdTime: started.createdTime,
          tags: started.tags,
          generation: started.generation ?? base.generation,
          scheduledStartTime: started.scheduledStartTime ?? base.scheduledStartTime,
        }),
  };
}

export function matchesQuery(state: OrchestrationState, query: InstanceQuery): boolean {
  const { runtimeStatus, createdTimeFrom, createdTimeTo, instanceIdPrefix, includeEntities } = query;
  if (runtimeStatus !== undefined && runtimeStatus.length > 0 && !runtimeStatus.includes(state.runtimeStatus))
    return false;
  if (createdTimeFrom !== undefined && state.createdTime < createdTimeFrom) return false;
  if (createdTimeTo !== undefined && state.createdTime > createdTimeTo) return false;
  if (instanceIdPrefix !== undefined && !state.instanceId.startsWith(instanceIdPrefix)) return false;
  return includeEntities === true || instanceIdPrefix !== undefined || !state.instanceId.startsWith("@");
}
