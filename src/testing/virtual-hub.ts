import { MemoryTaskHub } from "../backends/memory/memory-task-hub.ts";
import { preloadOperations } from "../client/load-operations.ts";
import { DurableError } from "../core/errors.ts";
import { assertKind, assertOptions, type OptionKinds } from "../core/option-names.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { type LogSink, type Random, silentLog } from "../core/ports.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker, type TaskHubWorkerOptions } from "../engine/task-hub-worker.ts";
import { installEmbeddedHost } from "../functions/embedded-host.ts";
import { createStartChecks } from "../management/start-checks.ts";
import { InProcessExecutor, type InProcessExecutorOptions } from "../worker/in-process-executor.ts";
import { Registry } from "../worker/registry.ts";
import { describeStandstill } from "./standstill.ts";
import { SteppedClock } from "./stepped-clock.ts";

/** How a virtual hub is made. */
export interface VirtualHubOptions {
  /** @defaultValue "MemoryHub" */
  readonly taskHub?: string;
  /** What ids are made of. @defaultValue a counter, so that the same test gives the same ids every run */
  readonly random?: Random;
  /** Receives what the workers have to say to their operator. @defaultValue nothing */
  readonly log?: LogSink;
  /** Most steps of the clock that one call waits for, before it fails. @defaultValue 100,000 */
  readonly maxSteps?: number;
}

/** What the worker runs, and the limits of {@link TaskHubWorker}. */
export interface VirtualWorkerOptions
  extends Omit<TaskHubWorkerOptions, "backend" | "store" | "executor" | "clock" | "log">,
    Pick<InProcessExecutorOptions, "registries" | "maxActions" | "marks" | "replayCheck"> {
  /** What stands between the worker and the hub, such as {@link withBackendFaults}. @defaultValue the hub itself */
  readonly backend?: TaskHubWorkerOptions["backend"];
  /** Receives what user code logs. @defaultValue nothing */
  readonly userLog?: InProcessExecutorOptions["log"];
}

const hubKinds: OptionKinds<VirtualHubOptions> = {
  taskHub: "text",
  random: "object",
  log: "object",
  maxSteps: "count",
};

const workerKinds: OptionKinds<VirtualWorkerOptions> = {
  registries: "list",
  maxActions: "count",
  marks: "object",
  replayCheck: "flag",
  backend: "object",
  userLog: "any",
  maxConcurrentOrchestrations: "count",
  maxConcurrentEntities: "count",
  maxPayloadBytes: "count",
  maxConcurrentActivities: "count",
  maxUnfinishedRuns: "count",
  maxHistoryEvents: "count",
  maxHistoryBytes: "count",
  unknownNameGraceMs: "number",
  maxEntityOperations: "count",
  maxSessions: "number",
  maxSessionBytes: "number",
  maxSessionIdleMs: "number",
  stopGraceMs: "number",
  retention: "object",
};

/** An app for a virtual hub, and what a test needs of it. */
export interface VirtualApp<T> {
  /** What `load` has given: the module. */
  readonly exports: T;
  /** The functions of its `DFApp`s, for {@link VirtualHub.startWorker}. */
  readonly registries: readonly Registry[];
}

/**
 * A task hub in memory with its workers and clients, in which time passes only when nothing happens without it: days of
 * timers, retries and back-off take no time, and the same test takes the same course every run.
 *
 * User code may wait for durable tasks and for {@link clock}. For what it waits for outside of both (a socket, a timer of
 * Node) the hub does not wait: time goes on meanwhile.
 *
 * @example
 * const registry = new Registry();
 * registry.addOrchestration({
 *   name: "nag",
 *   *orchestrator(context) {
 *     for (let day = 1; day <= 30; day++) yield context.createTimer({ days: 1 });
 *     return "enough";
 *   },
 * });
 * await using hub = new VirtualHub();
 * await hub.startWorker({ registries: [registry] });
 * const id = await hub.client.startInstance({ name: "nag" });
 *
 * await hub.advance("29d");
 * expect((await hub.client.getInstance(id))?.runtimeStatus).toBe("Running");
 * expect((await hub.runUntilEnded(id)).output).toBe('"enough"');
 */
export class VirtualHub {
  /** The clock of all workers and clients of the hub. */
  readonly clock: SteppedClock = new SteppedClock();
  /** The hub itself, as workers and clients see it. */
  readonly backend: MemoryTaskHub;
  /** Reaches the hub. */
  readonly client: TaskHubClient;
  readonly #log: LogSink;
  readonly #maxSteps: number;
  readonly #workers: TaskHubWorker[] = [];
  /** The last warnings and errors: why nothing happens may stand in them. */
  readonly #warnings: string[] = [];

  constructor(options: VirtualHubOptions = {}) {
    assertOptions(options, hubKinds, "new VirtualHub");
    const { taskHub, random = numberedIds(), log = silentLog, maxSteps = 100_000 } = options;
    this.backend = new MemoryTaskHub({ clock: this.clock, ...(taskHub !== undefined && { taskHub }) });
    this.client = new TaskHubClient({ store: this.backend, clock: this.clock, random });
    this.#maxSteps = maxSteps;
    this.#log = {
      log: (level, event, message, fields) => {
        if (level === "warn" || level === "error") this.#warnings.push(`${event}: ${message}`);
        if (this.#warnings.length > maxWarnings) this.#warnings.shift();
        log.log(level, event, message, fields);
      },
    };
  }

  /** Starts one more worker, which is stopped with the hub if not before. */
  async startWorker(options: VirtualWorkerOptions): Promise<TaskHubWorker> {
    assertOptions(options, workerKinds, "startWorker");
    if (!Array.isArray(options.registries) || !options.registries.every((registry) => registry instanceof Registry)) {
      throw new DurableError("InvalidOption", "'registries' of startWorker must be a list of registries");
    }
    const { registries, backend = this.backend, userLog, maxActions, marks, replayCheck, ...limits } = options;
    const { clock } = this;
    const unknownNames = (limits.unknownNameGraceMs ?? 0) > 0 ? "reject" : "fail";
    const userCode = { registries, clock, maxActions, marks, replayCheck, log: userLog };
    const executor = new InProcessExecutor({ ...userCode, unknownNames });
    const worker = new TaskHubWorker({ ...limits, backend, store: this.backend, executor, clock, log: this.#log });
    this.#workers.push(worker);
    await worker.start();
    return worker;
  }

  /**
   * Loads an app as a host does: every `DFApp` that is made meanwhile has its clients on this hub and this clock, and a
   * start is checked by what is loaded.
   *
   * @example
   * const { registries } = await hub.loadApp(() => import("./app.ts"));
   * await hub.startWorker({ registries });
   */
  async loadApp<T>(load: () => T | Promise<T>): Promise<VirtualApp<T>> {
    assertKind(load, "function", "what loadApp is given");
    // What clients load with their first call is no business of the clock.
    await preloadOperations();
    const registries: Registry[] = [];
    const connection = {
      client: this.client,
      managementBaseUrl: "http://localhost/runtime/webhooks/durabletask",
      connectionName: "Storage",
      startChecks: createStartChecks(() => registries),
      clock: this.clock,
    };
    const uninstall = installEmbeddedHost({
      attach: ({ registry }) => void registries.push(registry),
      connect: async () => connection,
    });
    try {
      return { exports: await load(), registries };
    } finally {
      uninstall();
    }
  }

  /**
   * Resolves when nothing more happens without time: promises, ticks and immediates have run.
   *
   * @throws Error when immediates follow each other without end
   */
  async settle(): Promise<void> {
    for (let turn = 0; turn < maxTurns; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!process.getActiveResourcesInfo().includes("Immediate")) return;
    }
    throw new Error(`the code does not come to rest: immediates follow each other for ${maxTurns} turns`);
  }

  /**
   * Moves the clock to the next moment for which somebody sleeps, at most `limitMs` on, and wakes them. What follows from
   * that is not waited for.
   *
   * @returns `false` when there is no such moment and no limit
   */
  step(limitMs: number = Number.POSITIVE_INFINITY): boolean {
    const { nextWakeAt = Number.POSITIVE_INFINITY } = this.clock;
    const ms = Math.min(nextWakeAt - this.clock.now(), limitMs);
    if (ms === Number.POSITIVE_INFINITY) return false;
    this.clock.advance(Math.max(0, ms));
    return true;
  }

  /**
   * Lets so much time pass, moment by moment, with all that happens in it.
   *
   * @throws DurableError `InvalidOption`; Error when it takes too many steps
   */
  async advance(time: TimeSpanInput): Promise<void> {
    const end = this.clock.now() + parseTimeSpan(time, "the time to advance");
    const done = () => this.clock.now() >= end;
    await this.#pass(done, `the clock has not come to ${new Date(end).toISOString()}`, () => end - this.clock.now());
    await this.settle();
  }

  /**
   * Lets time pass until the condition holds. It is asked whenever nothing more happens without time.
   *
   * @throws Error that says what everybody waits for, when it can never hold or takes too many steps
   */
  async runUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
    await this.#pass(condition, "the condition does not hold");
  }

  /**
   * Lets time pass until the instance has ended, however it did.
   *
   * @throws Error that says what everybody waits for, when it can never end or takes too many steps
   */
  async runUntilEnded(instanceId: string): Promise<OrchestrationState> {
    let state: OrchestrationState | undefined;
    const hasEnded = async () => {
      state = await this.client.getInstance(instanceId);
      return state !== undefined && isTerminalStatus(state.runtimeStatus);
    };
    await this.#pass(hasEnded, `the instance '${instanceId}' has not ended`);
    return state!;
  }

  /**
   * Lets time pass until a promise is settled: for whatever waits by the clock.
   *
   * @example
   * const status = await hub.run(client.waitForCompletion(id, { timeout: "1h" }));
   *
   * @throws what the promise rejects with; Error that says what everybody waits for, when it is never settled
   */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    work.then(settled, settled);
    await this.#pass(() => isSettled, "the promise is not settled");
    return work;
  }

  /** Stops all workers, and lets the time pass that this takes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(Promise.all(this.#workers.splice(0).map((worker) => worker.stop())));
  }

  async #pass(
    isDone: () => boolean | Promise<boolean>,
    wanted: string,
    limitMs: () => number = () => Number.POSITIVE_INFINITY,
  ): Promise<void> {
    for (let step = 0; ; step++) {
      await this.settle();
      if (await isDone()) return;
      if (step < this.#maxSteps && this.step(limitMs())) continue;
      const why =
        step < this.#maxSteps ? "nobody waits for time any more" : `${step} steps of the clock were not enough`;
      throw new Error(await describeStandstill(`${why}, and ${wanted}`, this, this.#warnings));
    }
  }
}

const maxTurns = 100_000;
const maxWarnings = 5;

/** Ids by number, each hub from 1. */
function numberedIds(): Random {
  let count = 0;
  const next = () => (++count).toString(16).padStart(32, "0");
  return { guid: () => next().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), number: () => 0.5 };
}
