import { setTimeout as sleep } from "node:timers/promises";
import { format } from "node:util";
import { createEventLog } from "../core/event-log.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import type { DurableEngine, DurableEngineRequest } from "../host/durable-engine.ts";
import { createEventSink } from "../host/host-log.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";
import { openStorageAccount } from "./storage-account.ts";

const stopTimeoutMs = 6_000;

/** Runs an app's orchestrations on its storage account, or on the local store if it has none. */
export async function createAzureStorageEngine(request: DurableEngineRequest): Promise<DurableEngine> {
  const { appFolder, env, settings, registries, log } = request;
  const sink = createEventSink(log);
  // The store starts in another process while this one reads the storage libraries.
  const [account, { createAzureStorageTaskHub }] = await Promise.all([
    openStorageAccount({
      settings,
      appFolder,
      env,
      onWait: (text) => createEventLog(sink).write("LocalStoreBusy", text, {}),
    }),
    import("../backends/azure-storage/azure-storage-task-hub.ts"),
  ]);
  const ports = { clock: systemClock, random: systemRandom, log: sink };
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
      log({ level, category: `Function.${functionName}.User`, message });
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
