import { expect, it } from "vitest";
import { chooseLeases } from "../../../../../src/backends/azure-storage/partitions/lease-balance.ts";
import {
  type LeaseBlob,
  parseLeaseBlob,
  writeLeaseBlob,
} from "../../../../../src/backends/azure-storage/partitions/lease-blob.ts";
import { forSeeds, SeededRandom } from "../../../../support/seeded-random.ts";

/** One lease for each letter: of `a`, `b`, ..., `-` of nobody. */
function leasesOf(owners: string): readonly LeaseBlob[] {
  return [...owners].map((owner, index) => ({
    queue: `q${index}`,
    etag: "1",
    isLeased: owner !== "-",
    owner: owner === "-" ? undefined : owner,
    token: "t",
    epoch: 1,
  }));
}

const viewer = { workerId: "a", isDeadWorker: (id: string) => id === "x", isStealing: true };
const queuesOf = (leases: readonly LeaseBlob[]) => leases.map(({ queue }) => queue).join(" ");

it.each([
  ["all that is free, when alone", "----", "q0 q1 q2 q3", undefined],
  ["its share of what is free", "bb--", "q2 q3", undefined],
  ["no more than its share of what is free", "b-----", "q1 q2 q3", undefined],
  ["nothing when it has its share", "aabb", "", undefined],
  ["one of the worker that has most", "bbbb", "", "q0"],
  ["one of two that have more, beside a third", "bbcc", "", "q0"],
  ["nothing of workers that have no more than the share", "abbcc", "", undefined],
  ["what a dead worker has, first", "bbbx", "q3", undefined],
  ["nothing when there are more workers than leases", "bcd", "", undefined],
] as const)("takes %s: %s", (_, owners, free, stolen) => {
  const choice = chooseLeases(leasesOf(owners), viewer);
  expect(queuesOf(choice.free)).toBe(free);
  expect(choice.stolen?.queue).toBe(stolen);
});

it("compares names as .NET does here, and takes all that is free without stealing", () => {
  expect(chooseLeases(leasesOf("AAbb"), viewer)).toEqual({ free: [], stolen: undefined });
  const { free, stolen } = chooseLeases(leasesOf("b--x"), { ...viewer, isStealing: false });
  expect([queuesOf(free), stolen]).toEqual(["q1 q2 q3", undefined]);
});

it("leaves a lease to run out whose owner cannot be read, and takes it then", () => {
  const [lease] = leasesOf("b");
  const unreadable = { ...lease!, owner: undefined };
  expect(queuesOf(chooseLeases([unreadable], viewer).free)).toBe("q0");
});

it("whoever takes part, the shares come to differ by one at most", async () => {
  await forSeeds(200, (seed) => {
    const random = new SeededRandom(seed);
    const workers = [..."abcdef"].slice(0, 1 + random.below(6));
    let owners = Array.from({ length: 1 + random.below(16) }, () => random.pick([...workers, "-", "x"]));
    for (let round = 0; round < 100; round++) {
      for (const workerId of random.shuffle(workers)) {
        const { free, stolen } = chooseLeases(leasesOf(owners.join("")), { ...viewer, workerId });
        const taken = new Set([...free, ...(stolen === undefined ? [] : [stolen])].map(({ queue }) => queue));
        owners = owners.map((owner, index) => (taken.has(`q${index}`) ? workerId : owner));
      }
    }
    const shares = workers.map((worker) => owners.filter((owner) => owner === worker).length);
    expect(Math.max(...shares) - Math.min(...shares), owners.join("")).toBeLessThanOrEqual(1);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(owners.length);
  });
});

it("writes a lease as .NET does, and reads it back", () => {
  const token = "75287c0d-8b1e-4026-acff-475ad7487733";
  const text = `{"PartitionId":"q","Owner":"dtfx-worker","Token":"${token}","Epoch":1}`;
  const content = { owner: "dtfx-worker", token, epoch: 1 };
  expect(Buffer.from(writeLeaseBlob("q", content)).toString()).toBe(text);
  expect(parseLeaseBlob(Buffer.from(text))).toEqual(content);
  const fresh = '{"PartitionId":"q","Owner":null,"Token":null,"Epoch":0}';
  expect(Buffer.from(writeLeaseBlob("q", { owner: undefined, token: undefined, epoch: 0 })).toString()).toBe(fresh);
});

it.each(["", "null", "[]", "7", '{"Owner":7,"Token":{},"Epoch":"x"}', "{", '{"Owner":" "}'])(
  "reads %j as the lease of nobody",
  (text) => {
    expect(parseLeaseBlob(Buffer.from(text))).toEqual({ owner: undefined, token: undefined, epoch: 0 });
  },
);
