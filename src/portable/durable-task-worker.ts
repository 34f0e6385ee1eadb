import { DurableError } from "../core/errors.ts";
import type { LogSink } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { EntityClass, EntityFunction } from "../worker/entities/entity-definition.ts";
import { Registry } from "../worker/registry.ts";
import type { ActivityReference } from "./function-types.ts";
import type { OrchestrationReference } from "./orchestration-context.ts";
import { addActivity, addEntity, addOrchestration } from "./registrations.ts";
import { type ConcurrencyOptions, resolveWorkerOptions, type WorkerOptions } from "./worker-options.ts";

/** What a place is given to make a worker of. */
export interface WorkerRequest {
  readonly registry: Registry;
  readonly executor: TaskExecutor;
  readonly log: LogSink;
  readonly concurrency: ConcurrencyOptions;
  readonly stopGraceMs: number | undefined;
}

/** A worker at one place. */
export interface PlacedWorker {
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
 * @example
 * await using worker = new EmbeddedTaskHubWorker({ storage: "memory", taskHub: "Orders" });
 * worker.addOrchestration(processOrder);
 * worker.addActivity(validateOrder);
 * await worker.start();
 */
export class DurableTaskWorker implements AsyncDisposable {
  readonly #open: (request: WorkerRequest) => Promise<PlacedWorker>;
  readonly #options: WorkerOptions;
  readonly #resolved: ReturnType<typeof resolveWorkerOptions>;
  readonly #registry: Registry;
  #starting: Promise<void> | undefined;
  #placed: PlacedWorker | undefined;
  #stopping: Promise<void> | undefined;
  #ignoreSignals: (() => void) | undefined;

  protected constructor(open: (request: WorkerRequest) => Promise<PlacedWorker>, options: WorkerOptions) {
    this.#open = open;
    this.#options = options;
    this.#resolved = resolveWorkerOptions(options);
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
  addOrchestration(orchestration: OrchestrationReference): string;
  addOrchestration(name: string, orchestration: OrchestrationReference): string;
  addOrchestration(first: unknown, second?: unknown): string {
    this.#assertNotRunning();
    return addOrchestration(this.#registry, first, second);
  }

  /** Adds an activity, as {@link addOrchestration} does. */
  addActivity(activity: ActivityReference): string;
  addActivity(name: string, activity: ActivityReference): string;
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
  // biome-ignore lint/suspicious/noExplicitAny: functions of every state.
  addEntity(entity: EntityClass | EntityFunction<any>): string;
  // biome-ignore lint/suspicious/noExplicitAny: functions of every state.
  addEntity(name: string, entity: EntityClass | EntityFunction<any>): string;
  addEntity(first: unknown, second?: unknown): string {
    this.#assertNotRunning();
    return addEntity(this.#registry, first, second);
  }

  /** It takes work: from the end of {@link start} to the call of {@link stop}. */
  get isRunning(): boolean {
    return this.#placed !== undefined && this.#stopping === undefined;
  }

  /**
   * Resolves once the worker takes work; repeated calls wait for the first.
   *
   * @throws DurableError when the place cannot be reached, or does not accept the worker
   */
  start(): Promise<void> {
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    let placed: PlacedWorker | undefined;
    try {
      const [{ InProcessExecutor }, { createProcessLog }, { systemClock }] = await Promise.all([
        import("../worker/in-process-executor.ts"),
        import("../hosting/process-log.ts"),
        import("../core/system-ports.ts"),
      ]);
      const log = createProcessLog(this.#options.log);
      const executor = new InProcessExecutor({ registries: [this.#registry], clock: systemClock, log: log.user });
      const { concurrency, stopGraceMs } = this.#resolved;
      placed = await this.#open({ registry: this.#registry, executor, log: log.events, concurrency, stopGraceMs });
      await placed.start();
      if (this.#options.stopOnSignals === true) {
        const { stopOnSignals } = await import("../hosting/stop-signals.ts");
        this.#ignoreSignals = stopOnSignals(() => this.stop());
      }
      this.#placed = placed;
    } catch (error) {
      await placed?.stop();
      this.#starting = undefined;
      throw error;
    }
  }

  async #stop(starting: Promise<void>): Promise<void> {
    await starting.catch(() => {});
    await this.#placed?.stop();
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
