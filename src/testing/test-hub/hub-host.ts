import { setImmediate } from "node:timers";
import type { MemoryTaskHub } from "../../backends/memory/memory-task-hub.ts";
import type { LogSink } from "../../core/ports.ts";
import { TaskHubWorker } from "../../engine/task-hub-worker.ts";
import type { UserLog } from "../../worker/activity-context.ts";
import { InProcessExecutor } from "../../worker/in-process-executor.ts";
import type { Registry } from "../../worker/registry.ts";
import type { SteppedClock } from "../stepped-clock.ts";
import { withBackendFaults } from "../with-backend-faults.ts";
import type { Injections } from "./injections.ts";
import { MeteredExecutor } from "./metered-executor.ts";
import type { WorkMeter } from "./work-meter.ts";

export interface HubHostOptions {
  readonly registries: readonly Registry[];
  readonly backend: MemoryTaskHub;
  readonly clock: SteppedClock;
  readonly meter: WorkMeter;
  readonly injections: Injections;
  readonly log: LogSink;
  readonly userLog: UserLog;
  readonly replayCheck: boolean;
}

interface Life {
  readonly worker: TaskHubWorker;
  isDead: boolean;
}

// Test runners replace the global one for code under test.
const turn = setImmediate;

/** A turn of the event loop: promises and ticks have run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => turn(resolve));
}

/** The host of a test hub: one worker, which may die and be followed by another. */
export class HubHost {
  readonly #options: HubHostOptions;
  #life: Life | undefined;
  #isStopped = false;

  constructor(options: HubHostOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { registries, backend, clock, meter, injections, log, userLog, replayCheck } = this.#options;
    const life = { isDead: false } as Life & { worker: TaskHubWorker };
    const executor = new MeteredExecutor(
      new InProcessExecutor({
        registries,
        clock,
        replayCheck,
        // Of a process that is dead no line comes.
        log: (...line) => life.isDead || userLog(...line),
      }),
      meter,
    );
    life.worker = new TaskHubWorker({
      backend: withBackendFaults(
        backend,
        injections.planFor(() => life.isDead),
      ),
      store: backend,
      executor,
      clock,
      log,
      maxConcurrentOrchestrations: 1000,
      maxConcurrentEntities: 1000,
      maxConcurrentActivities: 1000,
      stopGraceMs: 0,
    });
    this.#life = life;
    await life.worker.start();
  }

  /** The worker has no effect any more from now on. Another begins in the next turn, with all that was held. */
  die(): void {
    const life = this.#life;
    if (life === undefined || life.isDead || this.#isStopped) return;
    life.isDead = true;
    const { meter, backend } = this.#options;
    meter.forget();
    const end = meter.begin({ kind: "orchestration", name: "", instanceId: "" });
    void life.worker.stop();
    void nextTurn()
      .then(() => {
        backend.expireLocks();
        return this.start();
      })
      .finally(end);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const stopping = this.#life?.worker.stop();
    let hasStopped = false;
    void stopping?.then(() => {
      hasStopped = true;
    });
    // What goes on all the same is left behind.
    for (let round = 0; round < 3 && stopping !== undefined && !hasStopped; round++) {
      await nextTurn();
      this.#options.clock.advance(500);
    }
  }
}
