import type { HistoryEvent, OrchestrationInstance, Tags } from "./history-event.ts";

/** One event on its way to an instance, or (for `TaskScheduled`) to whoever runs activities. */
export interface TaskMessage {
  /** What it brings: the event goes into the history of the receiver. */
  readonly event: HistoryEvent;
  /** For `TaskScheduled` the orchestration that waits; for all others the receiver. */
  readonly target: OrchestrationInstance;
  /** Tags of the orchestration that sends a `TaskScheduled` or a sub-orchestration start. */
  readonly orchestrationTags?: Tags | undefined;
}

/** A message that a checkpoint or a client hands to the backend. */
export interface OutgoingMessage {
  /** The message itself. */
  readonly message: TaskMessage;
  /** Not to be delivered before; absent means at once. */
  readonly deliverAt?: Date | undefined;
}
