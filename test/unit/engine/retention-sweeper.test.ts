import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { DurableError } from "../../../src/core/errors.ts";
import type { OrchestrationRuntimeStatus } from "../../../src/core/orchestration-status.ts";
import type { LogSink } from "../../../src/core/ports.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { RetentionSweeper } from "../../../src/engine/retention-sweeper.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const hourMs = 60 * 60_000;

async function openHub(count: number) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  const end = async (instanceId: string) => {
    await client.startInstance({ name: "done", instanceId });
    const { executionId } = (await hub.getInstance(instanceId))!;
    await hub.terminatePending(instanceId, executionId!, undefined, new Date(clock.now()));
  };
  for (let index = 0; index < count; index++) await end(`old-${String(index).padStart(3, "0")}`);
  await client.startInstance({ name: "waits", instanceId: "waits" });
  await client.entities.signal("@counter@a", {});
  const events: unknown[] = [];
  const log: LogSink = { log: (level, event, _, fields) => events.push([level, event, fields?.["count"]]) };
  const sweep = (isKeeper: () => boolean, statuses: readonly OrchestrationRuntimeStatus[] = ["Terminated"]) => {
    const stopping = new AbortController();
    const policy = { olderThanMs: 24 * hourMs, intervalMs: hourMs, statuses };
    const random = { guid: systemRandom.guid, number: () => 0.5 };
    const sweeper = new RetentionSweeper({ policy, backend: { isKeeper }, store: hub, clock, random, log });
    const running = sweeper.run(stopping.signal);
    return async () => {
      stopping.abort();
      await running;
    };
  };
  return { clock, hub, client, end, events, sweep };
}

/** Lets time pass in steps, with what follows from each. */
async function pass(clock: SteppedClock, ms: number): Promise<void> {
  const end = clock.now() + ms;
  for (;;) {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (clock.now() >= end) return;
    clock.advance(Math.max(1, Math.min(clock.nextWakeAt ?? end, end) - clock.now()));
  }
}

it("purges what finished long ago, slice by slice, and nothing else", async () => {
  const { clock, client, end, events, sweep } = await openHub(50);
  const stop = sweep(() => true);
  await pass(clock, 23 * hourMs);
  expect(await client.countInstances({})).toBe(51);
  await end("young");

  // The hour's look comes after the last minute of the day.
  await pass(clock, 2 * hourMs);

  const left = (await client.queryInstances({})).instances.map(({ instanceId }) => instanceId);
  expect(left).toEqual(["waits", "young"]);
  expect(events).toEqual([["info", "RetentionSwept", 50]]);
  await stop();
});

it("has a bounded rate", async () => {
  const { clock, client, hub, sweep } = await openHub(50);
  clock.advance(25 * hourMs);
  const times: number[] = [];
  const purge = hub.purgeInstance.bind(hub);
  hub.purgeInstance = (...asked) => {
    times.push(clock.now());
    return purge(...asked);
  };
  const stop = sweep(() => true);

  await pass(clock, hourMs);

  expect(await client.countInstances({})).toBe(1);
  const perSecond = new Map<number, number>();
  for (const at of times) perSecond.set(at, (perSecond.get(at) ?? 0) + 1);
  expect([...perSecond.values()]).toEqual([20, 20, 10]);
  await stop();
});

it("leaves it to the worker that keeps the hub, and to other statuses", async () => {
  const { clock, client, sweep } = await openHub(3);
  clock.advance(25 * hourMs);
  let isKeeper = false;
  const stops = [sweep(() => isKeeper), sweep(() => true, ["Completed", "Failed"])];
  await pass(clock, 3 * hourMs);
  expect(await client.countInstances({})).toBe(4);

  isKeeper = true;
  await pass(clock, 2 * hourMs);

  expect(await client.countInstances({})).toBe(1);
  for (const stop of stops) await stop();
});

it("tries again after a failure of storage, and stops at once", async () => {
  const { clock, client, hub, events, sweep } = await openHub(3);
  clock.advance(25 * hourMs);
  const query = hub.queryInstances.bind(hub);
  hub.queryInstances = async () => {
    hub.queryInstances = query;
    throw new DurableError("StorageUnavailable", "away");
  };
  const stop = sweep(() => true);

  await pass(clock, 90_000);
  expect(events).toEqual([["warn", "RetentionSweepFailed", undefined]]);
  await pass(clock, 2 * hourMs);
  expect(await client.countInstances({})).toBe(1);
  await stop();
  expect(clock.sleepers).toBe(0);
});
