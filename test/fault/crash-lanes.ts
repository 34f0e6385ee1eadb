import type { Azurite } from "../support/azurite.ts";
import { CrashLane, type CrashRun } from "./crash-lane.ts";
import { findFailures, type Recording, record } from "./crash-points.ts";
import type { FaultPoint } from "./fault-point.ts";

export interface JudgedRun {
  readonly run: CrashRun;
  readonly failures: readonly string[];
}

/** A write that comes late in one run may come never in another: timing decides how answers are taken together. */
const triesUntilFired = 3;

/** Several lanes on one store. */
export class CrashLanes {
  readonly #lanes: readonly CrashLane[];

  constructor(azurite: Azurite, count: number) {
    this.#lanes = Array.from({ length: count }, () => new CrashLane(azurite));
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  async recordAll(workloads: readonly string[]): Promise<readonly Recording[]> {
    return await this.#spread(workloads, (lane, workload) => record(lane, workload));
  }

  async runAll(
    points: readonly FaultPoint[],
    recordings: readonly Recording[],
    onJudged: (judged: JudgedRun, done: number) => void = () => undefined,
  ): Promise<readonly JudgedRun[]> {
    let done = 0;
    return await this.#spread(points, async (lane, point) => {
      const recording = recordings.find(({ workload }) => workload === point.workload)!;
      let run = await lane.run(point.workload, point);
      for (let tries = 1; tries < triesUntilFired && !run.fired; tries++) run = await lane.run(point.workload, point);
      const judged = { run, failures: findFailures(run, recording) };
      onJudged(judged, ++done);
      return judged;
    });
  }

  /** Results in the order of the items. */
  async #spread<Item, Result>(
    items: readonly Item[],
    work: (lane: CrashLane, item: Item) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    const pending = items.entries();
    const drain = async (lane: CrashLane) => {
      for (const [index, item] of pending) results[index] = await work(lane, item);
    };
    await Promise.all(this.#lanes.map(drain));
    return results;
  }
}
