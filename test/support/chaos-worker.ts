import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { LogSink } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import type { ChaosWorkerOptions } from "../fault/chaos-fleet.ts";
import { registerChaos } from "../fault/chaos-workloads.ts";

/** A worker in a process of its own, which others stop, kill and freeze. Its one argument are its options, as JSON. */
const { connectionString, taskHub, workerId, timing } = JSON.parse(process.argv[2]!) as ChaosWorkerOptions;
const log: LogSink = {
  log(level, event, message) {
    if (level === "error") process.send?.({ log: `${workerId} ${event}: ${message}` });
  },
};
const ports = { clock: systemClock, random: systemRandom, log };
const hub = createAzureStorageTaskHub({ ...ports, ...timing, connectionString, taskHub, workerId });
const registry = new Registry();
registerChaos(registry);
const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
const worker = new TaskHubWorker({ ...ports, backend: hub.backend, store: hub.store, executor, stopGraceMs: 1000 });

const end = () => void worker.stop().finally(() => process.exit());
process.once("SIGTERM", end);
process.once("disconnect", end);
await worker.start();
process.send?.({ started: true });
