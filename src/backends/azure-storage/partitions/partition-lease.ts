import { type EdmValue, edm, readBoolean, readDate, readString, type TableRow } from "../storage/table-row.ts";

/** Who may receive from one control queue; a row of the Partitions table. */
export interface PartitionLease {
  readonly queue: string;
  /** `undefined` when there is no row. */
  readonly etag: string | undefined;
  readonly owner: string | undefined;
  /** Asks the owner to give the partition up. */
  readonly nextOwner: string | undefined;
  readonly ownedSince: Date | undefined;
  readonly lastRenewal: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly isDraining: boolean;
}

/** The worker that looks at a lease. */
export interface LeaseViewer {
  readonly workerId: string;
  /** Work items of the partition are still under way here. */
  readonly isBusy: boolean;
  /** Nobody has touched the row for longer than a worker leaves a lease of its own alone. */
  readonly isUntouched: boolean;
  /** The worker stops: it gives up what it has and takes nothing. */
  readonly isLeaving: boolean;
  readonly isDeadWorker: (workerId: string) => boolean;
}

export type LeaseStep = "leave" | "claim" | "renew" | "drain" | "release" | "ask";

/**
 * What a worker should do about one lease it just read. The outcome is written with the row's ETag, so of two workers
 * that decide alike one succeeds. These are the rules of .NET's table partition manager; beyond them, what a dead worker
 * has or wants is free at once, and a row whose dates say nothing runs out by not being touched.
 *
 *   free, expired or its owner dead ──claim──▶ ours ──renew──▶ ours
 *                                               └── someone else is next, or we leave ──drain──▶ ──release──▶ free
 *   another's, who is leaving ──ask──▶ another's, we are next ──(released)──claim──▶ ours
 *
 * What living workers have too much of is asked for by `planPartitions`.
 */
export function nextLeaseStep(lease: PartitionLease, viewer: LeaseViewer, now: number): LeaseStep {
  const { workerId, isBusy, isLeaving, isDeadWorker } = viewer;
  const { owner } = lease;
  const nextOwner = lease.nextOwner !== undefined && isDeadWorker(lease.nextOwner) ? undefined : lease.nextOwner;
  if (owner === workerId) {
    const isWanted = nextOwner !== undefined && nextOwner !== workerId;
    if (!isWanted && !isLeaving) return "renew";
    return isBusy ? "drain" : "release";
  }
  if (isLeaving) return "leave";
  if (owner !== undefined && isDeadWorker(owner)) return "claim";
  if (hasRunOut(lease, viewer, now)) return "claim";
  if (owner !== undefined) return lease.isDraining && nextOwner === undefined ? "ask" : "leave";
  return nextOwner === undefined || nextOwner === workerId ? "claim" : "leave";
}

/** No worker holds a lease for longer without renewing it. */
const longestLeaseMs = 15 * 60_000;

/** The dates of a row that somebody has damaged mean nothing. */
export function hasCredibleEnd({ expiresAt }: PartitionLease, now: number): boolean {
  return expiresAt !== undefined && expiresAt.getTime() <= now + longestLeaseMs;
}

function hasRunOut(lease: PartitionLease, { isUntouched }: LeaseViewer, now: number): boolean {
  return hasCredibleEnd(lease, now) ? now >= lease.expiresAt!.getTime() : isUntouched;
}

/** The lease after a step; `undefined` when the row stays as it is. */
export function applyLeaseStep(
  lease: PartitionLease,
  step: LeaseStep,
  workerId: string,
  now: number,
  leaseIntervalMs: number,
): PartitionLease | undefined {
  const renewal = { lastRenewal: new Date(now), expiresAt: new Date(now + leaseIntervalMs) };
  switch (step) {
    case "leave":
      return undefined;
    case "claim":
      return {
        ...lease,
        ...renewal,
        owner: workerId,
        nextOwner: undefined,
        ownedSince: new Date(now),
        isDraining: false,
      };
    case "renew":
      return { ...lease, ...renewal, nextOwner: undefined, isDraining: false };
    case "drain":
      return { ...lease, ...renewal, isDraining: true };
    case "release":
      return { ...lease, owner: undefined, isDraining: false };
    case "ask":
      return { ...lease, nextOwner: workerId };
  }
}

/** The lease of a partition that has no row, or that nobody has had yet. */
export function freeLease(queue: string): PartitionLease {
  return {
    queue,
    etag: undefined,
    owner: undefined,
    nextOwner: undefined,
    ownedSince: undefined,
    lastRenewal: undefined,
    expiresAt: undefined,
    isDraining: false,
  };
}

/** What cannot be read, because somebody has damaged it, counts as absent. */
export function fromLeaseRow(row: TableRow): PartitionLease {
  return {
    queue: row.rowKey,
    etag: row.etag ?? "*",
    owner: readString(row, "CurrentOwner") || undefined,
    nextOwner: readString(row, "NextOwner") || undefined,
    ownedSince: readDate(row, "OwnedSince"),
    lastRenewal: readDate(row, "LastRenewal"),
    expiresAt: readDate(row, "ExpiresAt"),
    isDraining: readBoolean(row, "IsDraining") ?? false,
  };
}

/** Rows are replaced, so what is absent here is absent there. */
export function toLeaseRow(lease: PartitionLease): TableRow {
  const columns = new Map<string, EdmValue>([["IsDraining", edm.boolean(lease.isDraining)]]);
  if (lease.owner !== undefined) columns.set("CurrentOwner", edm.string(lease.owner));
  if (lease.nextOwner !== undefined) columns.set("NextOwner", edm.string(lease.nextOwner));
  if (lease.ownedSince) columns.set("OwnedSince", edm.dateTime(lease.ownedSince.toISOString()));
  if (lease.lastRenewal) columns.set("LastRenewal", edm.dateTime(lease.lastRenewal.toISOString()));
  if (lease.expiresAt) columns.set("ExpiresAt", edm.dateTime(lease.expiresAt.toISOString()));
  return { partitionKey: "", rowKey: lease.queue, columns };
}
