import { decodeActivityInput } from "../core/activity-input.ts";
import { isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { formatFailureTrace } from "../core/failure-trace.ts";
import type { TaskScheduled } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { ActivityOutcome, TaskExecutor } from "../core/task-executor.ts";
import type { TaskMessage } from "../core/task-message.ts";
import { decodeTaskTags } from "../core/task-tags.ts";
import type { ActivityWorkItem, Backend } from "./backend.ts";
import { type KeptLock, LockKeeper } from "./lock-keeper.ts";

export interface ActivityProcessorOptions {
  readonly backend: Backend;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  /** An activity that was begun this often and never ended is failed instead of being begun again. */
  readonly maxUnfinishedRuns: number;
}

/**
 * Takes one activity work item from its request to its answer.
 *
 * A1. A work item is settled exactly once: completed, abandoned, or dropped because its lock is lost. `process` never
 *     rejects.
 * A2. What was handed back has not failed: only runs that began and never ended count against an activity.
 */
export class ActivityProcessor {
  readonly #options: ActivityProcessorOptions;
  readonly #locks: LockKeeper;
  readonly #events: EventLog;
  #isClosed = false;

  constructor(options: ActivityProcessorOptions) {
    this.#options = options;
    this.#locks = new LockKeeper(options.clock);
    this.#events = createEventLog(options.log, { taskHub: options.backend.taskHub });
  }

  async process(workItem: ActivityWorkItem): Promise<void> {
    const { backend } = this.#options;
    const fields = { instanceId: workItem.delivered.message.target.instanceId, messageId: workItem.delivered.id };
    const lock = this.#locks.keep({
      renew: () => backend.renewActivityWorkItem(workItem),
      intervalMs: workItem.renewIntervalMs,
      onLost: (error) => this.#events.write("ActivityLockLost", messageOf(error), fields),
      onError: (error) => this.#events.write("ActivityLockNotRenewed", messageOf(error), fields),
    });
    try {
      const answer = await this.#execute(workItem, lock);
      // The backend has let go of it already.
      if (!lock.isLost) await backend.completeActivityWorkItem(workItem, answer); // A1
    } catch (error) {
      if (lock.isLost) return;
      if (isDurableError(error, "WorkItemLockLost")) {
        return this.#events.write("ActivityLockLost", error.message, fields);
      }
      if (this.#isClosed) {
        this.#events.write("ActivityHandedBack", "the host stops, so the activity will run again", fields);
      } else this.#events.write("ActivityWorkItemFailed", messageOf(error), fields);
      await backend
        .abandonActivityWorkItem(workItem) // A2
        .catch((abandonError) => this.#events.write("ActivityNotAbandoned", messageOf(abandonError), fields));
    } finally {
      lock.release();
    }
  }

  /** Aborts what runs: it is handed back, or runs on without anybody waiting for it. */
  close(): void {
    this.#isClosed = true;
    this.#locks.close();
  }

  async #execute(workItem: ActivityWorkItem, lock: KeptLock): Promise<TaskMessage> {
    const { message, deliveryCount } = workItem.delivered;
    const scheduled = message.event as TaskScheduled;
    const outcome: ActivityOutcome =
      workItem.unfinishedRuns >= this.#options.maxUnfinishedRuns
        ? { kind: "failed", failureDetails: poisoned(scheduled.name, workItem.unfinishedRuns) }
        : await this.#options.executor.executeActivity({
            name: scheduled.name,
            version: scheduled.version,
            input: decodeActivityInput(scheduled.input),
            instance: message.target,
            taskId: scheduled.eventId,
            deliveryCount,
            tags: scheduled.tags,
            parentTraceContext: scheduled.parentTraceContext,
            get signal() {
              return lock.signal;
            },
          });
    if (outcome.kind === "failed") {
      const { attempt } = decodeTaskTags(scheduled.tags);
      const text = `'${scheduled.name}' failed: ${formatFailureTrace(outcome.failureDetails)}`;
      this.#events.write("ActivityFailed", text, { instanceId: message.target.instanceId, attempt });
    }
    return answerTo(message, scheduled, outcome, new Date(this.#options.clock.now()));
  }
}

/** It probably ends the process that runs it, and would do so for ever. */
function poisoned(name: string, runs: number): FailureDetails {
  return {
    errorType: "ActivityPoisoned",
    errorMessage: `activity '${name}' was begun ${runs} times and never ended; does it end its process?`,
    isNonRetriable: true,
  };
}

function answerTo(
  request: TaskMessage,
  scheduled: TaskScheduled,
  outcome: ActivityOutcome,
  timestamp: Date,
): TaskMessage {
  const header = { eventId: -1, timestamp, taskScheduledId: scheduled.eventId };
  if (outcome.kind === "completed") {
    return { event: { ...header, type: "TaskCompleted", result: outcome.result }, target: request.target };
  }
  const { failureDetails } = outcome;
  return {
    event: {
      ...header,
      type: "TaskFailed",
      reason: failureDetails.errorMessage,
      details: undefined,
      failureDetails,
    },
    target: request.target,
  };
}
