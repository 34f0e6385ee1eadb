import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { LogSink } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { resolveWorkerLimits } from "../../src/core/worker-limits.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { createHubEngine } from "../../src/hosting/hub-engine.ts";
import { stopOnSignals } from "../../src/hosting/stop-signals.ts";
import { createWatchedExecutor } from "../../src/hosting/watched-executor.ts";
import { deadlyFunctions } from "./deadly-functions.ts";

/** A process whose functions take it down: `node deadly-worker.js <connection string> <task hub> <limits as JSON>`. */
const [connectionString, taskHub, limitsText] = process.argv.slice(2) as [string, string, string];
const log: LogSink = {
  log: (level, event, message) => {
    if (level === "warn" || level === "error") process.stderr.write(`${level} ${event}: ${message}\n`);
  },
};
const ports = { clock: systemClock, random: systemRandom, log };
const workerId = systemRandom.guid();
const limits = resolveWorkerLimits(JSON.parse(limitsText), { unknownNames: "wait", maxBlockedMs: 0 });
const { backend, store } = createAzureStorageTaskHub({
  ...ports,
  connectionString,
  taskHub,
  workerId,
  partitionCount: 1,
  visibilityTimeoutMs: 4000,
  leaseRenewIntervalMs: 1000,
  maxQueuePollingIntervalMs: 200,
  isDeadWorker: (id) => id !== workerId,
});
const executor = createWatchedExecutor({ registries: [deadlyFunctions()], clock: systemClock }, limits);
const engine = createHubEngine(
  {
    backend,
    store,
    client: new TaskHubClient({ store, ...ports }),
    storage: "Azurite",
    failed: new Promise(() => {}),
    close: async () => {},
  },
  { executor, log, limits, stopGraceMs: 0 },
);
stopOnSignals(() => engine.stop());
await engine.start();
process.stdout.write("started\n");
