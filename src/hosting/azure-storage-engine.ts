import { format } from "node:util";
import { systemClock } from "../core/system-ports.ts";
import { resolveWorkerLimits } from "../core/worker-limits.ts";
import type { DurableEngine, DurableEngineRequest } from "../host/durable-engine.ts";
import { createEventSink } from "../host/host-log.ts";
import type { InProcessExecutorOptions } from "../worker/in-process-executor.ts";
import { createHubEngine } from "./hub-engine.ts";
import { openTaskHub } from "./task-hub.ts";
import { createWatchedExecutor } from "./watched-executor.ts";

/**
 * Runs an app's orchestrations on its storage account, or on the local store if it has none.
 *
 * @param options `replayCheck` as in `InProcessExecutorOptions`. @defaultValue as host.json says, else `false`
 */
export async function createAzureStorageEngine(
  request: DurableEngineRequest,
  options: Pick<InProcessExecutorOptions, "replayCheck"> = {},
): Promise<DurableEngine> {
  const { settings, registries, log } = request;
  const events = createEventSink(log);
  const hub = await openTaskHub({ ...request, log: events });
  const limits = resolveWorkerLimits(
    settings.limits,
    { unknownNames: "fail", maxBlockedMs: 60_000 },
    "host.json: extensions.durableTask.limits",
  );
  const userCode: InProcessExecutorOptions = {
    registries,
    clock: systemClock,
    durableHttp: { defaultPollInterval: settings.httpPollIntervalMs },
    replayCheck: options.replayCheck ?? settings.replayCheck,
    log: (level, instanceId, functionName, args) => {
      const text = format(...args);
      const message = `${text} [${functionName} ${instanceId}]`;
      log({ level, category: `Function.${functionName}.User`, message, text, fields: { instanceId, functionName } });
    },
  };
  const executor = createWatchedExecutor(userCode, limits);
  const engine = createHubEngine(hub, {
    executor: request.extendExecutor?.(executor) ?? executor,
    limits,
    log: events,
    stopGraceMs: request.stopGraceMs,
    retention: settings.retention,
    maxConcurrentOrchestrations: settings.maxConcurrentOrchestratorFunctions,
    maxConcurrentEntities: settings.maxConcurrentEntityFunctions,
    maxEntityOperations: settings.maxEntityOperationBatchSize,
    maxConcurrentActivities: settings.maxConcurrentActivityFunctions,
  });
  return {
    ...engine,
    async start() {
      await engine.start();
      await untilServing(engine);
    },
  };
}

const longestFirstLookMs = 500;

/** Ready is who has partitions, or has seen that others have them and has said so. */
async function untilServing({ partitions }: DurableEngine): Promise<void> {
  const giveUpAt = performance.now() + longestFirstLookMs;
  while (partitions?.().length === 0 && performance.now() < giveUpAt) await systemClock.sleep(10);
}
