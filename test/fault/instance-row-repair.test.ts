import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { buildWorkerProcess, WorkerProcess } from "../support/worker-process.ts";
import { CrashLane, repairBoundMs } from "./crash-lane.ts";
import { CrashStage, shortTiming } from "./crash-stage.ts";
import { FaultInjector, type FaultMode, type FaultPlan } from "./fault-point.ts";
import { findWorkload } from "./workloads.ts";

/** A row that is behind its history is right again within a bound, without another message to its instance. */
let azurite: Azurite;

beforeAll(async () => {
  await buildWorkerProcess();
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

/** Instances of three kinds: started by a client, by a parent that waits, by one that does not; and a last generation. */
const instances = [
  ["chain", "root"],
  ["tree", "moody"],
  ["tree", "detached"],
  ["continue as new", "root"],
] as const;

/** Every write of one row fails; all else works. */
interface Outage {
  readonly workload: string;
  readonly instanceId: string;
  readonly mode: FaultMode;
  readonly lasts: { readonly times: number } | { readonly ms: number };
}

interface Repair {
  readonly what: string;
  /** From the end of the fault; `undefined` when the row was not repaired. */
  readonly healedMs: number | undefined;
  readonly problems: readonly string[];
  readonly trace: readonly string[];
}

class RowOutage {
  readonly #outage: Outage;
  #refused = 0;
  #beganAt: number | undefined;

  constructor(outage: Outage) {
    this.#outage = outage;
  }

  readonly plan: FaultPlan = (label) => {
    const { instanceId, lasts, mode } = this.#outage;
    if (!label.startsWith(`write row of ${instanceId} `)) return undefined;
    this.#beganAt ??= performance.now();
    const isOver = "times" in lasts ? this.#refused >= lasts.times : performance.now() >= this.#beganAt + lasts.ms;
    if (isOver) return undefined;
    this.#refused++;
    return mode;
  };

  /** By `performance.now()`. An outage of a number of writes is over with the last of them that came. */
  endsAt(lastFaultAt: number | undefined): number | undefined {
    const { lasts } = this.#outage;
    return "times" in lasts ? lastFaultAt : this.#beganAt && this.#beganAt + lasts.ms;
  }
}

async function outlast(outage: Outage): Promise<Repair> {
  const { workload, instanceId, mode, lasts } = outage;
  const worker = new WorkerProcess();
  const rowOutage = new RowOutage(outage);
  const injector = new FaultInjector(rowOutage.plan, () => worker.kill());
  const stage = await CrashStage.open(azurite, { workload: findWorkload(workload), injector, timing: shortTiming });
  await worker.open(stage.workerOptions("only"));
  const endsAt = () => rowOutage.endsAt(injector.lastFaultAt);
  const { cleanAt, violations } = await stage.audit({
    deadlineMs: 180_000,
    giveUp: () => performance.now() > (endsAt() ?? Number.POSITIVE_INFINITY) + repairBoundMs,
  });
  const trace = [...injector.trace, ...worker.log];
  await worker.close();
  await worker.kill();
  await stage.close();
  const end = endsAt();
  const time = "times" in lasts ? `${lasts.times} times` : `for ${lasts.ms} ms`;
  return {
    what: `${workload}: row of ${instanceId}, ${mode} ${time}`,
    healedMs: end === undefined || cleanAt === undefined ? undefined : Math.max(0, cleanAt - end),
    problems: [...stage.problems, ...violations, ...(end === undefined ? ["its row was never written"] : [])],
    trace,
  };
}

/** Prints what was measured. Fails with the traces of what was not repaired in time. */
function expectRepaired(title: string, repairs: readonly Repair[], boundMs: number): void {
  const lines = repairs.map(({ what, healedMs }) => `  ${what}: ${healedMs?.toFixed(0) ?? "not in"} ms`);
  process.stdout.write(`${title}\n${lines.join("\n")}\n`);
  const late = repairs.filter(({ healedMs, problems }) => problems.length > 0 || (healedMs ?? boundMs) >= boundMs);
  const failures = late.map(({ what, problems, trace }) => [what, ...problems, ...trace].join("\n    "));
  expect(failures.join("\n")).toBe("");
}

it.each(["503", "refused 404", "refused 409", "refused 412"] as const)(
  "is right soon after its writes have stopped to fail: %s",
  { timeout: 240_000 },
  async (mode) => {
    const lengths = [{ times: 1 }, { times: 3 }, { ms: 20_000 }];
    const repairs = await Promise.all(
      instances.flatMap(([workload, instanceId]) =>
        lengths.map((lasts) => outlast({ workload, instanceId, mode, lasts })),
      ),
    );

    expectRepaired("from the end of the outage until the row was right:", repairs, repairBoundMs);
  },
);

/** The last moment at which only history knows. */
const deaths = [
  ["chain", "write history of root ends #1"],
  ["tree", "write history of moody begins #1"],
  ["tree", "write history of moody begins #2"],
  ["tree", "write history of detached begins #1"],
  ["tree", "write history of detached ends #1"],
  ["continue as new", "write history of root begins #2"],
  ["continue as new", "write history of root begins and ends #1"],
] as const;

async function survive(
  [workload, label]: (typeof deaths)[number],
  options: Parameters<CrashLane["run"]>[2],
): Promise<Repair> {
  const lane = new CrashLane(azurite);
  const run = await lane.run(workload, { workload, label, mode: "kill after" }, options);
  await lane.close();
  return {
    what: `${workload}: killed after ${label}`,
    healedMs: run.healedMs,
    problems: run.fired ? run.violations : ["this write was never made"],
    trace: run.trace,
  };
}

it("is right soon after the worker that owed it has died", { timeout: 240_000 }, async () => {
  const repairs = await Promise.all(deaths.map((death) => survive(death, {})));

  expectRepaired("from the start of the successor until the row was right:", repairs, repairBoundMs);
});

it("is right soon after a worker of a shared store has died, with the default times", {
  timeout: 400_000,
}, async () => {
  const timing = { partitionCount: 2, isOnlyWorker: false };
  const repairs = await Promise.all(deaths.map((death) => survive(death, { timing, patienceMs: 150_000 })));

  expectRepaired("from the start of the successor until the row was right, by default:", repairs, repairBoundMs);
});
