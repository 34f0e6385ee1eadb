import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { TaskHubStore } from "../../src/engine/backend.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import type { Azurite } from "../support/azurite.ts";
import { type AuditBounds, type AuditOutcome, auditHub, waitForRow } from "../support/hub-audit.ts";
import type { HubLocation } from "../support/hub-snapshot.ts";
import { type StorageProxy, startStorageProxy } from "../support/storage-proxy.ts";
import type { WorkerOptions, WorkerTiming } from "../support/worker-process.ts";
import type { FaultInjector } from "./fault-point.ts";
import type { Workload } from "./workload.ts";

/** A successor need not wait for leases, and not for long until messages are visible again. */
export const shortTiming: WorkerTiming = {
  partitionCount: 2,
  visibilityTimeoutMs: 4000,
  storageTimeoutMs: 2000,
  leaseRenewIntervalMs: 1000,
  maxQueuePollingIntervalMs: 250,
  isOnlyWorker: true,
};

export interface CrashStageOptions {
  readonly workload: Workload;
  /** Of the workers' requests. */
  readonly injector: FaultInjector;
  readonly timing: WorkerTiming;
}

let hubs = 0;

/** A hub of its own with a workload that has been set going; workers see it through a proxy, everyone else directly. */
export class CrashStage {
  /** What went wrong outside the hub. */
  readonly problems: string[] = [];
  readonly client: TaskHubClient;
  readonly #workload: Workload;
  readonly #timing: WorkerTiming;
  readonly #location: HubLocation;
  readonly #folder = mkdtempSync(join(tmpdir(), "durable-crash-"));
  readonly #proxy: StorageProxy;
  readonly #injector: FaultInjector;
  readonly #store: TaskHubStore;
  #driven: Promise<void> | undefined;

  private constructor({ workload, injector, timing }: CrashStageOptions, location: HubLocation, proxy: StorageProxy) {
    const { visibilityTimeoutMs } = workload;
    this.#workload = workload;
    this.#timing = { ...timing, ...(visibilityTimeoutMs === undefined ? {} : { visibilityTimeoutMs }) };
    this.#location = location;
    this.#proxy = proxy;
    this.#injector = injector;
    const ports = { clock: systemClock, random: systemRandom, log: silentLog };
    const { partitionCount } = timing;
    const { store } = createAzureStorageTaskHub({ ...location, ...ports, partitionCount, workerId: "client" });
    this.#store = store;
    this.client = new TaskHubClient({ store, ...ports });
  }

  static async open(azurite: Azurite, options: CrashStageOptions): Promise<CrashStage> {
    const { workload, injector } = options;
    const { connectionString } = azurite;
    const proxy = await startStorageProxy(azurite, injector.intercept);
    const taskHub = `Crash${process.pid}x${++hubs}`;
    const stage = new CrashStage(options, { connectionString, taskHub }, proxy);
    await stage.#store.createTaskHub();
    await workload.prepare(stage.client);
    const repair = () => writeFileSync(stage.#repairedFile, "");
    stage.#driven = workload.drive?.({ client: stage.client, repair }).catch(stage.note("the driver"));
    return stage;
  }

  workerOptions(workerId: string): WorkerOptions {
    return {
      workload: this.#workload.name,
      connectionString: this.#proxy.connectionString,
      taskHub: this.#location.taskHub,
      workerId,
      timing: this.#timing,
      ledgerFile: this.#ledgerFile,
      repairedFile: this.#repairedFile,
    };
  }

  note(who: string): (error: Error) => void {
    return ({ message }) => void this.problems.push(`${who}: ${message}`);
  }

  audit(bounds: AuditBounds): Promise<AuditOutcome> {
    const isStart = (message: string) => message.includes("ExecutionStarted");
    const { mayLeaveStarts, expected } = this.#workload;
    const messagesAllowed = () => (mayLeaveStarts ? this.#injector.openMessages.filter(isStart).length : 0);
    return auditHub(this.#location, expected, { messagesAllowed, ...bounds });
  }

  /** As {@link waitForRow}. */
  waitForRow(id: string, deadlineMs: number): Promise<number | undefined> {
    return waitForRow(this.#location, id, deadlineMs);
  }

  /** Runs of each activity, in all processes. */
  activityRuns(): ReadonlyMap<string, number> {
    const runs = new Map<string, number>();
    const ledger = existsSync(this.#ledgerFile) ? readFileSync(this.#ledgerFile, "utf8") : "";
    for (const run of ledger.split(/\r?\n/)) if (run !== "") runs.set(run, (runs.get(run) ?? 0) + 1);
    return runs;
  }

  /** After the workers. Waits for what drives the workload. */
  async close(): Promise<void> {
    await this.#driven;
    await this.#proxy.close();
    // Only to save room: the storage goes with the run, and a busy machine may not delete a hub in time.
    await this.#store.deleteTaskHub().catch(() => undefined);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #ledgerFile(): string {
    return join(this.#folder, "ledger");
  }

  get #repairedFile(): string {
    return join(this.#folder, "repaired");
  }
}
