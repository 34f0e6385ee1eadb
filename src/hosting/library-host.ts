import { DurableError } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock } from "../core/system-ports.ts";
import { DurableClient } from "../functions/durable-client.ts";
import type { ClientConnection, EmbeddedHost, HostableApp } from "../functions/embedded-host.ts";
import type { DurableEngine } from "../host/durable-engine.ts";
import { createStartChecks } from "../management/start-checks.ts";
import { assertDefinedOnce } from "../worker/registry.ts";
import { HealthMonitor, type HostHealth } from "./health.ts";
import { createHealthHandler, type HealthHandler, type HealthHandlerOptions } from "./health-handler.ts";
import { createHubEngine } from "./hub-engine.ts";
import { createLibraryConnection } from "./library-connection.ts";
import type { ResolvedWorker } from "./library-options.ts";
import { openHub } from "./open-hub.ts";
import { createProcessLog, type ProcessLog } from "./process-log.ts";
import { stopOnSignals } from "./stop-signals.ts";
import { createWatchedExecutor } from "./watched-executor.ts";
import type { WorkerHost } from "./worker-host.ts";

/**
 * The apps of a process at work.
 *
 *   created ──start──▶ running ──stop──▶ stopping ──▶ stopped
 *                         └── its storage is gone: failed ──▶ stopping ──▶ stopped
 */
export class LibraryHost implements WorkerHost {
  readonly stopped: Promise<string | undefined>;
  readonly healthHandler: HealthHandler;
  readonly #worker: ResolvedWorker;
  readonly #log: ProcessLog;
  readonly #events: LogSink;
  readonly #health: HealthMonitor;
  readonly #detach: (() => void)[] = [];
  readonly #connected: Promise<ClientConnection>;
  #connect!: (connection: ClientConnection) => void;
  #refuse!: (error: unknown) => void;
  #hasStopped!: (failure: string | undefined) => void;
  #engine: DurableEngine | undefined;
  #client: DurableClient | undefined;
  #failure: string | undefined;
  #stopping: Promise<void> | undefined;

  constructor(worker: ResolvedWorker) {
    this.#worker = worker;
    this.#log = createProcessLog(worker.log);
    this.#health = new HealthMonitor(systemClock, worker.taskHub);
    this.#events = this.#health.watch(this.#log.events);
    this.healthHandler = this.createHealthHandler();
    this.stopped = new Promise((resolve) => {
      this.#hasStopped = resolve;
    });
    this.#connected = new Promise((resolve, reject) => {
      this.#connect = resolve;
      this.#refuse = reject;
    });
    this.#connected.catch(() => {});
  }

  get client(): DurableClient {
    return this.#client!;
  }

  async start(): Promise<void> {
    const { apps, storage, taskHub, tuning, concurrency, limits, replayCheck, stopGraceMs, retention } = this.#worker;
    const registries = apps.map(({ registry }) => registry);
    assertDefinedOnce([...new Set(registries)]);
    for (const app of apps) this.#attach(app);
    const hub = await openHub({ storage, taskHub, tuning, env: process.env, log: this.#events });
    const userCode = { registries, clock: systemClock, log: this.#log.user, replayCheck };
    const executor = createWatchedExecutor(userCode, limits);
    const engine = createHubEngine(hub, {
      ...concurrency,
      executor,
      limits,
      log: this.#events,
      stopGraceMs,
      retention,
    });
    this.#engine = engine;
    await engine.start();
    const connection = createLibraryConnection(engine.client, { startChecks: createStartChecks(() => registries) });
    this.#client = new DurableClient(connection, { dataConverter: this.#worker.dataConverter });
    if (this.#worker.stopOnSignals) this.#detach.push(stopOnSignals(() => this.stop()));
    void engine.failed.then((failure) => this.#fail(failure));
    this.#health.hasStarted(engine.storage);
    this.#connect(connection);
  }

  health(): HostHealth {
    return this.#health.read(true, this.#engine?.partitions?.());
  }

  createHealthHandler(options?: HealthHandlerOptions): HealthHandler {
    return createHealthHandler(() => this.health(), options);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #attach(app: HostableApp): void {
    const host: EmbeddedHost = { attach() {}, connect: () => this.#connected };
    this.#detach.push(app.attachTo(host));
    const { clientFunctions } = app;
    if (clientFunctions.length === 0) return;
    const functionName = clientFunctions.map(({ name }) => name).join(", ");
    const triggerType = [...new Set(clientFunctions.map((each) => each.triggerType))].join(", ");
    const listed = clientFunctions.map((each) => `${each.name} (${each.triggerType})`).join(", ");
    const text = `functions with these triggers are called by a Functions host only, so not here: ${listed}`;
    createEventLog(this.#events).write("TriggerNotServed", text, { functionName, triggerType });
  }

  async #fail(failure: string): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#failure = failure;
    this.#health.hasFailed();
    await this.stop();
  }

  async #stop(): Promise<void> {
    if (this.#failure === undefined) this.#health.isStopping();
    this.#refuse(new DurableError("Aborted", "the host stopped before it ran"));
    await this.#engine?.stop();
    for (const detach of this.#detach.splice(0)) detach();
    if (this.#failure === undefined) this.#health.hasStopped();
    this.#hasStopped(this.#failure);
  }
}
