import type { PartitionManagement } from "../../../core/partition-management.ts";
import type { ListedLease } from "../storage/storage-request.ts";
import { readDate, type TableRow } from "../storage/table-row.ts";

/** What a hub shows of how it is kept. */
export interface ManagementEvidence {
  /** Of the Partitions table. */
  readonly rows: readonly TableRow[];
  /** Of the container of leases. */
  readonly blobs: readonly ListedLease[];
}

export interface FoundManagement {
  readonly management: PartitionManagement;
  /** Workers are at it now. */
  readonly isInUse: boolean;
}

/** Longer than any worker leaves a lease of its own alone. */
const recentMs = 60_000;

/**
 * How a hub is kept, as far as it shows: by those who work on it now, else by those who did. `undefined` for one on which
 * nobody has worked yet.
 */
export function detectManagement({ rows, blobs }: ManagementEvidence, now: number): FoundManagement | undefined {
  const renewals = rows.flatMap((row) => readDate(row, "LastRenewal")?.getTime() ?? []);
  if (renewals.some((at) => now - at < recentMs)) return { management: "table", isInUse: true };
  const folders = [
    ["intent/", "safe"],
    ["default/", "legacy"],
  ] as const;
  for (const [folder, management] of folders) {
    if (blobs.some(({ blob, isLeased }) => isLeased && blob.startsWith(folder))) return { management, isInUse: true };
  }
  if (renewals.length > 0) return { management: "table", isInUse: false };
  const found = folders.find(([folder]) => blobs.some(({ blob }) => blob.startsWith(folder)));
  return found && { management: found[1], isInUse: false };
}
