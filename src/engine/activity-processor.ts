import { decodeActivityInput } from "../core/activity-input.ts";
import { isDurableError } from "../core/errors.ts";
import { type FailureDetails, formatFailureChain } from "../core/failure-details.ts";
import type { TaskScheduled } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { ActivityOutcome, TaskExecutor } from "../core/task-executor.ts";
import type { TaskMessage } from "../core/task-message.ts";
import { decodeTaskTags } from "../core/task-tags.ts";
import type { ActivityWorkItem, Backend } from "./backend.ts";
import { withLockRenewal } from "./lock-renewal.ts";

export interface ActivityProcessorOptions {
  readonly backend: Backend;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  /** Aborts when running activities shall stop. */
  readonly signal: AbortSignal;
  /** An activity that was begun this often and never ended is failed instead of being begun again. */
  readonly maxDeliveries: number;
}

/** Takes one activity work item from its request to its answer. `process` never rejects. */
export class ActivityProcessor {
  readonly #options: ActivityProcessorOptions;

  constructor(options: ActivityProcessorOptions) {
    this.#options = options;
  }

  async process(workItem: ActivityWorkItem): Promise<void> {
    const { backend, clock } = this.#options;
    const lost = new AbortController();
    const fields = { instanceId: workItem.delivered.message.target.instanceId, messageId: workItem.delivered.id };
    try {
      await withLockRenewal(
        {
          renew: () => backend.renewActivityWorkItem(workItem),
          intervalMs: workItem.renewIntervalMs,
          onLost: (error) => {
            this.#log("warn", "ActivityLockLost", error, fields);
            lost.abort();
          },
          onError: (error) => this.#log("warn", "ActivityLockNotRenewed", error, fields),
          clock,
        },
        async () => {
          const answer = await this.#execute(workItem, AbortSignal.any([this.#options.signal, lost.signal]));
          if (!lost.signal.aborted) await backend.completeActivityWorkItem(workItem, answer);
        },
      );
    } catch (error) {
      if (isDurableError(error, "WorkItemLockLost")) return this.#log("warn", "ActivityLockLost", error, fields);
      if (this.#options.signal.aborted) {
        this.#log("info", "ActivityHandedBack", "the host stops, so the activity will run again", fields);
      } else this.#log("error", "ActivityWorkItemFailed", error, fields);
      await backend
        .abandonActivityWorkItem(workItem)
        .catch((abandonError) => this.#log("error", "ActivityNotAbandoned", abandonError, fields));
    }
  }

  async #execute(workItem: ActivityWorkItem, signal: AbortSignal): Promise<TaskMessage> {
    const { message, deliveryCount } = workItem.delivered;
    const scheduled = message.event as TaskScheduled;
    const outcome: ActivityOutcome =
      deliveryCount > this.#options.maxDeliveries
        ? { kind: "failed", failureDetails: poisoned(scheduled.name, deliveryCount - 1) }
        : await this.#options.executor.executeActivity({
            name: scheduled.name,
            version: scheduled.version,
            input: decodeActivityInput(scheduled.input),
            instance: message.target,
            taskId: scheduled.eventId,
            deliveryCount,
            tags: scheduled.tags,
            signal,
          });
    if (outcome.kind === "failed") {
      const { attempt } = decodeTaskTags(scheduled.tags);
      this.#log("warn", "ActivityFailed", `'${scheduled.name}' failed: ${formatFailureChain(outcome.failureDetails)}`, {
        instanceId: message.target.instanceId,
        attempt,
      });
    }
    return answerTo(message, scheduled, outcome, new Date(this.#options.clock.now()));
  }

  #log(
    level: "info" | "warn" | "error",
    event: string,
    error: unknown,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.#options.log.log(level, event, error instanceof Error ? error.message : String(error), fields);
  }
}

/** It probably ends the process that runs it, and would do so for ever. */
function poisoned(name: string, deliveries: number): FailureDetails {
  return {
    errorType: "ActivityPoisoned",
    errorMessage: `activity '${name}' was begun ${deliveries} times and never ended; does it end its process?`,
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
