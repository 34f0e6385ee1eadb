import { DurableError } from "../core/errors.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock } from "../core/system-ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import { type ResolvedWorkerLimits, resolveWorkerLimits, type WorkerLimitDefaults } from "../core/worker-limits.ts";
import { HealthMonitor, type HostHealth } from "../hosting/health.ts";
import { createHealthHandler, type HealthHandler, type HealthHandlerOptions } from "../hosting/health-handler.ts";
import { Registry } from "../worker/registry.ts";
import type { ActivityReference, AddedActivity } from "./function-types.ts";
import type { AddedEntity, AddedOrchestration, OrchestrationReference } from "./orchestration-context.ts";
import { addActivity, addEntity, addOrchestration } from "./registrations.ts";
import { type ConcurrencyOptions, resolveWorkerOptions, type WorkerOptions } from "./worker-options.ts";

/** What a place is given to make a worker of. */
export interface WorkerRequest {
  readonly registry: Registry;
  readonly executor: TaskExecutor;
  readonly log: LogSink;
  readonly concurrency: ConcurrencyOptions;
  readonly stopGraceMs: number | undefined;
  readonly limits: ResolvedWorkerLimits;
}

/** Where a worker works. */
export interface WorkerPlace {
  readonly taskHub: string | undefined;
  /** @defaultValue unknown names are failed, and blocking code is only told */
  readonly limitDefaults?: WorkerLimitDefaults | undefined;
  /** The server or the storage, without secrets, as far as that is known before it is open. */
  readonly description?: string | undefined;
  open(request: WorkerRequest): Promise<PlacedWorker>;
}

/** A worker at one place. */
export interface PlacedWorker {
  /** Without secrets. */
  readonly storage?: string | undefined;
  /** `false` while it waits for its server to come back. */
  readonly isConnected?: boolean | undefined;
  /** Resolves, with what to say to the user, when the worker cannot go on. */
  readonly failed?: Promise<string> | undefined;
  /** The partitions of the hub that are served here; absent where a server has the hub. */
  readonly partitions?: (() => NonNullable<HostHealth["partitions"]>) | undefined;
  /** Resolves once it takes work. */
  start(): Promise<void>;
  /** Never rejects. */
  stop(): Promise<void>;
}

/**
 * Runs orchestrations, activities and entities of one task hub in this process, wherever the hub is: what the workers of
 * all places have in common.
 *
 *   created ⇄ running: `start` and `stop`, any number of times
 *
 * Functions are typed by what they read: without a converter as JSON gives it, so that a `Date` is a text. With one, the
 * context of an orchestration is an `OrchestrationContext<unknown, DataConverter>`.
 *
 * @example
 * await using worker = new EmbeddedTaskHubWorker({ storage: "memory", taskHub: "Orders" });
 * worker.addOrchestration(processOrder);
 * worker.addActivity(validateOrder);
 * await worker.start();
 */
export class DurableTaskWorker<Converter extends DataConverter | undefined = undefined> implements AsyncDisposable {
  /** Answers `/health`, `/health/live` and `/health/ready`: {@link createHealthHandler} with its defaults. */
  readonly healthHandler: HealthHandler;
  readonly #place: WorkerPlace;
  readonly #health: HealthMonitor;
  readonly #options: WorkerOptions;
  readonly #resolved: ReturnType<typeof resolveWorkerOptions>;
  readonly #limits: ResolvedWorkerLimits;
  readonly #registry: Registry;
  #starting: Promise<void> | undefined;
  #placed: PlacedWorker | undefined;
  #stopping: Promise<void> | undefined;
  #ignoreSignals: (() => void) | undefined;
  #failure: string | undefined;
  #ended = new OpenEnd();

  protected constructor(place: WorkerPlace, options: WorkerOptions<Converter>) {
    this.#place = place;
    this.#health = new HealthMonitor(systemClock, place.taskHub);
    this.healthHandler = this.createHealthHandler();
    this.#options = options;
    this.#resolved = resolveWorkerOptions(options);
    const limits = resolveWorkerLimits(
      options.limits,
      place.limitDefaults ?? { unknownNames: "fail", maxBlockedMs: 0 },
    );
    // The server of another place has no way of waiting.
    this.#limits = place.limitDefaults === undefined ? { ...limits, unknownNameGraceMs: 0 } : limits;
    const { dataConverter, durableHttp } = options;
    this.#registry = new Registry({ dataConverter, durableHttp, versioning: this.#resolved.versioning });
  }

  /**
   * Adds an orchestration, under the name of its function or under another.
   *
   * @returns the name it has
   * @throws DurableError `InvalidOption` for a function without a name, `DuplicateRegistration`, `NotSupported` while the
   * worker runs
   */
  addOrchestration<F extends OrchestrationReference>(orchestration: AddedOrchestration<F, Converter>): string;
  addOrchestration<F extends OrchestrationReference>(
    name: string,
    orchestration: AddedOrchestration<F, Converter>,
  ): string;
  addOrchestration(first: unknown, second?: unknown): string {
    this.#assertNotRunning();
    return addOrchestration(this.#registry, first, second);
  }

  /** Adds an activity, as {@link addOrchestration} does. */
  addActivity<F extends ActivityReference>(activity: AddedActivity<F, Converter>): string;
  addActivity<F extends ActivityReference>(name: string, activity: AddedActivity<F, Converter>): string;
  addActivity(first: unknown, second?: unknown): string {
    this.#assertNotRunning();
    return addActivity(this.#registry, first, second);
  }

  /**
   * Adds an entity: a class, whose public methods are the operations and whose fields are the state, or a function that is
   * given every operation. Names compare ignoring case.
   *
   * @returns the name it has
   * @throws DurableError as {@link addOrchestration} does, and `InvalidEntityId`
   */
  addEntity<T extends object>(entity: AddedEntity<T, Converter>): string;
  addEntity<T extends object>(name: string, entity: AddedEntity<T, Converter>): string;
  addEntity(first: unknown, second?: unknown): string {
    this.#assertNotRunning();
    return addEntity(this.#registry, first, second);
  }

  /** It takes work: from the end of {@link start} to the call of {@link stop}. */
  get isRunning(): boolean {
    return this.#placed !== undefined && this.#stopping === undefined;
  }

  /**
   * Resolves when the worker has stopped: by {@link stop}, by a signal, or because its storage is gone for good. Then, and
   * only then, with what to tell about that. A worker that starts again has a promise of its own for that.
   */
  get stopped(): Promise<string | undefined> {
    return this.#ended.promise;
  }

  /** How the worker is: for readiness and liveness probes. */
  health(): HostHealth {
    return this.#health.read(this.#placed?.isConnected, this.#placed?.partitions?.());
  }

  /** @throws DurableError `InvalidOption` */
  createHealthHandler(options?: HealthHandlerOptions): HealthHandler {
    return createHealthHandler(() => this.health(), options);
  }

  /**
   * Resolves once the worker takes work; repeated calls wait for the first.
   *
   * @throws DurableError when the place cannot be reached, or does not accept the worker
   */
  start(): Promise<void> {
    // What is stopping is started again once it has stopped.
    if (this.#stopping !== undefined) return this.#stopping.then(() => this.start());
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Takes no more work, lets running activities finish within the grace, and hands the rest back. Never rejects; repeated
   * calls wait for the first.
   */
  stop(): Promise<void> {
    if (this.#starting === undefined) return Promise.resolve();
    this.#stopping ??= this.#stop(this.#starting);
    return this.#stopping;
  }

  /** Stops it, as `stop` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    let placed: PlacedWorker | undefined;
    this.#health.isStarting();
    try {
      const [{ createWatchedExecutor }, { createProcessLog }] = await Promise.all([
        import("../hosting/watched-executor.ts"),
        import("../hosting/process-log.ts"),
      ]);
      const log = createProcessLog(this.#options.log);
      const limits = this.#limits;
      const { replayCheck } = this.#options;
      const userCode = { registries: [this.#registry], clock: systemClock, log: log.user, replayCheck };
      const executor = createWatchedExecutor(userCode, limits);
      const { concurrency, stopGraceMs } = this.#resolved;
      const events = this.#health.watch(log.events);
      const request = { registry: this.#registry, executor, log: events, concurrency, stopGraceMs, limits };
      placed = await this.#place.open(request);
      await placed.start();
      if (this.#options.stopOnSignals === true) {
        const { stopOnSignals } = await import("../hosting/stop-signals.ts");
        this.#ignoreSignals = stopOnSignals(() => this.stop());
      }
      this.#placed = placed;
      if (this.#ended.isOver) this.#ended = new OpenEnd();
      this.#health.hasStarted(placed.storage ?? this.#place.description);
      const started = placed;
      void placed.failed?.then((failure) => this.#fail(started, failure));
    } catch (error) {
      await placed?.stop();
      // Whoever stops it meanwhile brings it back to where it was.
      if (this.#stopping === undefined) this.#starting = undefined;
      throw error;
    }
  }

  async #fail(placed: PlacedWorker, failure: string): Promise<void> {
    if (this.#placed !== placed || this.#stopping !== undefined) return;
    this.#health.hasFailed();
    this.#failure = failure;
    await this.stop();
  }

  async #stop(starting: Promise<void>): Promise<void> {
    if (this.#failure === undefined) this.#health.isStopping();
    await starting.catch(() => {});
    await this.#placed?.stop();
    if (this.#failure === undefined) this.#health.hasStopped();
    this.#ended.resolve(this.#failure);
    this.#failure = undefined;
    this.#ignoreSignals?.();
    this.#ignoreSignals = undefined;
    this.#placed = undefined;
    this.#starting = undefined;
    this.#stopping = undefined;
  }

  #assertNotRunning(): void {
    if (this.#starting === undefined) return;
    throw new DurableError("NotSupported", "functions are added before the worker starts, and this one has started");
  }
}

/** A promise of an end, and what resolves it. */
class OpenEnd {
  readonly promise: Promise<string | undefined>;
  #resolve!: (failure: string | undefined) => void;
  #isOver = false;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  resolve(failure: string | undefined): void {
    this.#isOver = true;
    this.#resolve(failure);
  }
}
