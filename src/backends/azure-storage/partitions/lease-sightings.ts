import { hasCredibleEnd, type PartitionLease } from "./partition-lease.ts";

/** `silent`: not renewed since it was first seen, and not for long enough to be dead. */
export type Namesake = "none" | "silent" | "alive" | "dead";

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
  readonly #silentMs: number;
  readonly #seen = new Map<string, { readonly etag: string | undefined; readonly since: number }>();
  /** Times at which this worker has renewed: how it knows its own writes, also when it was not told that they were done. */
  readonly #renewals = new Set<number>();

  /** Rows that say they are ours, as they were first seen. */
  readonly #strange = new Map<string, { readonly renewedAt: number; readonly since: number }>();

  /**
   * @param abandonedMs a row that has been the same for so long belongs to nobody, whatever its dates say
   * @param silentMs a living process renews within it
   */
  constructor(abandonedMs: number, silentMs: number) {
    this.#abandonedMs = abandonedMs;
    this.#silentMs = silentMs;
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

  /**
   * Whether another process has our id, by a row that says it is ours and that we have not written. Where we have just
   * begun, it may be that of a process which has died: that one renews it no more.
   */
  namesakeOf(lease: PartitionLease, workerId: string, now: number): Namesake {
    const { queue } = lease;
    if (!this.#isOfAnother(lease, workerId, now)) {
      this.#strange.delete(queue);
      return "none";
    }
    const renewedAt = lease.lastRenewal!.getTime();
    const first = this.#strange.get(queue);
    if (first === undefined) {
      this.#strange.set(queue, { renewedAt, since: now });
      return this.#renewals.size > 0 ? "alive" : "silent";
    }
    if (first.renewedAt !== renewedAt) return "alive";
    return now - first.since >= this.#silentMs ? "dead" : "silent";
  }

  #isOfAnother({ owner, lastRenewal, expiresAt, ...lease }: PartitionLease, workerId: string, now: number): boolean {
    if (owner !== workerId || lastRenewal === undefined || expiresAt === undefined) return false;
    const renewedAt = lastRenewal.getTime();
    if (this.#renewals.has(renewedAt) || Math.abs(now - renewedAt) > credibleAgeMs) return false;
    const isHeld = expiresAt.getTime() > now && expiresAt.getTime() > renewedAt;
    return isHeld && hasCredibleEnd({ owner, lastRenewal, expiresAt, ...lease }, now);
  }
}

/** @param random hexadecimal digits */
export function uniqueWorkerId(workerId: string, random: string): string {
  return `${workerId}-${random.slice(0, suffixLength)}`;
}
