import { type LeaseStep, type LeaseViewer, nextLeaseStep, type PartitionLease } from "./partition-lease.ts";

/** What a worker should do about a lease of its hub. */
export interface PlannedStep {
  readonly lease: PartitionLease;
  readonly step: LeaseStep;
}

/**
 * What a worker should do about all leases of a hub: each by itself, and then, of what living workers have beyond their
 * share, what this one lacks is asked for. The share is reckoned as .NET reckons it, so that workers of both kinds come
 * to rest at numbers that differ by one at most.
 *
 * @param viewerOf this worker, as it sees a lease
 */
export function planPartitions(
  leases: readonly PartitionLease[],
  viewerOf: (lease: PartitionLease) => LeaseViewer,
  now: number,
): readonly PlannedStep[] {
  const plan = leases.map((lease) => ({ lease, step: nextLeaseStep(lease, viewerOf(lease), now) }));
  const viewer = leases[0] && viewerOf(leases[0]);
  if (viewer === undefined || viewer.isLeaving) return plan;
  const asked = new Set(chooseFromOthers(plan, viewer));
  return plan.map((planned) => (asked.has(planned.lease) ? { lease: planned.lease, step: "ask" as const } : planned));
}

/** Whose a partition is as soon as everybody has done what is asked: `undefined` when another than the worker decides. */
function holderOf({ lease, step }: PlannedStep, { workerId, isDeadWorker }: LeaseViewer): string | undefined {
  if (step === "claim" || step === "renew" || step === "ask") return workerId;
  if (step !== "leave") return undefined;
  const { owner, nextOwner } = lease;
  return nextOwner !== undefined && !isDeadWorker(nextOwner) ? nextOwner : owner;
}

/**
 * .NET's rule. Whoever has less than the average of all who have any takes what others have beyond it; whoever has just
 * that takes one from a worker that has two more.
 */
function chooseFromOthers(plan: readonly PlannedStep[], viewer: LeaseViewer): readonly PartitionLease[] {
  let mine = 0;
  const others = new Map<string, PartitionLease[]>();
  for (const planned of plan) {
    const holder = holderOf(planned, viewer);
    if (holder === viewer.workerId) mine++;
    else if (holder !== undefined) others.set(holder, [...(others.get(holder) ?? []), planned.lease]);
  }
  const share = Math.floor(plan.length / (others.size + 1));
  const chosen: PartitionLease[] = [];
  // From whoever has most.
  for (const [holder, held] of [...others].sort(([, a], [, b]) => b.length - a.length)) {
    const excess = held.length - share;
    const lack = share - mine - chosen.length;
    if (lack < 0 || excess <= 0) break;
    const count = Math.min(lack === 0 && excess > 1 ? 1 : lack, excess);
    // One that is on its way to its holder would be on its way for longer still.
    const settled = held.filter(({ owner, nextOwner }) => owner === holder && nextOwner === undefined);
    chosen.push(...settled.slice(0, count));
  }
  return chosen;
}
