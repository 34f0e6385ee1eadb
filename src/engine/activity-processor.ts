import { decodeActivityInput } from "../core/activity-input.ts";
import { isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import { describeFailure, type FailureDetails } from "../core/failure-details.ts";
import type { TaskScheduled } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { ActivityInvocation, ActivityOutcome, TaskExecutor } from "../core/task-executor.ts";
import type { TaskMessage } from "../core/task-message.ts";
import { decodeTaskTags } from "../core/task-tags.ts";
import { ActivityHeartbeat } from "./activity-heartbeat.ts";
import { ActivityProgress } from "./activity-progress.ts";
import type { ActivityWorkItem, Backend } from "./backend.ts";
import { type KeptLock, LockKeeper } from "./lock-keeper.ts";
import { RunningActivities, type RunningActivity } from "./running-activities.ts";
import { type Leave, SuspectLine, suspectAfterRuns } from "./suspect-line.ts";
import { UnknownNames } from "./unknown-names.ts";
import type { ActivityRequest, Cancellation } from "./wanted-activities.ts";

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
 * A3. An activity that nobody wants is told so, by this process at once or with the next renewal of its lock. When it
 *     stops for that, the request goes if its execution has ended, and else waits: its orchestration may come back to it.
 * A4. Whether it is wanted is asked before it runs once more, and never for one that ends before its first renewal.
 */
export class ActivityProcessor {
  readonly #options: ActivityProcessorOptions;
  readonly #locks: LockKeeper;
  readonly #suspects: SuspectLine;
  /** Whose code may run. */
  readonly #current = new Set<ActivityWorkItem>();
  readonly #unknownNames: UnknownNames;
  readonly #events: EventLog;
  readonly #running: RunningActivities;
  #isClosed = false;

  constructor(options: ActivityProcessorOptions) {
    this.#options = options;
    this.#locks = new LockKeeper(options.clock);
    this.#events = createEventLog(options.log, { taskHub: options.backend.taskHub });
    this.#suspects = options.suspects ?? new SuspectLine(options.clock);
    this.#unknownNames = options.unknownNames ?? new UnknownNames(options.clock, 0, this.#events);
    this.#running = new RunningActivities({
      backend: options.backend,
      clock: options.clock,
      onLookFailed: (instanceId, error) => this.#events.write("InstanceLookFailed", messageOf(error), { instanceId }),
    });
  }

  /** What runs here, for whoever learns that it is not wanted any more. */
  get running(): Pick<RunningActivities, "has" | "tell"> {
    return this.#running;
  }

  async process(workItem: ActivityWorkItem): Promise<void> {
    const { backend, clock } = this.#options;
    const { id: messageId, message, deliveryCount } = workItem.delivered;
    const { instanceId } = message.target;
    const fields = { instanceId, messageId };
    const { renewIntervalMs } = workItem;
    const lock = this.#locks.keep({
      renew: async () => {
        progress.tick();
        await this.#renew(workItem, heartbeat);
        void this.#running.look(instanceId, renewIntervalMs / 2);
      },
      intervalMs: renewIntervalMs,
      onLost: (error) => this.#events.write("ActivityLockLost", messageOf(error), fields),
      onError: (error) => this.#events.write("ActivityLockNotRenewed", messageOf(error), fields),
    });
    const progress = new ActivityProgress(message, clock, this.#events);
    const heartbeat = new ActivityHeartbeat({ clock, renew: () => lock.renew(), idleIntervalMs: renewIntervalMs / 4 });
    const activity: RunningActivity = {
      request: toActivityRequest(message),
      cancellation: undefined,
      cancel: ({ reason }) => {
        this.#events.write("ActivityCancelled", reason.message, fields);
        lock.abort(reason); // A3
      },
    };
    const leaveRunning = this.#running.add(activity);
    let leaveSuspects: Leave | undefined;
    try {
      const mayHaveRun = workItem.mayHaveRun ?? deliveryCount > 1;
      if (mayHaveRun) await this.#running.look(instanceId, renewIntervalMs / 2); // A4
      if (activity.cancellation !== undefined) return await this.#settleCancelled(workItem, activity.cancellation);
      leaveSuspects = await this.#begin(workItem);
      if (lock.isLost) return; // while it waited
      this.#current.add(workItem);
      const outcome = await this.#execute(workItem, lock, heartbeat, progress);
      if (outcome.kind === "failed") progress.fail(outcome.failureDetails);
      // The backend has let go of it already.
      if (lock.isLost) return;
      await backend.completeActivityWorkItem(workItem, answerTo(message, outcome, new Date(clock.now()))); // A1
      if (outcome.kind === "completed") progress.complete();
    } catch (error) {
      if (lock.isLost) return;
      if (isDurableError(error, "WorkItemLockLost")) {
        return this.#events.write("ActivityLockLost", error.message, fields);
      }
      await this.#handBack(workItem, error, activity.cancellation, heartbeat);
    } finally {
      heartbeat.end();
      leaveRunning();
      lock.release();
      this.#current.delete(workItem);
      leaveSuspects?.();
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

  /** The worker ends, and so does what runs on: nobody will hear of it any more. */
  tellLeftBehind(): void {
    for (const { delivered } of this.#current) {
      const { event, target } = delivered.message;
      const { name } = event as TaskScheduled;
      const text = `'${name}' goes on although its worker stops; it will run again`;
      const fields = { instanceId: target.instanceId, functionName: name };
      this.#events.write("ActivityLeftBehind", text, fields);
    }
  }

  async #renew(workItem: ActivityWorkItem, heartbeat: ActivityHeartbeat): Promise<void> {
    const details = heartbeat.take();
    try {
      await this.#options.backend.renewActivityWorkItem(workItem, details);
    } catch (error) {
      if (details !== undefined) heartbeat.giveBack();
      throw error;
    }
  }

  /** The run has ended without an answer. Never rejects. */
  async #handBack(
    workItem: ActivityWorkItem,
    error: unknown,
    cancellation: Cancellation | undefined,
    heartbeat: ActivityHeartbeat,
  ): Promise<void> {
    const { backend } = this.#options;
    const fields = { instanceId: workItem.delivered.message.target.instanceId, messageId: workItem.delivered.id };
    try {
      if (cancellation !== undefined) return await this.#settleCancelled(workItem, cancellation);
      if (this.#isClosed) {
        this.#events.write("ActivityHandedBack", "the host stops, so the activity will run again", fields);
      } else if (!UnknownNames.isUnknownName(error)) {
        this.#events.write("ActivityWorkItemFailed", messageOf(error), fields);
      }
      // Another worker shall find them.
      if (heartbeat.isUnsaved) await this.#renew(workItem, heartbeat).catch(() => undefined);
    } catch (settleError) {
      this.#events.write("ActivityWorkItemFailed", messageOf(settleError), fields);
    }
    await backend
      .abandonActivityWorkItem(workItem) // A2
      .catch((abandonError) => this.#events.write("ActivityNotAbandoned", messageOf(abandonError), fields));
  }

  /** Nobody wants it, and it does not run. */
  async #settleCancelled(workItem: ActivityWorkItem, { kind }: Cancellation): Promise<void> {
    const { backend } = this.#options;
    if (kind === "ended") await backend.completeActivityWorkItem(workItem, undefined);
    else await backend.abandonActivityWorkItem(workItem);
  }

  async #execute(
    workItem: ActivityWorkItem,
    lock: KeptLock,
    heartbeat: ActivityHeartbeat,
    progress: ActivityProgress,
  ): Promise<ActivityOutcome> {
    const { message, deliveryCount } = workItem.delivered;
    const scheduled = message.event as TaskScheduled;
    if (workItem.unfinishedRuns >= this.#options.maxUnfinishedRuns) {
      return { kind: "failed", failureDetails: poisoned(scheduled.name, workItem.unfinishedRuns) };
    }
    progress.begin(deliveryCount);
    return await this.#run(workItem.delivered.id, {
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
      lastHeartbeat: workItem.lastHeartbeat,
      heartbeat: (details) => heartbeat.beat(details),
    });
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

function toActivityRequest({ event, target }: TaskMessage): ActivityRequest {
  const { name, eventId, timestamp, tags } = event as TaskScheduled;
  const { timeoutMs } = decodeTaskTags(tags);
  return { name, instance: target, taskId: eventId, scheduledAt: timestamp, timeoutMs };
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

function answerTo(request: TaskMessage, outcome: ActivityOutcome, timestamp: Date): TaskMessage {
  const header = { eventId: -1, timestamp, taskScheduledId: request.event.eventId };
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
