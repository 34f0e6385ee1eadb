import { isTerminalStatus, type OrchestrationRuntimeStatus } from "../../../core/orchestration-status.ts";

/** What is known of a start message of a top-level orchestration. */
export interface StartMessage {
  readonly executionId: string;
  readonly generation: number;
  readonly timestamp: Date;
  readonly dequeueCount: number;
  readonly dequeuedOn: Date;
}

/** What the instances table says of the instance. */
export interface StartedInstance {
  readonly executionId: string | undefined;
  readonly generation: number;
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  readonly createdTime: Date;
}

const maxDequeueCount = 10;

/**
 * What to do with a start message. Of several clients that start one id at a time, the one whose row was written wins;
 * a client writes its row right after its message, so a message without its row is given some time.
 */
export function nextStartStep(
  start: StartMessage,
  instance: StartedInstance | undefined,
): "accept" | "discard" | "defer" {
  if (instance !== undefined) {
    const isSame = !instance.executionId || instance.executionId.toLowerCase() === start.executionId.toLowerCase();
    // Terminated before it ever ran: nothing else undoes the start.
    if (isSame) return instance.runtimeStatus === "Terminated" ? "discard" : "accept";
    // The id was purged or has ended since, and was started anew.
    if (instance.generation > start.generation) return "discard";
    const isYounger = instance.createdTime < start.timestamp;
    // An end makes room: whoever starts the id after it may be slow to replace its row.
    const mayReplace = isYounger && isTerminalStatus(instance.runtimeStatus);
    const isRaceLost =
      (instance.runtimeStatus === "Pending" && isYounger) ||
      (!mayReplace && start.dequeueCount > 1 && start.dequeuedOn > instance.createdTime);
    if (instance.generation === start.generation && isRaceLost) return "discard";
  }
  return start.dequeueCount >= maxDequeueCount ? "discard" : "defer";
}
