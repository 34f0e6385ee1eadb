import { SeededRandom } from "../support/seeded-random.ts";
import type { CrashLane, CrashRun } from "./crash-lane.ts";
import { type FaultMode, type FaultPoint, formatPoint } from "./fault-point.ts";
import { findWorkload } from "./workloads.ts";

/** What a workload does without faults. */
export interface Recording {
  readonly workload: string;
  /** Labels of the writes that every recorded run made, in the order of the first. */
  readonly labels: readonly string[];
  readonly activityRuns: ReadonlyMap<string, number>;
}

const recordedRuns = 3;

/** Runs a workload some times without faults. @throws Error when such a run does not leave the hub in order */
export async function record(lane: CrashLane, workload: string): Promise<Recording> {
  const runs: CrashRun[] = [];
  for (let run = 0; run < recordedRuns; run++) runs.push(await lane.run(workload, undefined));
  const violations = runs.flatMap((run) => run.violations);
  if (violations.length > 0) throw new Error(`${workload} without faults: ${violations.join("; ")}`);
  const [first, ...others] = runs;
  const labels = first!.labels.filter((label) => {
    // Renewals of what is held come by the clock, and by how busy the machine is.
    return !label.startsWith("hide ") && others.every((run) => run.labels.includes(label));
  });
  return { workload, labels, activityRuns: first!.activityRuns };
}

/** All points of a recording; of many writes of one kind the first, the last and some others. */
export function pointsOf(recording: Recording, modes: readonly FaultMode[], seed: number): FaultPoint[] {
  const { workload } = recording;
  const sampleOf = findWorkload(workload).sampleOf ?? Number.POSITIVE_INFINITY;
  const random = new SeededRandom(seed);
  const families = new Map<string, string[]>();
  for (const label of recording.labels) {
    const family = familyOf(label);
    families.set(family, [...(families.get(family) ?? []), label]);
  }
  return [...families.values()].flatMap((family) => {
    const inner = family.slice(1, -1);
    while (inner.length + 2 > sampleOf) inner.splice(random.below(inner.length), 1);
    const chosen = family.length <= sampleOf ? family : [family[0]!, ...inner, family.at(-1)!];
    return chosen.flatMap((label) => modes.map((mode): FaultPoint => ({ workload, mode, label })));
  });
}

/** `send TaskScheduled(7) to root #1` is one of `send TaskScheduled to root`. */
function familyOf(label: string): string {
  return label.replace(/\(\d+\)/, "").replace(/ #\d+$/, "");
}

export function isRowWrite(label: string): boolean {
  return label.startsWith("write row of ");
}

export function isHistoryWrite(label: string): boolean {
  return label.startsWith("write history of ");
}

/**
 * Repeats of one activity beyond its runs without faults: a repeated episode, its old request and its new one. Each lock
 * that ran out may make another.
 */
const mostRepeats = 2;

/** Why a run is no proof; empty when row and history agree and nothing was lost. */
export function findFailures(run: CrashRun, recording: Recording): string[] {
  if (!run.fired) return ["this write was never made", ...run.violations];
  const failures = [...run.violations];
  for (const [activity, times] of recording.activityRuns) {
    const ran = run.activityRuns.get(activity) ?? 0;
    if (ran < times) failures.push(`${activity} ran ${ran} times, not ${times}`);
    if (ran > times + mostRepeats + run.lostLocks) failures.push(`${activity} ran ${ran} times`);
  }
  return failures;
}

/** What a reader needs to see a failure again. */
export function describeFailure(run: CrashRun, failures: readonly string[], seed: number): string {
  const point = formatPoint(run.point!);
  return [
    point,
    ...failures.map((failure) => `  ${failure}`),
    ...run.trace.slice(-60).map((line) => `    ${line}`),
    `  seed ${seed}; again: DURABLE_CRASH='${point}' npx vitest run --project fault test/fault/crash-of-processes.test.ts`,
  ].join("\n");
}
