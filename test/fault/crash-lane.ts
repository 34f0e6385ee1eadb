import { systemClock } from "../../src/core/system-ports.ts";
import type { Azurite } from "../support/azurite.ts";
import type { HubReport } from "../support/hub-audit.ts";
import { WorkerProcess, type WorkerTiming } from "../support/worker-process.ts";
import { CrashStage, shortTiming } from "./crash-stage.ts";
import { FaultInjector, type FaultPoint, planOf } from "./fault-point.ts";
import { findWorkload } from "./workloads.ts";

export interface CrashRun extends HubReport {
  readonly point: FaultPoint | undefined;
  readonly fired: boolean;
  /** From the fault, or from the start of the successor, until the hub was in order. */
  readonly healedMs: number | undefined;
  /** The same for the row of the watched instance alone. */
  readonly rowRightMs: number | undefined;
  /** Labels of the writes of the workload, with those of the recovery. */
  readonly labels: readonly string[];
  /** Runs of each activity. */
  readonly activityRuns: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
  /** Locks that ran out: the machine was too busy to renew them, or a redelivery met the first delivery. */
  readonly lostLocks: number;
}

export interface CrashRunOptions {
  readonly timing?: WorkerTiming;
  readonly watched?: string;
  readonly patienceMs?: number;
}

/** How long a hub that is not in order may stay as it is, once everything works again. */
export const repairBoundMs = 30_000;
/** What a hub may take to have no messages left, after its rows are right. */
const slackMs = 5000;
const faultFreeBoundMs = 120_000;
/** What is cleared away in the background comes after everything that can be seen. */
const lastWritesMs = 300;

/** Runs workloads one after the other, with processes that are killed and replaced. */
export class CrashLane {
  readonly #azurite: Azurite;
  #worker = new WorkerProcess();
  #spare = new WorkerProcess();

  constructor(azurite: Azurite) {
    this.#azurite = azurite;
  }

  async close(): Promise<void> {
    await Promise.all([this.#worker.kill(), this.#spare.kill()]);
  }

  /**
   * @param point `undefined` for a run without a fault
   * @param options.watched id of an instance whose row is looked at by itself
   * @param options.patienceMs how long the hub may stay as it is when it is not in order. @defaultValue {@link repairBoundMs} and a little
   */
  async run(workloadName: string, point: FaultPoint | undefined, options: CrashRunOptions = {}): Promise<CrashRun> {
    const { timing = shortTiming, patienceMs = repairBoundMs + slackMs, watched } = options;
    const injector = new FaultInjector(planOf(point), () => this.#worker.kill());
    const workload = findWorkload(workloadName);
    const stage = await CrashStage.open(this.#azurite, { workload, injector, timing });
    await this.#worker.open(stage.workerOptions("first")).catch((error: Error) => {
      if (!this.#worker.isDead) stage.note("the worker")(error);
    });
    let outcome = await stage.audit({
      deadlineMs: faultFreeBoundMs,
      giveUp: () => injector.lastFaultAt !== undefined,
    });
    await systemClock.sleep(lastWritesMs);
    const logged: string[] = [];
    let healedMs: number | undefined;
    let rowRightMs: number | undefined;
    if (injector.lastFaultAt !== undefined) {
      await injector.fired;
      if (this.#worker.isDead) {
        logged.push(...this.#worker.log);
        this.#worker = this.#spare;
        this.#spare = new WorkerProcess();
        await this.#worker.open(stage.workerOptions("second")).catch(stage.note("the successor"));
      }
      const healsFrom = performance.now();
      const rowRight = watched === undefined ? undefined : stage.waitForRow(watched, patienceMs);
      outcome = await stage.audit({ deadlineMs: patienceMs });
      healedMs = outcome.cleanAt && outcome.cleanAt - healsFrom;
      const rowRightAt = await rowRight;
      rowRightMs = rowRightAt && rowRightAt - healsFrom;
    }
    const activityRuns = stage.activityRuns();
    logged.push(...this.#worker.log);
    await this.#worker.close();
    await stage.close();
    return {
      point,
      fired: injector.lastFaultAt !== undefined,
      violations: [...stage.problems, ...outcome.violations],
      repeatedAnswers: outcome.repeatedAnswers,
      healedMs,
      rowRightMs,
      labels: injector.labels,
      activityRuns,
      lostLocks: logged.filter((line) => line.includes("LockLost")).length,
      trace: [...injector.trace, ...logged, `messages not deleted: ${injector.openMessages.join(", ") || "none"}`],
    };
  }
}
