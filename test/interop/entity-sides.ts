import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { PartitionManagement } from "../../src/core/partition-management.ts";
import { type LogSink, silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import type { DotnetProgram } from "./dotnet-program.ts";
import { entities as allEntities, type Mark, openEntityApp } from "./entity-app.ts";

export interface InstanceStatus {
  readonly status: string;
  readonly output: unknown;
}

export interface EntityView {
  readonly state: unknown;
  readonly queueSize: number;
  readonly lockedBy: string | undefined;
}

export interface SignalOptions {
  /** From now, in milliseconds. */
  readonly delay?: number;
  /** So many of them. */
  readonly times?: number;
}

/** One implementation of the task hub: a client, and at most one worker at a time. */
export interface EntitySide {
  readonly worker: string;
  start(instanceId: string, name: string, input?: unknown): Promise<void>;
  status(instanceId: string): Promise<InstanceStatus | undefined>;
  raise(instanceId: string, name: string): Promise<void>;
  signal(entity: string, operation: string, input?: unknown, options?: SignalOptions): Promise<void>;
  readEntity(entity: string): Promise<EntityView | undefined>;
  /** @param entities names of those that the worker knows. @defaultValue all */
  startWorker(entities?: readonly string[]): Promise<void>;
  stopWorker(): Promise<void>;
  /** When orchestrations of this side entered and left their sections. */
  marks(): Promise<readonly Mark[]>;
}

export interface EntityHub {
  readonly connectionString: string;
  readonly taskHub: string;
  readonly partitions: number;
  /** How partitions are kept. @defaultValue by theirs in the table, by ours as the hub shows */
  readonly management?: PartitionManagement;
  /** @defaultValue without a name */
  readonly apps?: { readonly ours: string; readonly theirs: string };
  readonly log?: LogSink;
}

export class OurEntitySide implements EntitySide {
  readonly worker = `ours-${systemRandom.guid()}`;
  readonly #hub: EntityHub;
  readonly #client: TaskHubClient;
  readonly #app = openEntityApp();
  #worker: TaskHubWorker | undefined;

  constructor(hub: EntityHub) {
    this.#hub = hub;
    this.#client = new TaskHubClient({ store: this.#open().store, clock: systemClock, random: systemRandom });
  }

  #open() {
    const { connectionString, taskHub, partitions, apps, log } = this.#hub;
    return createAzureStorageTaskHub({
      connectionString,
      taskHub,
      partitionCount: partitions,
      workerId: this.worker,
      clock: systemClock,
      random: systemRandom,
      maxQueuePollingIntervalMs: 100,
      leaseRenewIntervalMs: 300,
      appName: apps?.ours,
      appLeaseIntervalMs: 15_000,
      appLeaseAcquireIntervalMs: 1000,
      log,
    });
  }

  async start(instanceId: string, name: string, input?: unknown): Promise<void> {
    await this.#client.startInstance({ instanceId, name, input: textOf(input) });
  }

  async status(instanceId: string): Promise<InstanceStatus | undefined> {
    const state = await this.#client.getInstance(instanceId);
    return state && { status: state.runtimeStatus, output: parse(state.output) };
  }

  async raise(instanceId: string, name: string): Promise<void> {
    await this.#client.raiseEvent(instanceId, name, "null");
  }

  async signal(entity: string, operation: string, input?: unknown, { delay, times = 1 }: SignalOptions = {}) {
    for (let i = 0; i < times; i++) {
      const scheduledTime = delay === undefined ? undefined : new Date(systemClock.now() + delay);
      await this.#client.entities.signal(entity, { operation, input: textOf(input), scheduledTime });
    }
  }

  async readEntity(entity: string): Promise<EntityView | undefined> {
    const found = await this.#client.entities.get(entity);
    return found && { state: parse(found.state), queueSize: found.queueSize, lockedBy: found.lockedBy };
  }

  async startWorker(entities: readonly string[] = Object.keys(allEntities)): Promise<void> {
    this.#worker = new TaskHubWorker({
      ...this.#open(),
      executor: this.#app.createExecutor(entities),
      clock: systemClock,
      log: silentLog,
    });
    await this.#worker.start();
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = undefined;
  }

  async marks(): Promise<readonly Mark[]> {
    return this.#app.marks;
  }
}

export class TheirEntitySide implements EntitySide {
  readonly worker = `theirs-${systemRandom.guid()}`;
  readonly #dotnet: DotnetProgram;
  readonly #hub: { readonly hub: string; readonly partitions: number; readonly management: PartitionManagement };
  readonly #app: string | undefined;

  constructor(dotnet: DotnetProgram, { taskHub, partitions, management = "table", apps }: EntityHub) {
    this.#dotnet = dotnet;
    this.#hub = { hub: taskHub, partitions, management };
    this.#app = apps?.theirs;
  }

  #ask<T>(op: string, args: object = {}): Promise<T> {
    return this.#dotnet.ask<T>(op, { ...this.#hub, ...args });
  }

  async start(instanceId: string, name: string, input?: unknown): Promise<void> {
    await this.#ask("open");
    await this.#ask("start", { instanceId, name, input: textOf(input) });
  }

  async status(instanceId: string): Promise<InstanceStatus | undefined> {
    const found = await this.#ask<{ runtimeStatus: string; output: string | null } | null>("state", { instanceId });
    return found === null ? undefined : { status: found.runtimeStatus, output: parse(found.output) };
  }

  async raise(instanceId: string, name: string): Promise<void> {
    await this.#ask("raise", { instanceId, name, input: "null" });
  }

  async signal(entity: string, operation: string, input?: unknown, { delay, times = 1 }: SignalOptions = {}) {
    await this.#ask("open");
    // On a busy machine a hundred of them take longer than a request may.
    for (let left = times; left > 0; left -= 20) {
      await this.#ask("signal", { entity, operation, input: textOf(input), delay, times: Math.min(left, 20) });
    }
  }

  async readEntity(entity: string): Promise<EntityView | undefined> {
    const found = await this.#ask<{ state: string | null; queueSize: number; lockedBy: string | null } | null>(
      "readEntity",
      { entity },
    );
    if (found === null) return undefined;
    return { state: parse(found.state), queueSize: found.queueSize, lockedBy: found.lockedBy ?? undefined };
  }

  async startWorker(entities?: readonly string[]): Promise<void> {
    await this.#ask("open");
    await this.#ask("startWorker", { worker: this.worker, entities, app: this.#app });
  }

  async stopWorker(): Promise<void> {
    await this.#ask("stopWorker");
  }

  async marks(): Promise<readonly Mark[]> {
    return await this.#dotnet.ask("marks");
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** The texts of failures are no JSON. */
function parse(text: string | null | undefined): unknown {
  if (text === null || text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
