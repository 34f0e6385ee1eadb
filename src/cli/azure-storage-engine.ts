import { setTimeout as sleep } from "node:timers/promises";
import { format } from "node:util";
import type { LogLevel, LogSink } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import type { DurableEngine, DurableEngineRequest } from "../host/durable-engine.ts";
import type { HostLog, HostLogLevel } from "../host/host-log.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";
import { openStorageAccount } from "./storage-account.ts";

const hostLevels: Readonly<Record<LogLevel, HostLogLevel>> = {
  trace: "trace",
  debug: "debug",
  info: "information",
  warn: "warning",
  error: "error",
};

const stopTimeoutMs = 6_000;

/** Runs an app's orchestrations on its storage account, or on the embedded store if it has none. */
export async function createDurableEngine(request: DurableEngineRequest): Promise<DurableEngine> {
  const { appFolder, env, settings, registries, log } = request;
  // The store starts in another process while this one reads the storage libraries.
  const [account, { createAzureStorageTaskHub }] = await Promise.all([
    openStorageAccount({
      settings,
      appFolder,
      env,
      onWait: (message) => log({ level: "warning", category: "Host.Console", message }),
    }),
    import("../backends/azure-storage/azure-storage-task-hub.ts"),
  ]);
  const ports = { clock: systemClock, random: systemRandom, log: createLogSink(log) };
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    connectionString: account.connectionString,
    taskHub: settings.hubName,
    workerId: account.workerId,
    isDeadWorker: account.isDeadWorker,
    partitionCount: settings.partitionCount,
    controlQueueBatchSize: settings.controlQueueBatchSize,
    controlQueueBufferThreshold: settings.controlQueueBufferThreshold,
    visibilityTimeoutMs: Math.min(settings.controlQueueVisibilityTimeoutMs, settings.workItemQueueVisibilityTimeoutMs),
    maxQueuePollingIntervalMs: settings.maxQueuePollingIntervalMs,
    storeInputsInOrchestrationHistory: settings.storeInputsInOrchestrationHistory,
  });
  const executor = new InProcessExecutor({
    registries,
    durableHttp: { defaultPollInterval: settings.httpPollIntervalMs },
    log: (level, instanceId, functionName, args) => {
      const message = `${format(...args)} [${functionName} ${instanceId}]`;
      log({ level: hostLevels[level], category: `Function.${functionName}.User`, message });
    },
  });
  const worker = new TaskHubWorker({
    ...ports,
    backend,
    store,
    executor,
    maxConcurrentOrchestrations: settings.maxConcurrentOrchestratorFunctions,
    maxConcurrentActivities: settings.maxConcurrentActivityFunctions,
  });
  return {
    client: new TaskHubClient({ store, clock: systemClock, random: systemRandom }),
    storage: account.description,
    failed: account.failed,
    start: () => worker.start(),
    async stop() {
      // Storage that no longer answers must not hold the process; partitions are then freed by their leases.
      await Promise.race([worker.stop(), sleep(stopTimeoutMs, undefined, { ref: false })]);
      await account.close();
    },
  };
}

function createLogSink(log: HostLog): LogSink {
  return {
    log(level, event, message, fields) {
      const details = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${String(value)}`);
      const suffix = details.length > 0 ? ` (${details.join(", ")})` : "";
      log({ level: hostLevels[level], category: `Durable.${event}`, message: `${event}: ${message}${suffix}` });
    },
  };
}
