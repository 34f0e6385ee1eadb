import type { HistoryEvent } from "../../../core/history-event.ts";
import type { TaskMessage } from "../../../core/task-message.ts";
import { offloadableColumns, toHistoryRow } from "../codec/history-row.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { formatTags } from "../codec/nested-json.ts";
import type { HubNames } from "../hub-names.ts";
import { partitionOf } from "../partitions/partition-hash.ts";

/** The queues that messages are in. */
type QueueNames = Pick<HubNames, "controlQueues" | "workItemQueue">;

/** What becomes of a message that could be read, by the queue that it came out of. */
export type Admission =
  | { readonly kind: "accept" }
  /** It belongs into another control queue, where its instance is worked on. */
  | { readonly kind: "forward"; readonly queue: string }
  | { readonly kind: "refuse"; readonly reason: string };

/** Of a key of a table and of a text in a column, in UTF-16 units. */
const maxKeyUnits = 512;
const maxColumnUnits = 32_768;

/**
 * Decides whether a message makes sense where it is. What passes has an instance that a table can hold, an event that is
 * sent to such a queue, and nothing that a checkpoint could never write: an episode that fails for its message fails for
 * ever, and so does every neighbour in it.
 */
export function admitMessage(message: TaskMessage, queue: string, names: QueueNames): Admission {
  const reason = describeMisfit(message, queue === names.workItemQueue);
  if (reason !== undefined) return { kind: "refuse", reason };
  const home = queueOf(message, names);
  return home === queue ? { kind: "accept" } : { kind: "forward", queue: home };
}

/** Activities have a queue of their own; everything else goes where its receiver's partition is. */
export function queueOf({ event, target }: TaskMessage, { controlQueues, workItemQueue }: QueueNames): string {
  if (event.type === "TaskScheduled") return workItemQueue;
  return controlQueues[partitionOf(target.instanceId, controlQueues.length)]!;
}

function describeMisfit({ event, target }: TaskMessage, isForActivities: boolean): string | undefined {
  if (isForActivities !== (event.type === "TaskScheduled")) {
    return `a ${event.type} in the queue of ${isForActivities ? "activities" : "orchestrations"}`;
  }
  return describeKeyMisfit(target.instanceId) ?? describeEventMisfit(event, target) ?? describeLongColumn(event);
}

function describeKeyMisfit(instanceId: string): string | undefined {
  if (escapeKey(instanceId).length > maxKeyUnits) return "the id of its instance is longer than a table key";
  const isText = instanceId.isWellFormed() && !/[\ufffe\uffff]/.test(instanceId);
  return isText ? undefined : "the id of its instance holds characters that storage cannot keep";
}

function describeEventMisfit(event: HistoryEvent, target: TaskMessage["target"]): string | undefined {
  switch (event.type) {
    case "ExecutionStarted": {
      const { instanceId, executionId } = event.orchestrationInstance;
      if (!executionId) return "it starts an execution without an id";
      return instanceId === target.instanceId ? undefined : "it starts another instance than it is sent to";
    }
    case "TaskScheduled":
      return event.eventId >= 0 ? undefined : "it asks for an activity without a number";
    case "TaskCompleted":
    case "TaskFailed":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return event.taskScheduledId >= 0 ? undefined : "it answers a question without a number";
    case "TimerFired":
      return event.timerId >= 0 ? undefined : "it is of a timer without a number";
    case "EventRaised":
    case "ExecutionTerminated":
    case "ExecutionSuspended":
    case "ExecutionResumed":
    case "ExecutionRewound":
    case "GenericEvent":
      return undefined;
    default:
      return `a ${event.type} is never sent to anybody`;
  }
}

/** Texts that move to a blob when they are long have no such limit. */
function describeLongColumn(event: HistoryEvent): string | undefined {
  const { columns } = toHistoryRow(
    event,
    { partitionKey: "", rowKey: "", executionId: "" },
    { storeTaskInputs: false },
  );
  for (const [name, { value }] of columns) {
    const isLong = typeof value === "string" && value.length > maxColumnUnits;
    if (isLong && !offloadableColumns.includes(name)) return `its ${name} is longer than a table column`;
  }
  if (event.type !== "ExecutionStarted") return undefined;
  // The row of the instance has these as they are.
  if (event.name.length > maxColumnUnits) return "its Name is longer than a table column";
  const isTagged = event.tags !== undefined && formatTags(event.tags, "plain").length > maxColumnUnits;
  return isTagged ? "its Tags are longer than a table column" : undefined;
}
