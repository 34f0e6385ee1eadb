import {
  fromLeaseRow,
  type PartitionLease,
  toLeaseRow,
} from "../../../src/backends/azure-storage/partitions/partition-lease.ts";
import type { Clock } from "../../../src/core/ports.ts";
import type { PartitionsTable } from "./partitions-table.ts";

const intervalMs = 10_000;
const soonMs = 1000;

/** A worker that keeps partitions by the rules of .NET's table manager, as the reference of the task hub tells them. */
export class DotnetRulesWorker {
  readonly id: string;
  readonly listening = new Set<string>();
  readonly #table: PartitionsTable;
  readonly #clock: Clock;
  readonly #drainMs: number;
  readonly #draining = new Map<string, number>();
  #nextAt = 0;
  #isStopping = false;
  hasStopped = false;

  constructor(id: string, table: PartitionsTable, clock: Clock, drainMs: number) {
    this.id = id;
    this.#table = table;
    this.#clock = clock;
    this.#drainMs = drainMs;
  }

  stop(): void {
    this.#isStopping = true;
    this.#nextAt = 0;
  }

  /** Makes a pass when its time has come. */
  tick(): void {
    const now = this.#clock.now();
    if (this.hasStopped || now < this.#nextAt) return;
    const isSoon = this.#pass(now);
    this.#nextAt = isSoon === "failed" ? now : now + (isSoon ? soonMs : intervalMs);
  }

  #pass(now: number): boolean | "failed" {
    let mine = 0;
    let isSoon = false;
    const rows = this.#table.rows.map(fromLeaseRow);
    const others = new Map<string, PartitionLease[]>();
    const countFor = (owner: string, lease: PartitionLease) => {
      others.set(owner, [...(others.get(owner) ?? []), lease]);
    };
    for (const row of rows) {
      let lease = row;
      if (lease.owner !== this.id) this.listening.delete(lease.queue);
      const isFree = lease.owner === undefined && (lease.nextOwner === undefined || lease.nextOwner === this.id);
      const isExpired = lease.expiresAt !== undefined && now >= lease.expiresAt.getTime();
      if (!this.#isStopping && (isFree || isExpired)) {
        lease = { ...lease, owner: this.id, nextOwner: undefined, ownedSince: new Date(now), isDraining: false };
      }
      if (lease.owner === this.id) {
        if (lease.nextOwner === undefined && !this.#isStopping) {
          mine++;
          lease = renewed(lease, now);
        } else {
          isSoon = true;
          lease = this.#drain(lease, now);
          if (lease.owner !== undefined) mine += this.#isStopping ? 1 : 0;
        }
      } else if (!this.#isStopping) {
        if (lease.nextOwner === this.id) {
          mine++;
          isSoon = true;
        } else if (lease.nextOwner !== undefined) countFor(lease.nextOwner, lease);
        else if (lease.isDraining) {
          lease = { ...lease, nextOwner: this.id };
          isSoon = true;
        } else if (lease.owner !== undefined) countFor(lease.owner, lease);
      }
      if (lease === row) continue;
      if (!this.#table.replace(toLeaseRow(lease), row.etag!)) return "failed";
      if (lease.owner === this.id && !this.#draining.has(lease.queue)) this.listening.add(lease.queue);
    }
    if (this.#isStopping) {
      this.hasStopped = mine === 0;
      return true;
    }
    return this.#balance(others, rows.length, mine) ?? isSoon;
  }

  #drain(lease: PartitionLease, now: number): PartitionLease {
    this.listening.delete(lease.queue);
    const since = this.#draining.get(lease.queue);
    if (since === undefined) this.#draining.set(lease.queue, now);
    else if (now - since >= this.#drainMs) {
      this.#draining.delete(lease.queue);
      return { ...lease, owner: undefined, isDraining: false };
    }
    return { ...renewed(lease, now), isDraining: true };
  }

  #balance(
    others: ReadonlyMap<string, readonly PartitionLease[]>,
    count: number,
    owned: number,
  ): true | "failed" | undefined {
    let mine = owned;
    let hasAsked: true | undefined;
    const average = Math.floor(count / (others.size + 1));
    if (others.size === 0 || average < mine) return undefined;
    for (const held of others.values()) {
      const excess = held.length - average;
      if (average < mine) break;
      if (excess <= 0) continue;
      const lack = average - mine;
      for (const lease of held.slice(0, Math.min(lack === 0 && excess > 1 ? 1 : lack, excess))) {
        mine++;
        const row = toLeaseRow({ ...lease, nextOwner: this.id });
        const current = this.#table.rowOf(lease.queue);
        if (current?.etag !== lease.etag || !this.#table.replace(row, lease.etag!)) return "failed";
        hasAsked = true;
      }
    }
    return hasAsked;
  }
}

function renewed(lease: PartitionLease, now: number): PartitionLease {
  return { ...lease, lastRenewal: new Date(now), expiresAt: new Date(now + 30_000) };
}
