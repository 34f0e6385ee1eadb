import { setTimeout as sleep } from "node:timers/promises";
import { format } from "node:util";
import { systemClock } from "../core/system-ports.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import type { DurableEngine, DurableEngineRequest } from "../host/durable-engine.ts";
import { createEventSink } from "../host/host-log.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";
import { openTaskHub } from "./task-hub.ts";

const stopTimeoutMs = 6_000;

/** Runs an app's orchestrations on its storage account, or on the local store if it has none. */
export async function createAzureStorageEngine(request: DurableEngineRequest): Promise<DurableEngine> {
  const { settings, registries, log } = request;
  const events = createEventSink(log);
  const hub = await openTaskHub({ ...request, log: events });
  const executor = new InProcessExecutor({
    registries,
    clock: systemClock,
    durableHttp: { defaultPollInterval: settings.httpPollIntervalMs },
    log: (level, instanceId, functionName, args) => {
      const message = `${format(...args)} [${functionName} ${instanceId}]`;
      log({ level, category: `Function.${functionName}.User`, message });
    },
  });
  const worker = new TaskHubWorker({
    backend: hub.backend,
    store: hub.store,
    executor,
    clock: systemClock,
    log: events,
    maxConcurrentOrchestrations: settings.maxConcurrentOrchestratorFunctions,
    maxEntityOperations: settings.maxEntityOperationBatchSize,
    maxConcurrentActivities: settings.maxConcurrentActivityFunctions,
  });
  return {
    client: hub.client,
    storage: hub.storage,
    failed: hub.failed,
    start: () => worker.start(),
    async stop() {
      // Storage that no longer answers must not hold the process; partitions are then freed by their leases.
      await Promise.race([worker.stop(), sleep(stopTimeoutMs, undefined, { ref: false })]);
      await hub.close();
    },
  };
}
