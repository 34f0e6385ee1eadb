import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

/** A hub of `count` instances that have ended, and one of each kind that stays. */
async function openHub(count: number) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  const end = async (instanceId: string, name = "done") => {
    await client.startInstance({ name, instanceId });
    const { executionId } = (await hub.getInstance(instanceId))!;
    await hub.terminatePending(instanceId, executionId!, undefined, new Date(clock.now()));
  };
  for (let index = 0; index < count; index++) await end(`done-${String(index).padStart(4, "0")}`);
  await client.startInstance({ name: "waits", instanceId: "waits" });
  const left = async () => (await client.queryInstances({ pageSize: 1000 })).instances.map((found) => found.instanceId);
  return { clock, hub, client, end, left };
}

it("purges all pages of what has ended, and tells how far it is", async () => {
  const { client, left } = await openHub(250);
  const seen: number[] = [];

  const summary = await client.purgeMany({}, { onProgress: ({ deletedCount }) => seen.push(deletedCount) });

  expect(summary).toEqual({ deletedCount: 250, isComplete: true, continuationToken: undefined });
  expect(seen).toEqual([100, 200, 250]);
  expect(await left()).toEqual(["waits"]);
});

it("purges by all conditions that a query has", async () => {
  const { clock, client, end, left } = await openHub(1);
  const before = new Date(clock.now());
  clock.advance(10_000);
  await end("late");
  await end("other-1", "Other");
  await end("other-2", "Other");

  expect(await client.purgeBy({ completedTimeTo: before, runtimeStatus: ["Completed"] })).toBe(0);
  expect(await client.purgeBy({ completedTimeTo: before })).toBe(1);
  expect(await client.purgeBy({ name: "Other", instanceIdPrefix: "other-2" })).toBe(1);
  expect(await client.purgeBy({ runtimeStatus: ["Running", "Pending"] })).toBe(0);
  expect(await left()).toEqual(["late", "other-1", "waits"]);
});

it("stops at a number of instances and goes on from its token", async () => {
  const { client, left } = await openHub(7);

  const first = await client.purgeMany({}, { maxInstances: 3 });
  expect(first).toMatchObject({ deletedCount: 3, isComplete: false });
  const second = await client.purgeMany({}, { maxInstances: 3, continuationToken: first.continuationToken });
  expect(second).toMatchObject({ deletedCount: 3, isComplete: false });
  const third = await client.purgeMany({}, { maxInstances: 3, continuationToken: second.continuationToken });
  expect(third).toEqual({ deletedCount: 1, isComplete: true, continuationToken: undefined });
  expect(await left()).toEqual(["waits"]);
});

it("stops when its time is up or it is told to, and misses nothing when it goes on", async () => {
  const { clock, hub, client, left } = await openHub(40);
  const purge = hub.purgeInstance.bind(hub);
  hub.purgeInstance = async (...asked) => {
    clock.advance(100);
    return purge(...asked);
  };

  const cut = await client.purgeMany({}, { timeoutMs: 1000, maxConcurrency: 1 });
  expect(cut).toMatchObject({ deletedCount: 10, isComplete: false });
  expect(await client.purgeMany({}, { signal: AbortSignal.abort() })).toMatchObject({
    deletedCount: 0,
    isComplete: false,
  });
  const rest = await client.purgeMany({}, { continuationToken: cut.continuationToken });
  expect(rest).toMatchObject({ deletedCount: 30, isComplete: true });
  expect(await left()).toEqual(["waits"]);
});

it("purges a bounded number at a time, and leaves what was started again meanwhile", async () => {
  const { hub, client, left } = await openHub(20);
  let [running, most] = [0, 0];
  const purge = hub.purgeInstance.bind(hub);
  hub.purgeInstance = async (...asked) => {
    most = Math.max(most, ++running);
    if (asked[0] === "done-0000") await client.startInstance({ name: "again", instanceId: "done-0019" });
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return purge(...asked);
  };

  expect(await client.purgeMany({}, { maxConcurrency: 3 })).toMatchObject({ deletedCount: 19, isComplete: true });
  expect(most).toBe(3);
  expect(await left()).toEqual(["done-0019", "waits"]);
});

it("never purges entities by conditions", async () => {
  const { client } = await openHub(0);

  await expect(client.purgeMany({ instanceIdPrefix: "@counter@" })).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(client.purgeMany({}, { maxConcurrency: 0 })).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(client.purgeMany({}, { maxInstances: 0.5 })).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(client.purgeMany({}, { timeoutMs: -1 })).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(client.purgeMany({ name: 1 as never })).rejects.toMatchObject({ code: "InvalidOption" });
});
