import { setTimeout as sleep } from "node:timers/promises";
import type { LogSink } from "../core/ports.ts";
import type { RetentionPolicy } from "../core/retention.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { ResolvedWorkerLimits } from "../core/worker-limits.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import type { DurableEngine } from "../host/durable-engine.ts";
import type { OpenTaskHub } from "./open-hub.ts";
import { eventLoopWatchdog } from "./watchdog/event-loop-watchdog.ts";

export interface HubEngineOptions {
  readonly executor: TaskExecutor;
  readonly log: LogSink;
  readonly maxConcurrentOrchestrations?: number | undefined;
  readonly maxConcurrentEntities?: number | undefined;
  readonly maxConcurrentActivities?: number | undefined;
  readonly maxEntityOperations?: number | undefined;
  /** @defaultValue those of the engine */
  readonly limits?: Omit<ResolvedWorkerLimits, "maxActions"> | undefined;
  /** How long a stop lets running activities finish, in milliseconds. @defaultValue 3,000 */
  readonly stopGraceMs?: number | undefined;
  /** @defaultValue finished instances are kept */
  readonly retention?: RetentionPolicy | undefined;
}

/** What a stop may take beyond the grace of its activities, in milliseconds. */
const stopOverheadMs = 3_000;

/** A worker on a hub, which it closes when it stops: for every host in this process. */
export function createHubEngine(hub: OpenTaskHub, options: HubEngineOptions): DurableEngine {
  const { executor, log, retention } = options;
  const { maxConcurrentOrchestrations, maxConcurrentEntities, maxConcurrentActivities, maxEntityOperations } = options;
  const stopGraceMs = options.stopGraceMs ?? 3_000;
  const { maxBlockedMs = 0, ...limits } = options.limits ?? {};
  const worker = new TaskHubWorker({
    backend: hub.backend,
    store: hub.store,
    executor,
    clock: systemClock,
    log,
    stopGraceMs,
    retention: retention && { policy: retention, random: systemRandom },
    ...(maxConcurrentOrchestrations !== undefined && { maxConcurrentOrchestrations }),
    ...(maxConcurrentEntities !== undefined && { maxConcurrentEntities }),
    ...(maxConcurrentActivities !== undefined && { maxConcurrentActivities }),
    ...(maxEntityOperations !== undefined && { maxEntityOperations }),
    ...limits,
  });
  let endWatch = (): void => {};
  return {
    client: hub.client,
    storage: hub.storage,
    failed: hub.failed,
    partitions: hub.partitions,
    async start() {
      await worker.start();
      endWatch = eventLoopWatchdog.watch({
        log,
        maxBlockedMs,
        noteFatal: (code) => worker.noteFatal(code),
        stop: () => worker.stop(),
      });
    },
    async stop() {
      endWatch();
      // Storage that no longer answers must not hold the process; partitions are then freed by their leases.
      await Promise.race([worker.stop(), sleep(stopGraceMs + stopOverheadMs, undefined, { ref: false })]);
      await hub.close();
    },
  };
}
