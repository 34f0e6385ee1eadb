import { type FailureDetails, failureMessage } from "../core/failure-details.ts";
import type { ExecutionCompleted, ExecutionStarted, ParentInstance } from "../core/history-event.ts";
import type { OutgoingMessage, TaskMessage } from "../core/task-message.ts";
import { isFireAndForget } from "../core/task-tags.ts";

export { fireAndForgetTag, isFireAndForget } from "../core/task-tags.ts";

/** Whom an execution has to answer; `undefined` when nobody waits for it. */
export function waitingParentOf(started: ExecutionStarted): ParentInstance | undefined {
  return isFireAndForget(started.tags) ? undefined : started.parentInstance;
}

/** What an execution that has ended tells its parent; `undefined` when nobody waits for it. */
export function answerOf(started: ExecutionStarted, completed: ExecutionCompleted): OutgoingMessage | undefined {
  const parent = waitingParentOf(started);
  return parent && { message: answerToParent(parent, completed) };
}

function answerToParent(parent: ParentInstance, completed: ExecutionCompleted): TaskMessage {
  const header = { eventId: -1, timestamp: completed.timestamp, taskScheduledId: parent.taskScheduleId };
  const target = parent.orchestrationInstance;
  if (completed.orchestrationStatus === "Completed") {
    const event = { ...header, type: "SubOrchestrationInstanceCompleted", result: completed.result } as const;
    return { event, target };
  }
  const failureDetails = completed.failureDetails ?? {
    errorType: completed.orchestrationStatus,
    errorMessage: completed.result ?? `the sub-orchestration was ${completed.orchestrationStatus.toLowerCase()}`,
    isNonRetriable: false,
  };
  return { event: { ...header, ...failed(failureDetails) }, target };
}

/** Tells the parent that its child cannot start, because another execution holds the id; `undefined` as above. */
export function refusalOf(start: ExecutionStarted, timestamp: Date): OutgoingMessage | undefined {
  const parent = waitingParentOf(start);
  if (parent === undefined) return undefined;
  const { instanceId } = start.orchestrationInstance;
  const failureDetails: FailureDetails = {
    errorType: "InstanceAlreadyExists",
    errorMessage: `the instance id '${instanceId}' is in use by another orchestration that has not ended; choose another id for the sub-orchestration, or leave it out`,
    isNonRetriable: true,
  };
  const header = { eventId: -1, timestamp, taskScheduledId: parent.taskScheduleId };
  const event = { ...header, ...failed(failureDetails) };
  return { message: { event, target: parent.orchestrationInstance } };
}

/** The reason is what callers in .NET see as the message of their exception. */
function failed(failureDetails: FailureDetails) {
  const reason = failureMessage(failureDetails);
  return { type: "SubOrchestrationInstanceFailed", reason, details: undefined, failureDetails } as const;
}
