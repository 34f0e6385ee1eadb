import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import type { HubLocation } from "../support/hub-snapshot.ts";
import { createScriptedService } from "../support/scripted-service.ts";
import { parseSeamWrite, WriteLabels } from "../support/storage-write.ts";
import { shortTiming } from "./crash-stage.ts";
import type { Workload } from "./workload.ts";

/** Where a worker dies, by the number of its write. */
export interface Death {
  readonly step: number;
  readonly when: "before" | "after";
  /** Labels of the writes that are counted. @defaultValue all */
  readonly of?: RegExp;
}

/** Counts the writes of a worker, and lets it die at one of them. */
export class MortalTransport {
  steps = 0;
  isDead = false;
  readonly trace: string[] = [];
  readonly #death: Death | undefined;
  readonly #labels = new WriteLabels();

  constructor(death: Death | undefined) {
    this.#death = death;
  }

  decorate(transport: StorageTransport): StorageTransport {
    return async (request, context) => {
      if (this.isDead) return dead(request);
      const write = parseSeamWrite(request);
      // Renewals come by the clock.
      const isStep = write !== undefined && write.verb !== "hide";
      if (!isStep) return transport(request, context);
      const label = this.#labels.label(write);
      const isFatal = this.#death?.of?.test(label) !== false && ++this.steps === this.#death?.step;
      this.trace.push(`${label}${isFatal ? "  <-- dies" : ""}`);
      if (!isFatal) return transport(request, context);
      if (this.#death?.when === "after") await transport(request, context);
      this.isDead = true;
      return dead(request);
    };
  }
}

function dead(request: { readonly kind: string }): never {
  throw new Error(`the worker is dead and asks for ${request.kind}`);
}

export interface MortalWorkerOptions extends HubLocation {
  readonly workload: Workload;
  readonly workerId: string;
  readonly transport: MortalTransport;
  /** Runs of activities. */
  readonly ledger: string[];
  readonly isRepaired: () => boolean;
}

/** A worker in this process. Once it is dead, nothing it asks for reaches the storage. */
export function openMortalWorker(options: MortalWorkerOptions): TaskHubWorker {
  const { workload, workerId, transport, ledger, isRepaired, connectionString, taskHub } = options;
  const { isOnlyWorker: _, ...intervals } = shortTiming;
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const { visibilityTimeoutMs = intervals.visibilityTimeoutMs } = workload;
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    ...intervals,
    visibilityTimeoutMs,
    connectionString,
    taskHub,
    workerId,
    isDeadWorker: (id) => id !== workerId,
    decorateTransport: (next) => transport.decorate(next),
  });
  const registry = new Registry({ durableHttp: { transport: createScriptedService(), minPollInterval: 100 } });
  workload.register(registry, {
    // The code of a dead process does nothing any more.
    record: (run) => void (transport.isDead || ledger.push(run)),
    isRepaired,
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: ports.clock });
  return new TaskHubWorker({ ...ports, backend, store, executor, stopGraceMs: 0 });
}
