import { isOwnedBy, type LeaseBlob } from "./lease-blob.ts";

export interface BalanceViewer {
  readonly workerId: string;
  readonly isDeadWorker: (workerId: string) => boolean;
  /** Takes from living workers what they have beyond their share. */
  readonly isStealing: boolean;
}

/** What of a set of leases a worker should take now: those nobody has, or one of another's. */
export interface LeaseChoice {
  readonly free: readonly LeaseBlob[];
  readonly stolen: LeaseBlob | undefined;
}

const nothing: LeaseChoice = { free: [], stolen: undefined };

/**
 * .NET's rule for leases on blobs: a worker takes up to its share (rounded up) of what is free, and only when nothing is,
 * one lease of the worker that has most. A worker that does not steal takes all that is free.
 */
export function chooseLeases(leases: readonly LeaseBlob[], viewer: BalanceViewer): LeaseChoice {
  const { workerId, isDeadWorker, isStealing } = viewer;
  const free = leases.filter((lease) => isFree(lease, isDeadWorker));
  if (!isStealing) return { free, stolen: undefined };
  const held = new Map<string, LeaseBlob[]>();
  for (const lease of leases) {
    if (free.includes(lease)) continue;
    const owner = lease.owner!.toLowerCase();
    held.set(owner, [...(held.get(owner) ?? []), lease]);
  }
  const mine = leases.filter((lease) => !free.includes(lease) && isOwnedBy(lease, workerId)).length;
  held.delete(workerId.toLowerCase());
  const workers = held.size + 1;
  const share = leases.length > workers ? Math.ceil(leases.length / workers) : 1;
  const lack = share - mine;
  if (lack <= 0) return nothing;
  if (free.length > 0) return { free: free.slice(0, lack), stolen: undefined };
  const largest = [...held.values()].reduce<readonly LeaseBlob[]>((a, b) => (b.length > a.length ? b : a), []);
  return largest.length > share - (lack > 1 ? 1 : 0) ? { free: [], stolen: largest[0] } : nothing;
}

/** One that is leased to nobody that could be read is left to run out. */
function isFree({ isLeased, owner }: LeaseBlob, isDeadWorker: BalanceViewer["isDeadWorker"]): boolean {
  return !isLeased || owner === undefined || isDeadWorker(owner);
}
