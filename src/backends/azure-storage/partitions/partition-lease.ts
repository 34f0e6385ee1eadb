import { type EdmValue, edm, readBoolean, readDate, readString, type TableRow } from "../storage/table-row.ts";

/** Who may receive from one control queue; a row of the Partitions table. */
export interface PartitionLease {
  readonly queue: string;
  readonly etag: string;
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
  readonly isDeadWorker: (workerId: string) => boolean;
}

export type LeaseStep = "leave" | "claim" | "renew" | "drain" | "release";

/**
 * What a worker should do about one lease it just read. The outcome is written with the row's ETag, so of two workers
 * that decide alike one succeeds.
 *
 *   free, expired or its owner dead ──claim──▶ ours ──renew──▶ ours
 *                                               └── someone else is next ──drain──▶ ours, draining ──release──▶ free
 *
 * Taking partitions from living workers to even out the load would be a further step here ("ask"); nobody does it yet.
 */
export function nextLeaseStep(lease: PartitionLease, viewer: LeaseViewer, now: number): LeaseStep {
  const { workerId, isBusy, isDeadWorker } = viewer;
  const { owner, nextOwner, expiresAt } = lease;
  if (owner === workerId && nextOwner !== undefined && nextOwner !== workerId && !isDeadWorker(nextOwner)) {
    return isBusy ? "drain" : "release";
  }
  if (owner === workerId) return "renew";
  if (owner !== undefined && isDeadWorker(owner)) return "claim";
  if (expiresAt !== undefined && now >= expiresAt.getTime()) return "claim";
  if (owner !== undefined) return "leave";
  return nextOwner === undefined || nextOwner === workerId || isDeadWorker(nextOwner) ? "claim" : "leave";
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
  }
}

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
