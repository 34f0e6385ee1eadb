import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { buildWorkerProcess } from "../support/worker-process.ts";
import { CrashLanes, type JudgedRun } from "./crash-lanes.ts";
import { describeFailure, isHistoryWrite, isRowWrite, pointsOf, type Recording } from "./crash-points.ts";
import { type FaultMode, type FaultPoint, faultModes, parsePoint } from "./fault-point.ts";
import { workloads } from "./workloads.ts";

/**
 * A worker's process is killed while a write of its is on its way: before it reaches the storage, or after it was done
 * and before the answer. Another process takes over, and in the end rows and histories must agree.
 *
 * `DURABLE_CRASH=all` does so at every write of every workload, and lets each write fail in other ways too
 * (`npm run test:crash`); the name of a workload does so with that one. A point, as failures print it, runs that one
 * alone. Without it a part is run: what has to do with rows, and some other writes by `DURABLE_SEED`.
 */
const asked = process.env["DURABLE_CRASH"] ?? "";
const seed = Number(process.env["DURABLE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const laneCount = 6;

/** Those whose every write is known to matter; the others are run with all the rest. */
const mainWorkloads = workloads.slice(0, 8).map(({ name }) => name);
const otherPointsInPart = 12;

let azurite: Azurite;
let lanes: CrashLanes;

beforeAll(async () => {
  await buildWorkerProcess();
  azurite = await startAzurite();
  lanes = new CrashLanes(azurite, laneCount);
});

afterAll(async () => {
  await lanes.close();
  await azurite.stop();
});

function choosePart(recordings: readonly Recording[]): FaultPoint[] {
  const points = recordings.flatMap((recording) => pointsOf(recording, ["kill before", "kill after"], seed));
  // The row of an entity is written anew with every batch: those are among the others.
  const isAboutRows = ({ label, mode }: FaultPoint) => {
    return (
      (isRowWrite(label) && !label.includes(" of @") && mode === "kill before") ||
      (isHistoryWrite(label) && label.includes("in part"))
    );
  };
  const others = points.filter((point) => !isAboutRows(point));
  const random = new SeededRandom(seed);
  while (others.length > otherPointsInPart) others.splice(random.below(others.length), 1);
  // The large workloads are not run all at once.
  return random.shuffle([...points.filter(isAboutRows), ...others]);
}

function chooseAll(recordings: readonly Recording[]): FaultPoint[] {
  const everywhere: readonly FaultMode[] = ["kill before", "kill after", "answer lost", "500"];
  return recordings.flatMap((recording) => [
    ...pointsOf(recording, everywhere, seed),
    ...pointsOf(
      { ...recording, labels: recording.labels.filter(isRowWrite) },
      faultModes.filter((mode) => mode.startsWith("refused")),
      seed,
    ),
  ]);
}

/** One line for each workload and mode. */
function summarize(judged: readonly JudgedRun[]): string {
  const groups = new Map<string, JudgedRun[]>();
  for (const each of judged) {
    const { workload, mode } = each.run.point!;
    const key = `${workload}, ${mode}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const lines = [...groups].map(([key, runs]) => {
    const failed = runs.filter(({ failures }) => failures.length > 0).length;
    const unfired = runs.filter(({ run }) => !run.fired).length;
    const repeated = runs.filter(({ run }) => run.repeatedAnswers.length > 0).length;
    const slowest = Math.max(0, ...runs.map(({ run }) => run.healedMs ?? 0));
    return (
      `  ${key}: ${runs.length} runs, ${failed} failed, ${unfired} never came; ` +
      `${repeated} with repeated answers in history; slowest recovery ${(slowest / 1000).toFixed(1)} s`
    );
  });
  return [`seed ${seed}`, ...lines, ""].join("\n");
}

const choices: ReadonlyMap<string, (recordings: readonly Recording[]) => FaultPoint[]> = new Map([
  ["", choosePart],
  ["all", chooseAll],
  ...workloads.map(({ name }) => [name, chooseAll] as const),
]);
const choose = choices.get(asked) ?? (() => [parsePoint(asked)]);

function chooseWorkloads(): readonly string[] {
  if (asked === "") return mainWorkloads;
  if (asked === "all") return workloads.map(({ name }) => name);
  return [choices.has(asked) ? asked : parsePoint(asked).workload];
}

it("leaves every row as its history says, whatever write a process dies at", { timeout: 4 * 3600_000 }, async () => {
  const recordings = await lanes.recordAll(chooseWorkloads());
  const points = choose(recordings);

  const judged = await lanes.runAll(points, recordings);

  process.stdout.write(summarize(judged));
  const failed = judged.filter(({ failures }) => failures.length > 0);
  // Not an assertion on the text, which reports would cut.
  if (failed.length > 0)
    throw new Error(failed.map(({ run, failures }) => describeFailure(run, failures, seed)).join("\n\n"));
  if (choices.has(asked)) expect(points.length).toBeGreaterThan(40);
});
