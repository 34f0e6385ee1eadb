import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { auditHub } from "../support/hub-audit.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { repairBoundMs } from "./crash-lane.ts";
import { shortTiming } from "./crash-stage.ts";
import { type Death, MortalTransport, openMortalWorker } from "./mortal-worker.ts";
import type { Workload } from "./workload.ts";
import { findWorkload } from "./workloads.ts";

/**
 * A worker dies at each storage write of a workload, just before it or just after it was done, and another takes over.
 * Death is simulated at the storage seam: from then on nothing the dead worker asks for reaches the storage.
 *
 * Faster than the death of a process, so that more of them are in every run. `DURABLE_SEED` chooses which, where a
 * workload has too many; `DURABLE_CRASH=all` runs all of those of middle size (`npm run test:crash`).
 */
const isWhole = process.env["DURABLE_CRASH"] === "all";
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const seed = Number(process.env["DURABLE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const hubsAtOnce = 8;

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

interface Run {
  readonly violations: readonly string[];
  readonly steps: number;
  readonly died: boolean;
  readonly activityRuns: readonly string[];
  readonly trace: readonly string[];
}

let hubs = 0;

async function run(workload: Workload, death: Death | undefined): Promise<Run> {
  const taskHub = `Death${process.pid}x${++hubs}`;
  const { connectionString } = azurite;
  const { partitionCount } = shortTiming;
  const { store } = createAzureStorageTaskHub({
    ...ports,
    connectionString,
    taskHub,
    partitionCount,
    workerId: "client",
  });
  const client = new TaskHubClient({ store, ...ports });
  const ledger: string[] = [];
  let isRepaired = false;
  const transport = new MortalTransport(death);
  const common = { workload, connectionString, taskHub, ledger, isRepaired: () => isRepaired };
  const first = openMortalWorker({ ...common, workerId: "first", transport });
  const successor = new MortalTransport(undefined);
  const second = openMortalWorker({ ...common, workerId: "second", transport: successor });

  await store.createTaskHub();
  await workload.prepare(client);
  await first.start();
  const repair = () => {
    isRepaired = true;
  };
  const driven = workload.drive?.({ client, repair });
  const audit = (deadlineMs: number) =>
    auditHub({ connectionString, taskHub }, workload.expected, { deadlineMs, giveUp: () => transport.isDead });
  let outcome = await audit(60_000);
  if (transport.isDead) {
    await second.start();
    outcome = await auditHub({ connectionString, taskHub }, workload.expected, { deadlineMs: repairBoundMs });
  }
  await driven;

  // The last delete of the fault-free run may come after the row.
  await systemClock.sleep(200);
  await Promise.all([first.stop(), second.stop()]);
  await store.deleteTaskHub();
  return {
    violations: outcome.violations,
    steps: transport.steps,
    died: transport.isDead,
    activityRuns: ledger,
    trace: [...transport.trace, "the successor:", ...successor.trace],
  };
}

/** All deaths of a workload, or as many by the seed. */
function deathsOf(steps: number, limit: number): Death[] {
  const deaths = Array.from({ length: steps }, (_, index) => index + 1).flatMap((step): Death[] => [
    { step, when: "before" },
    { step, when: "after" },
  ]);
  const random = new SeededRandom(seed);
  while (deaths.length > limit) deaths.splice(random.below(deaths.length), 1);
  return deaths;
}

it.each([
  { name: "chain", limit: Number.POSITIVE_INFINITY },
  { name: "tree", limit: isWhole ? 100 : 16 },
  { name: "continue as new", limit: isWhole ? 100 : 16 },
  { name: "event vs timer", limit: 16 },
  { name: "fan-out 10", limit: 16 },
  { name: "large payloads", limit: 16 },
  { name: "entities", limit: isWhole ? 100 : 16 },
  { name: "transfer", limit: isWhole ? 100 : 16 },
])(
  "leaves rows, history and queues in order wherever the worker dies: $name",
  { timeout: 1_200_000 },
  async ({ name, limit }) => {
    const workload = findWorkload(name);
    const oracle = await run(workload, undefined);
    expect(oracle.violations).toEqual([]);
    const deaths = deathsOf(oracle.steps, limit);

    const failures: string[] = [];
    let unreached = 0;
    const pending = deaths.values();
    const drain = async (): Promise<void> => {
      for (const death of pending) {
        let result = await run(workload, death);
        // How answers come together decides how many writes there are: one that comes late may come never.
        for (let tries = 1; tries < 3 && !result.died; tries++) result = await run(workload, death);
        if (!result.died) unreached++;
        const problems = describeProblems(result, oracle);
        if (problems.length === 0) continue;
        const where = `death ${death.when} write ${death.step}, DURABLE_SEED=${seed}`;
        failures.push([where, ...problems, ...result.trace].join("\n    "));
      }
    };
    await Promise.all(Array.from({ length: hubsAtOnce }, drain));

    // Not an assertion on the text, which reports would cut.
    if (failures.length > 0) throw new Error(failures.join("\n"));
    expect(deaths.length).toBeGreaterThan(15);
    expect(unreached).toBeLessThan(deaths.length / 4);
  },
);

function describeProblems(result: Run, oracle: Run): string[] {
  const problems = [...result.violations];
  for (const activity of new Set(oracle.activityRuns)) {
    const count = (runs: readonly string[]) => runs.filter((run) => run === activity).length;
    const repeats = count(result.activityRuns) - count(oracle.activityRuns);
    // One death can hit a checkpoint, whose request is sent again, and the run of that request, which is delivered again.
    if (repeats < 0 || repeats > 2) problems.push(`${activity} ran ${count(result.activityRuns)} times`);
  }
  return problems;
}
