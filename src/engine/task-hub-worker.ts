import { messageOf } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import { ActivityProcessor } from "./activity-processor.ts";
import type { Backend, TaskHubStore } from "./backend.ts";
import { InstanceProcessor } from "./instance-processor.ts";
import { runWorkItemLoop } from "./work-item-loop.ts";

export interface TaskHubWorkerOptions {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  /** Orchestrations and entities in process at the same time. @defaultValue 100 */
  readonly maxConcurrentOrchestrations?: number;
  /** Activities in process at the same time. @defaultValue 20 */
  readonly maxConcurrentActivities?: number;
  /**
   * An activity that was begun this often and never ended (it takes its process down with it) is failed with
   * `ActivityPoisoned`. Runs that were handed back, by a stop or an error of the host, do not count. @defaultValue 10
   */
  readonly maxUnfinishedRuns?: number;
  /** Most operations that an entity runs before its state is written. @defaultValue 5,000 */
  readonly maxEntityOperations?: number;
  /** Live orchestrators kept between episodes; their bytes and their age are limited too. @defaultValue 2,000 */
  readonly maxSessions?: number;
  /** Bytes that the histories of kept orchestrators may stand for, about. @defaultValue 256 MiB */
  readonly maxSessionBytes?: number;
  /** A kept orchestrator without an episode for so long is let go, in milliseconds. @defaultValue 30 minutes */
  readonly maxSessionIdleMs?: number;
  /** How long `stop` lets running activities finish before it aborts their signals, in milliseconds. @defaultValue 3,000 */
  readonly stopGraceMs?: number;
}

/**
 * Runs the orchestrations, entities and activities of one task hub in this process.
 *
 *   created ──start──▶ running ──stop──▶ stopping ──▶ stopped
 *
 * Stopping means: fetch nothing more, let episodes and activities finish within the grace, abort and hand back the
 * rest, then stop the backend, which releases its partitions.
 */
export class TaskHubWorker {
  readonly #options: TaskHubWorkerOptions;
  readonly #fetching = new AbortController();
  #activities: ActivityProcessor | undefined;
  #loops: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: TaskHubWorkerOptions) {
    this.#options = options;
  }

  /** Resolves once the worker takes work. @throws what the backend throws when the task hub cannot be reached */
  async start(): Promise<void> {
    const { backend, store, executor, clock, log } = this.#options;
    const events = createEventLog(log, { taskHub: backend.taskHub });
    await backend.start();
    if (this.#fetching.signal.aborted) return;
    const activities = new ActivityProcessor({
      backend,
      executor,
      clock,
      log,
      maxUnfinishedRuns: this.#options.maxUnfinishedRuns ?? 10,
    });
    const instances = new InstanceProcessor({
      backend,
      store,
      executor,
      clock,
      log,
      maxSessions: this.#options.maxSessions ?? 2000,
      maxSessionBytes: this.#options.maxSessionBytes ?? 256 * 1024 * 1024,
      maxSessionIdleMs: this.#options.maxSessionIdleMs ?? 30 * 60_000,
      maxEntityOperations: this.#options.maxEntityOperations ?? 5000,
      onProgress: (instanceId, progress) => activities.running.tell(instanceId, progress),
    });
    this.#activities = activities;
    const loop = { clock, signal: this.#fetching.signal };
    this.#loops = Promise.all([
      runWorkItemLoop({
        ...loop,
        fetch: (signal) => backend.fetchOrchestrationWorkItem(signal),
        process: (workItem) => instances.process(workItem),
        onFetchError: (error) => events.write("OrchestrationFetchFailed", messageOf(error), {}),
        maxConcurrent: this.#options.maxConcurrentOrchestrations ?? 100,
      }),
      runWorkItemLoop({
        ...loop,
        fetch: (signal, demand) => backend.fetchActivityWorkItem(signal, demand),
        process: (workItem) => activities.process(workItem),
        onFetchError: (error) => events.write("ActivityFetchFailed", messageOf(error), {}),
        maxConcurrent: this.#options.maxConcurrentActivities ?? 20,
      }),
    ]).then(() => {
      instances.close();
      activities.close();
    });
  }

  /** Never rejects; repeated calls wait for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { backend, clock } = this.#options;
    this.#fetching.abort();
    const drained = this.#loops ?? Promise.resolve();
    const grace = new AbortController();
    await Promise.race([
      drained.then(() => grace.abort()),
      clock.sleep(this.#options.stopGraceMs ?? 3000, grace.signal),
    ]);
    this.#activities?.close();
    // An activity that ignores its signal is left behind: its work item becomes visible again by itself.
    const lastChance = new AbortController();
    await Promise.race([drained.then(() => lastChance.abort()), clock.sleep(500, lastChance.signal)]);
    await backend.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
