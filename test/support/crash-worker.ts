import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { LogSink } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import type { World } from "../fault/workload.ts";
import { findWorkload, workloads } from "../fault/workloads.ts";
import { createScriptedService } from "./scripted-service.ts";
import type { WorkerCommand, WorkerOptions, WorkerReply } from "./worker-process.ts";

/** The process of a worker that tests kill: opens hubs and closes them, as its parent says. */
let current: { stop(): Promise<void> } | undefined;

process.on("message", (command: WorkerCommand) => {
  const done = command.do === "open" ? open(command.options) : close();
  done.then(
    () => reply({ did: command.do }),
    (error: Error) => reply({ failed: command.do, reason: error.message }),
  );
});
process.on("disconnect", () => process.exit());
reply({ did: "start" });

function reply(message: WorkerReply): void {
  process.send?.(message);
}

async function open(options: WorkerOptions): Promise<void> {
  const { workload, ledgerFile, repairedFile, connectionString, taskHub, workerId, timing } = options;
  const log: LogSink = {
    log(level, event, message) {
      if (level === "warn" || level === "error") reply({ log: `${level} ${event}: ${message}` });
    },
  };
  const ports = { clock: systemClock, random: systemRandom, log };
  const { isOnlyWorker, ...intervals } = timing;
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    ...intervals,
    connectionString,
    taskHub,
    workerId,
    ...(isOnlyWorker ? { isDeadWorker: (id: string) => id !== workerId } : {}),
  });
  const registry = new Registry({ durableHttp: { transport: createScriptedService(), minPollInterval: 100 } });
  const world: World = {
    record: (run) => appendFileSync(ledgerFile, `${run}\n`),
    isRepaired: () => existsSync(repairedFile),
  };
  for (const each of workloads) each.register(registry, world);
  const executor = new InProcessExecutor({ registries: [registry], clock: ports.clock });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor, stopGraceMs: 0 });
  await worker.start();
  current = worker;
  const client = new TaskHubClient({ store, ...ports });
  const calls = findWorkload(workload).host?.({ client, repair: () => writeFileSync(repairedFile, "") });
  calls?.catch((error: Error) => reply({ log: `error Host: ${error.message}` }));
}

async function close(): Promise<void> {
  await current?.stop();
  current = undefined;
}
