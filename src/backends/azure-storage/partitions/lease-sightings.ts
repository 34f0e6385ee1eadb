import { hasCredibleEnd, type PartitionLease } from "./partition-lease.ts";

/** A lease that is held was renewed within it, by any clock that is not very wrong. */
const credibleAgeMs = 10 * 60_000;
/** Of a worker's id: hexadecimal digits behind it, for one that shares its name with another process. */
const suffixLength = 8;

/**
 * What this worker remembers of the rows that it has seen: how long one has been as it is, or missing, and which it has
 * written itself.
 */
export class LeaseSightings {
  readonly #abandonedMs: number;
  readonly #seen = new Map<string, { readonly etag: string | undefined; readonly since: number }>();
  /** Times at which this worker has renewed: how it knows its own writes, also when it was not told that they were done. */
  readonly #renewals = new Set<number>();

  /** @param abandonedMs a row that has been the same for so long belongs to nobody, whatever its dates say */
  constructor(abandonedMs: number) {
    this.#abandonedMs = abandonedMs;
  }

  see(leases: readonly PartitionLease[], now: number): void {
    for (const { queue, etag } of leases) {
      const seen = this.#seen.get(queue);
      if (seen === undefined || seen.etag !== etag) this.#seen.set(queue, { etag, since: now });
    }
  }

  isUntouched(queue: string, now: number): boolean {
    const seen = this.#seen.get(queue);
    return seen !== undefined && now - seen.since >= this.#abandonedMs;
  }

  /** To be told before the write. */
  noteRenewal(now: number): void {
    this.#renewals.add(now);
    if (this.#renewals.size > 1000) this.#renewals.delete(this.#renewals.values().next().value!);
  }

  /** A living process has our id: the row says that it is ours, and somebody else keeps it so. */
  isOfNamesake(lease: PartitionLease, workerId: string, now: number): boolean {
    const { owner, lastRenewal, expiresAt } = lease;
    if (owner !== workerId || lastRenewal === undefined || expiresAt === undefined) return false;
    const renewedAt = lastRenewal.getTime();
    if (this.#renewals.has(renewedAt) || Math.abs(now - renewedAt) > credibleAgeMs) return false;
    return hasCredibleEnd(lease, now) && expiresAt.getTime() > now && expiresAt.getTime() > renewedAt;
  }
}

/** @param random hexadecimal digits */
export function uniqueWorkerId(workerId: string, random: string): string {
  return `${workerId}-${random.slice(0, suffixLength)}`;
}
