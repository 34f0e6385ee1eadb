import type { RunningCode } from "../core/code-marks.ts";
import { messageOf } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { defaultMaxPayloadBytes } from "../core/payloads/payload-limit.ts";
import type { Clock, LogSink, Random } from "../core/ports.ts";
import type { RetentionPolicy } from "../core/retention.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import { ActivityProcessor } from "./activity-processor.ts";
import type { Backend, TaskHubStore } from "./backend.ts";
import { InstanceProcessor } from "./instance-processor.ts";
import { LimitedExecutor } from "./limited-executor.ts";
import { RetentionSweeper } from "./retention-sweeper.ts";
import { SuspectLine } from "./suspect-line.ts";
import { UnknownNames } from "./unknown-names.ts";
import { runWorkItemLoop } from "./work-item-loop.ts";

/** What a worker of a task hub is made of. */
export interface TaskHubWorkerOptions {
  /** What work comes from. */
  readonly backend: Backend;
  /** What it needs besides of the hub, to purge by retention for example. */
  readonly store: TaskHubStore;
  /** What runs user code. */
  readonly executor: TaskExecutor;
  /** What times and waits go by. */
  readonly clock: Clock;
  /** Receives what the worker has to say. */
  readonly log: LogSink;
  /** Orchestrations in process at the same time. @defaultValue 100 */
  readonly maxConcurrentOrchestrations?: number;
  /** Entities in process at the same time, beside the orchestrations. @defaultValue 100 */
  readonly maxConcurrentEntities?: number;
  /**
   * Most bytes of a payload as UTF-8; code that hands over more fails with `InvalidPayload`. @defaultValue 128 MiB
   */
  readonly maxPayloadBytes?: number | undefined;
  /** Activities in process at the same time. @defaultValue 20 */
  readonly maxConcurrentActivities?: number;
  /**
   * What was begun this often and never ended (it takes its process down with it) is not begun again: an activity is failed
   * with `ActivityPoisoned`, an orchestration with `OrchestrationPoisoned`, an operation of an entity with
   * `EntityOperationPoisoned`. Runs that were handed back, by a stop or an error of the host, do not count.
   * @defaultValue 10
   */
  readonly maxUnfinishedRuns?: number;
  /** An orchestration with so many history events fails with `HistoryTooLong`. @defaultValue 200,000 */
  readonly maxHistoryEvents?: number;
  /** An orchestration whose history holds about so many bytes fails likewise. @defaultValue 512 MiB */
  readonly maxHistoryBytes?: number;
  /**
   * How long an orchestration or activity whose name the executor does not know is left to other workers before it is
   * failed, in milliseconds. @defaultValue 0: it is failed at once
   */
  readonly unknownNameGraceMs?: number;
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
  /** Purges instances that finished long ago. @defaultValue they are kept */
  readonly retention?: { readonly policy: RetentionPolicy; readonly random: Random } | undefined;
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
  #instances: InstanceProcessor | undefined;
  #loops: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: TaskHubWorkerOptions) {
    this.#options = options;
  }

  /** Resolves once the worker takes work. @throws what the backend throws when the task hub cannot be reached */
  async start(): Promise<void> {
    const { backend, store, clock, log, maxPayloadBytes = defaultMaxPayloadBytes } = this.#options;
    const executor = new LimitedExecutor(this.#options.executor, maxPayloadBytes);
    const events = createEventLog(log, { taskHub: backend.taskHub });
    await backend.start();
    if (this.#fetching.signal.aborted) return;
    const suspects = new SuspectLine(clock);
    const unknownNames = new UnknownNames(clock, this.#options.unknownNameGraceMs ?? 0, events);
    const activities = new ActivityProcessor({
      backend,
      executor,
      clock,
      log,
      maxUnfinishedRuns: this.#options.maxUnfinishedRuns ?? 10,
      suspects,
      unknownNames,
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
      maxUnfinishedRuns: this.#options.maxUnfinishedRuns,
      maxHistoryEvents: this.#options.maxHistoryEvents,
      maxHistoryBytes: this.#options.maxHistoryBytes,
      suspects,
      unknownNames,
      onProgress: (instanceId, progress) => activities.running.tell(instanceId, progress),
    });
    this.#activities = activities;
    this.#instances = instances;
    const loop = { clock, signal: this.#fetching.signal };
    const { retention } = this.#options;
    this.#loops = Promise.all([
      retention && new RetentionSweeper({ ...retention, backend, store, clock, log }).run(loop.signal),
      runWorkItemLoop({
        ...loop,
        fetch: (signal) => backend.fetchOrchestrationWorkItem(signal),
        process: (workItem) => instances.process(workItem),
        onFetchError: (error) => events.write("OrchestrationFetchFailed", messageOf(error), {}),
        maxConcurrent: this.#options.maxConcurrentOrchestrations ?? 100,
      }),
      runWorkItemLoop({
        ...loop,
        fetch: (signal) => backend.fetchEntityWorkItem(signal),
        process: (workItem) => instances.process(workItem),
        onFetchError: (error) => events.write("EntityFetchFailed", messageOf(error), {}),
        maxConcurrent: this.#options.maxConcurrentEntities ?? 100,
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

  /**
   * Notes of code that has blocked the event loop past all bounds that it takes this process down: it is failed when it is
   * met again. Never rejects.
   */
  async noteFatal({ kind, instanceId, taskId }: RunningCode): Promise<void> {
    if (kind === "activity") await this.#activities?.noteFatal(instanceId, taskId);
    else await this.#instances?.noteFatal(instanceId);
  }

  /** Never rejects; repeated calls wait for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { backend, clock } = this.#options;
    this.#fetching.abort();
    backend.beginStop?.();
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
    this.#activities?.tellLeftBehind();
    await backend.stop();
  }

  /** Stops it, as `stop` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
