import type { InstanceQuery, OrchestrationState } from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import type { InstanceChange, NewInstance } from "../../engine/backend.ts";
import { parentInstanceIdOf } from "../../engine/instance-change.ts";
import { nextInstanceWrite } from "../../engine/next-instance-write.ts";

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
    parentInstanceId: parentInstanceIdOf(event) || undefined,
  };
}

/** What is stored after a change; `undefined` when there is nothing and the change cannot make it. */
export function applyInstanceChange(
  instanceId: string,
  stored: OrchestrationState | undefined,
  change: InstanceChange,
): OrchestrationState | undefined {
  const write = nextInstanceWrite(change, stored);
  if (write === "none") return stored;
  const { started, executionId, lastUpdatedTime } = change;
  const isSame = write === "merge";
  // Of an end that a rewind has taken back nothing stays.
  const isOpen = stored !== undefined && !isTerminalStatus(stored.runtimeStatus);
  return {
    instanceId,
    executionId,
    name: started?.name ?? stored?.name ?? "",
    version: started === undefined ? stored?.version : started.version,
    runtimeStatus: change.runtimeStatus ?? stored?.runtimeStatus ?? "Running",
    input: started === undefined ? stored?.input : started.input,
    output: change.output ?? (isSame && isOpen && change.completedTime === undefined ? stored.output : undefined),
    customStatus: change.keepsCustomStatus === true && isSame ? stored?.customStatus : change.customStatus,
    createdTime: started?.createdTime ?? stored?.createdTime ?? lastUpdatedTime,
    lastUpdatedTime,
    completedTime: change.completedTime,
    scheduledStartTime: started?.scheduledStartTime ?? (isSame ? stored?.scheduledStartTime : undefined),
    generation: started?.generation ?? stored?.generation ?? 0,
    tags: started === undefined ? stored?.tags : started.tags,
    parentInstanceId: (change.parentInstanceId ?? (isSame ? stored?.parentInstanceId : undefined)) || undefined,
    ...noteOf(change, isSame ? stored : undefined),
  };
}

function noteOf(
  { executionId, eventWaits: events, unwantedTasks }: InstanceChange,
  stored: OrchestrationState | undefined,
): Pick<OrchestrationState, "waitNote"> {
  const before = stored?.executionId === executionId ? stored.waitNote?.unwantedTasks : undefined;
  const unwanted = unwantedTasks ?? before ?? [];
  return events === undefined && unwanted.length === 0 ? {} : { waitNote: { events, unwantedTasks: unwanted } };
}

/** What a reader is shown who does not ask for all. */
export function showState(
  state: OrchestrationState,
  { fetchInput = true, fetchOutput = true }: Pick<InstanceQuery, "fetchInput" | "fetchOutput">,
): OrchestrationState {
  const [input, output] = [fetchInput !== false, fetchOutput !== false];
  if (input && output) return state;
  return { ...state, input: input ? state.input : undefined, output: output ? state.output : undefined };
}
