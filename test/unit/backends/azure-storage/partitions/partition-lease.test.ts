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

const viewer = {
  workerId: "me",
  isBusy: false,
  isUntouched: false,
  isLeaving: false,
  isDeadWorker: (id: string) => id === "dead",
};

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
  ["asks for what its owner drains to leave", lease({ owner: "b", expiresAt: later, isDraining: true }), false, "ask"],
  ["leaves what another has asked for", lease({ owner: "b", nextOwner: "c", expiresAt: later }), false, "leave"],
  ["leaves a lease without an end that is being kept", lease({ owner: "b" }), false, "leave"],
  ["leaves a lease that ends in a thousand years", lease({ owner: "b", expiresAt: new Date(9e13) }), false, "leave"],
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
  expect(nextLeaseStep(given, { ...viewer, isBusy }, now)).toBe(expected);
});

it.each([
  ["without an end", lease({ owner: "b" })],
  ["that ends in a thousand years", lease({ owner: "b", expiresAt: new Date(9e13) })],
  ["that is meant for nobody who comes", lease({ nextOwner: "b" })],
] as const)("claims a lease %s once nobody has touched it for long", (_, given) => {
  expect(nextLeaseStep(given, viewer, now)).toBe("leave");
  expect(nextLeaseStep(given, { ...viewer, isUntouched: true }, now)).toBe("claim");
});

it("believes the end of a lease that nobody touches, when it is a possible one", () => {
  const given = lease({ owner: "b", expiresAt: later });
  expect(nextLeaseStep(given, { ...viewer, isUntouched: true }, now)).toBe("leave");
});

it("takes nothing while it leaves, and gives up what it has", () => {
  const leaving = { ...viewer, isLeaving: true };
  expect(nextLeaseStep(lease({}), leaving, now)).toBe("leave");
  expect(nextLeaseStep(lease({ owner: "b", expiresAt: past }), leaving, now)).toBe("leave");
  expect(nextLeaseStep(lease({ owner: "me", expiresAt: later }), leaving, now)).toBe("release");
  expect(nextLeaseStep(lease({ owner: "me", expiresAt: later }), { ...leaving, isBusy: true }, now)).toBe("drain");
});

it.each([
  [
    "claim",
    { owner: "me", nextOwner: undefined, expiresAt: new Date(now + 30_000), ownedSince: past, isDraining: false },
  ],
  ["renew", { owner: "me", expiresAt: new Date(now + 30_000), lastRenewal: past }],
  ["drain", { owner: "me", nextOwner: "b", isDraining: true }],
  ["release", { owner: undefined, nextOwner: "b", isDraining: false }],
  ["ask", { owner: "me", nextOwner: "me" }],
] as const)("writes a %s, and reads it back", (step, expected) => {
  const before = lease({ owner: step === "claim" ? undefined : "me", nextOwner: step === "renew" ? undefined : "b" });
  const after = applyLeaseStep(before, step, "me", now, 30_000);
  expect(after).toMatchObject(expected);
  expect(fromLeaseRow({ ...toLeaseRow(after!), etag: "1" })).toEqual(after);
});

it("writes nothing for a lease it leaves", () => {
  expect(applyLeaseStep(lease({ owner: "b" }), "leave", "me", now, 30_000)).toBeUndefined();
});
