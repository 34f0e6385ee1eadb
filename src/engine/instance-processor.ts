import { isEntityInstanceId } from "../core/entity-id.ts";
import { isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { Backend, OrchestrationWorkItem, TaskHubStore } from "./backend.ts";
import { EntityProcessor } from "./entity-processor.ts";
import { type InstanceLimitOptions, InstanceLimits } from "./instance-limits.ts";
import { LockKeeper } from "./lock-keeper.ts";
import { OrchestrationProcessor } from "./orchestration-processor.ts";
import { type Leave, SuspectLine, suspectAfterRuns } from "./suspect-line.ts";
import { UnknownNames } from "./unknown-names.ts";
import type { InstanceProgress } from "./wanted-activities.ts";

export interface InstanceProcessorOptions extends InstanceLimitOptions {
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
  /** Shared with all that runs in this process. @defaultValue one of its own */
  readonly suspects?: SuspectLine;
  /** @defaultValue unknown names are failed at once */
  readonly unknownNames?: UnknownNames;
  /** See `OrchestrationProcessorOptions`. @defaultValue nobody */
  readonly onProgress?: ((instanceId: string, progress: InstanceProgress) => void) | undefined;
}

/**
 * Takes work items of orchestrations and of entities from their messages to their settlement.
 *
 * P1. A work item is settled exactly once: completed, abandoned, or dropped because its lock is lost. `process` never
 *     rejects.
 * P4. Code runs only once its run is noted, so that one which takes the process down is known at its next delivery.
 */
export class InstanceProcessor {
  readonly #limits: InstanceLimits;
  readonly #suspects: SuspectLine;
  readonly #backend: Backend;
  readonly #orchestrations: OrchestrationProcessor;
  readonly #entities: EntityProcessor;
  readonly #locks: LockKeeper;
  readonly #events: EventLog;
  /** By instance: what has to end before its next work item begins. */
  readonly #underWay = new Map<string, Promise<void>>();
  /** Whose code may run, by instance. */
  readonly #current = new Map<string, OrchestrationWorkItem>();
  #isClosed = false;

  constructor(options: InstanceProcessorOptions) {
    const { backend, clock, log } = options;
    this.#backend = backend;
    this.#limits = new InstanceLimits(options);
    this.#suspects = options.suspects ?? new SuspectLine(clock);
    this.#events = createEventLog(log, { taskHub: backend.taskHub });
    const unknownNames = options.unknownNames ?? new UnknownNames(clock, 0, this.#events);
    const limits = this.#limits;
    this.#orchestrations = new OrchestrationProcessor({ ...options, limits, unknownNames });
    this.#entities = new EntityProcessor({ ...options, limits });
    this.#locks = new LockKeeper(clock);
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

  /** Notes of the instance's work under way that it takes this process down, and gives it back. Never rejects. */
  async noteFatal(instanceId: string): Promise<void> {
    const current = this.#current.get(instanceId);
    if (current === undefined) return;
    await this.#backend.noteRun(current, "fatal");
    await this.#backend.abandonOrchestrationWorkItem(current).catch(() => undefined);
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
    let leave: Leave | undefined;
    try {
      leave = await this.#begin(workItem);
      if (lock.isLost) return; // while it waited
      this.#current.set(instanceId, workItem);
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
      this.#current.delete(instanceId);
      leave?.();
    }
  }

  /** P4. A suspect waits for its turn. What is not to be run again needs none. */
  async #begin(workItem: OrchestrationWorkItem): Promise<Leave | undefined> {
    const { instanceId, unfinishedRuns } = workItem;
    // It is failed without running: nothing begins.
    if (unfinishedRuns >= this.#limits.maxUnfinishedRuns) return undefined;
    const isSuspect = unfinishedRuns > 0;
    if (isSuspect && unfinishedRuns >= suspectAfterRuns) {
      const text = `${instanceId} was begun ${unfinishedRuns} times by processes that have ended meanwhile`;
      this.#events.write("RunsUnfinished", text, { instanceId, count: unfinishedRuns });
    }
    const leave = isSuspect ? await this.#suspects.enter(unfinishedRuns) : undefined;
    await this.#backend.noteRun(workItem, "begun");
    return leave;
  }

  #logFailure(instanceId: string, error: unknown): void {
    if (UnknownNames.isUnknownName(error)) return; // it has been told
    let event: "EntityNotRegistered" | "VersionNotRun" | "OrchestrationWorkItemFailed" = "OrchestrationWorkItemFailed";
    if (isDurableError(error, "EntityNotRegistered")) event = "EntityNotRegistered";
    else if (isDurableError(error, "VersionMismatch")) event = "VersionNotRun";
    this.#events.write(event, messageOf(error), { instanceId });
  }

  #logLost(instanceId: string): void {
    this.#events.write("OrchestrationLockLost", `another worker has taken ${instanceId} over`, { instanceId });
  }
}
