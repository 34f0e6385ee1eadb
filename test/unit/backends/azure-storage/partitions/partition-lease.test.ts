import { expect, it } from "vitest";
import {
  applyLeaseStep,
  fromLeaseRow,
  nextLeaseStep,
  type PartitionLease,
  toLeaseRow,
} from "../../../../../src/backends/azure-storage/partitions/partition-lease.ts";

const now = Date.UTC(2026, 5, 24, 10);
const later = new Date(now + 1000);
const past = new Date(now);

function lease(change: Partial<PartitionLease>): PartitionLease {
  return {
    queue: "hub-control-00",
    etag: "1",
    owner: undefined,
    nextOwner: undefined,
    ownedSince: undefined,
    lastRenewal: undefined,
    expiresAt: undefined,
    isDraining: false,
    ...change,
  };
}

it.each([
  ["claims a fresh lease", lease({}), false, "claim"],
  ["claims a released lease", lease({ expiresAt: later }), false, "claim"],
  ["claims a lease whose owner stopped renewing", lease({ owner: "b", expiresAt: past }), false, "claim"],
  ["claims a dead worker's lease at once", lease({ owner: "dead", expiresAt: later }), false, "claim"],
  ["claims a free lease that is meant for it", lease({ nextOwner: "me", expiresAt: later }), false, "claim"],
  [
    "claims a free lease that is meant for a dead worker",
    lease({ nextOwner: "dead", expiresAt: later }),
    false,
    "claim",
  ],
  ["leaves a free lease that is meant for another", lease({ nextOwner: "b", expiresAt: later }), false, "leave"],
  ["leaves a living worker's lease", lease({ owner: "b", expiresAt: later }), false, "leave"],
  ["leaves a draining lease to its owner", lease({ owner: "b", expiresAt: later, isDraining: true }), false, "leave"],
  ["renews its own lease", lease({ owner: "me", expiresAt: later }), false, "renew"],
  ["renews its own lease even late", lease({ owner: "me", expiresAt: past }), true, "renew"],
  ["drains when another has asked", lease({ owner: "me", nextOwner: "b", expiresAt: later }), true, "drain"],
  ["releases once drained", lease({ owner: "me", nextOwner: "b", expiresAt: later }), false, "release"],
  [
    "keeps what a dead worker has asked for",
    lease({ owner: "me", nextOwner: "dead", expiresAt: later }),
    true,
    "renew",
  ],
] as const)("%s", (_, given, isBusy, expected) => {
  const viewer = { workerId: "me", isBusy, isDeadWorker: (id: string) => id === "dead" };
  expect(nextLeaseStep(given, viewer, now)).toBe(expected);
});

it.each([
  [
    "claim",
    { owner: "me", nextOwner: undefined, expiresAt: new Date(now + 30_000), ownedSince: past, isDraining: false },
  ],
  ["renew", { owner: "me", expiresAt: new Date(now + 30_000), lastRenewal: past }],
  ["drain", { owner: "me", nextOwner: "b", isDraining: true }],
  ["release", { owner: undefined, nextOwner: "b", isDraining: false }],
] as const)("writes a %s, and reads it back", (step, expected) => {
  const before = lease({ owner: step === "claim" ? undefined : "me", nextOwner: step === "renew" ? undefined : "b" });
  const after = applyLeaseStep(before, step, "me", now, 30_000);
  expect(after).toMatchObject(expected);
  expect(fromLeaseRow({ ...toLeaseRow(after!), etag: "1" })).toEqual(after);
});

it("writes nothing for a lease it leaves", () => {
  expect(applyLeaseStep(lease({ owner: "b" }), "leave", "me", now, 30_000)).toBeUndefined();
});
