import { isEntityInstanceId } from "../core/entity-id.ts";
import { isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { Backend, OrchestrationWorkItem, TaskHubStore } from "./backend.ts";
import { EntityProcessor } from "./entity-processor.ts";
import { LockKeeper } from "./lock-keeper.ts";
import { OrchestrationProcessor } from "./orchestration-processor.ts";
import type { InstanceProgress } from "./wanted-activities.ts";

export interface InstanceProcessorOptions {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly maxSessions: number;
  readonly maxSessionBytes: number;
  readonly maxSessionIdleMs: number;
  /** Most operations that an entity runs in one work item. */
  readonly maxEntityOperations: number;
  /** See `OrchestrationProcessorOptions`. @defaultValue nobody */
  readonly onProgress?: ((instanceId: string, progress: InstanceProgress) => void) | undefined;
}

/**
 * Takes work items of orchestrations and of entities from their messages to their settlement.
 *
 * P1. A work item is settled exactly once: completed, abandoned, or dropped because its lock is lost. `process` never
 *     rejects.
 */
export class InstanceProcessor {
  readonly #backend: Backend;
  readonly #orchestrations: OrchestrationProcessor;
  readonly #entities: EntityProcessor;
  readonly #locks: LockKeeper;
  readonly #events: EventLog;
  /** By instance: what has to end before its next work item begins. */
  readonly #underWay = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: InstanceProcessorOptions) {
    const { backend, clock, log } = options;
    this.#backend = backend;
    this.#orchestrations = new OrchestrationProcessor(options);
    this.#entities = new EntityProcessor(options);
    this.#locks = new LockKeeper(clock);
    this.#events = createEventLog(log, { taskHub: backend.taskHub });
  }

  async process(workItem: OrchestrationWorkItem): Promise<void> {
    const { instanceId } = workItem;
    // A backend may hand out the next work item before the settling of this one has come back to us.
    const earlier = this.#underWay.get(instanceId);
    const processing = earlier === undefined ? this.#process(workItem) : earlier.then(() => this.#process(workItem));
    this.#underWay.set(instanceId, processing);
    await processing;
    if (this.#underWay.get(instanceId) === processing) this.#underWay.delete(instanceId);
  }

  /** Drops what is kept in memory of instances, and renews no lock any more. */
  close(): void {
    this.#isClosed = true;
    this.#locks.close();
    this.#orchestrations.close();
    this.#entities.close();
  }

  async #process(workItem: OrchestrationWorkItem): Promise<void> {
    const { instanceId } = workItem;
    const lock = this.#locks.keep({
      renew: () => this.#backend.renewOrchestrationWorkItem(workItem),
      intervalMs: workItem.renewIntervalMs,
      onLost: () => this.#logLost(instanceId),
      onError: (error) => this.#events.write("OrchestrationLockNotRenewed", messageOf(error), { instanceId }),
    });
    try {
      await (isEntityInstanceId(instanceId) ? this.#entities : this.#orchestrations).run(workItem, lock);
    } catch (error) {
      if (isDurableError(error, "WorkItemLockLost")) {
        if (!lock.isLost) this.#logLost(instanceId);
        return;
      }
      // P1
      if (!this.#isClosed) this.#logFailure(instanceId, error);
      await this.#backend.abandonOrchestrationWorkItem(workItem).catch((abandonError) => {
        this.#events.write("OrchestrationNotAbandoned", messageOf(abandonError), { instanceId });
      });
    } finally {
      lock.release();
    }
  }

  #logFailure(instanceId: string, error: unknown): void {
    const isElsewhere = isDurableError(error, "EntityNotRegistered");
    const event = isElsewhere ? "EntityNotRegistered" : "OrchestrationWorkItemFailed";
    this.#events.write(event, messageOf(error), { instanceId });
  }

  #logLost(instanceId: string): void {
    this.#events.write("OrchestrationLockLost", `another worker has taken ${instanceId} over`, { instanceId });
  }
}
