import { decodeActivityInput } from "../core/activity-input.ts";
import { isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import { describeFailure, type FailureDetails, formatFailureChain } from "../core/failure-details.ts";
import type { TaskScheduled } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { ActivityInvocation, ActivityOutcome, TaskExecutor } from "../core/task-executor.ts";
import type { TaskMessage } from "../core/task-message.ts";
import { decodeTaskTags } from "../core/task-tags.ts";
import type { ActivityWorkItem, Backend } from "./backend.ts";
import { type KeptLock, LockKeeper } from "./lock-keeper.ts";
import { type Leave, SuspectLine, suspectAfterRuns } from "./suspect-line.ts";
import { UnknownNames } from "./unknown-names.ts";

export interface ActivityProcessorOptions {
  readonly backend: Backend;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  /** An activity that was begun this often and never ended is failed instead of being begun again. */
  readonly maxUnfinishedRuns: number;
  /** Shared with all that runs in this process. @defaultValue one of its own */
  readonly suspects?: SuspectLine;
  /** @defaultValue unknown names are failed at once */
  readonly unknownNames?: UnknownNames;
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
  readonly #suspects: SuspectLine;
  /** Whose code may run. */
  readonly #current = new Set<ActivityWorkItem>();
  readonly #unknownNames: UnknownNames;
  readonly #events: EventLog;
  #isClosed = false;

  constructor(options: ActivityProcessorOptions) {
    this.#options = options;
    this.#locks = new LockKeeper(options.clock);
    this.#events = createEventLog(options.log, { taskHub: options.backend.taskHub });
    this.#suspects = options.suspects ?? new SuspectLine(options.clock);
    this.#unknownNames = options.unknownNames ?? new UnknownNames(options.clock, 0, this.#events);
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
    let leave: Leave | undefined;
    try {
      leave = await this.#begin(workItem);
      if (lock.isLost) return; // while it waited
      this.#current.add(workItem);
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
      } else if (!UnknownNames.isUnknownName(error)) {
        this.#events.write("ActivityWorkItemFailed", messageOf(error), fields);
      }
      await backend
        .abandonActivityWorkItem(workItem) // A2
        .catch((abandonError) => this.#events.write("ActivityNotAbandoned", messageOf(abandonError), fields));
    } finally {
      lock.release();
      this.#current.delete(workItem);
      leave?.();
    }
  }

  /** A suspect waits for its turn. What is not to be run again needs none. */
  async #begin(workItem: ActivityWorkItem): Promise<Leave | undefined> {
    const { unfinishedRuns, delivered } = workItem;
    if (unfinishedRuns >= this.#options.maxUnfinishedRuns) return undefined;
    if (unfinishedRuns >= suspectAfterRuns) {
      const { event, target } = delivered.message;
      const text = `activity '${(event as TaskScheduled).name}' was begun ${unfinishedRuns} times by processes that have ended meanwhile`;
      this.#events.write("RunsUnfinished", text, { instanceId: target.instanceId, count: unfinishedRuns });
    }
    const leave = unfinishedRuns > 0 ? await this.#suspects.enter(unfinishedRuns) : undefined;
    await this.#options.backend.noteRun(workItem, "begun");
    return leave;
  }

  /** Notes of an activity under way that it takes this process down, and gives it back. Never rejects. */
  async noteFatal(instanceId: string, taskId: number | undefined): Promise<void> {
    const { backend } = this.#options;
    for (const workItem of this.#current) {
      const { event, target } = workItem.delivered.message;
      if (target.instanceId !== instanceId || event.eventId !== taskId) continue;
      await backend.noteRun(workItem, "fatal");
      await backend.abandonActivityWorkItem(workItem).catch(() => undefined);
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
        : await this.#run(workItem.delivered.id, {
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
      const text = `'${scheduled.name}' failed: ${formatFailureChain(outcome.failureDetails)}`;
      this.#events.write("ActivityFailed", text, { instanceId: message.target.instanceId, attempt });
    }
    return answerTo(message, scheduled, outcome, new Date(this.#options.clock.now()));
  }

  /** @throws what leaves the activity to others */
  async #run(messageId: string, invocation: ActivityInvocation): Promise<ActivityOutcome> {
    try {
      return await this.#options.executor.executeActivity(invocation);
    } catch (error) {
      if (!UnknownNames.isUnknownName(error)) throw error;
      const { instanceId } = invocation.instance;
      if (this.#unknownNames.isLeftToOthers(messageId, instanceId, error)) throw error;
      return { kind: "failed", failureDetails: { ...describeFailure(error), isNonRetriable: true } };
    }
  }
}

/** It probably ends the process that runs it, and would do so for ever. */
function poisoned(name: string, runs: number): FailureDetails {
  return {
    errorType: "ActivityPoisoned",
    errorMessage: Number.isFinite(runs)
      ? `activity '${name}' was begun ${runs} times and never ended; does it end its process?`
      : `activity '${name}' has blocked its process until that had to be ended; does it loop without end?`,
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
